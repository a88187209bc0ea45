"""The element types of what a node makes, as far as they follow from its inputs and attributes.

Only the types that the ONNX specification gives (https://github.com/onnx/onnx, docs/Operators.md), so that a check can
say where a graph works in a type that a runtime does not have. "" is a type that is not known here.
"""

from __future__ import annotations

from typing import Dict, FrozenSet, List, Mapping, Sequence

from edge.bundle.onnx_values import Attribute, Constant, Value, constant_of, dtype_name

# What an operator makes whatever it is given.
_ALWAYS: Dict[str, str] = {
    **dict.fromkeys(("Shape", "Size", "ArgMax", "ArgMin", "NonZero", "NonMaxSuppression"), "int64"),
    **dict.fromkeys(("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"), "bool"),
    **dict.fromkeys(("And", "Or", "Xor", "Not", "IsNaN", "IsInf"), "bool"),
    **dict.fromkeys(("MatMulInteger", "ConvInteger"), "int32"),
}
# The input whose type an operator makes, where that is not the first.
_LIKE_INPUT: Dict[str, int] = {
    "CastLike": 1,
    "DequantizeLinear": 1,
    "OneHot": 2,
    "Where": 1,
    "QLinearConv": 7,
    "QLinearMatMul": 7,
}
# The types of the outputs behind the first, which is as the first input.
_FURTHER: Dict[str, Sequence[str]] = {
    "TopK": ("int64",),
    "MaxPool": ("int64",),
    "Dropout": ("bool",),
    "Unique": ("int64", "int64", "int64"),
}
# An element type as an attribute, and what it is where the attribute is left out: "" for as the first input.
_BY_ATTRIBUTE: Dict[str, Sequence[str]] = {
    "Cast": ("to", "undefined"),
    "EyeLike": ("dtype", ""),
    "Bernoulli": ("dtype", ""),
    "Multinomial": ("dtype", "int32"),
    "RandomNormal": ("dtype", "float32"),
    "RandomUniform": ("dtype", "float32"),
    "RandomNormalLike": ("dtype", ""),
    "RandomUniformLike": ("dtype", ""),
    **dict.fromkeys(("BlackmanWindow", "HammingWindow", "HannWindow"), ("output_datatype", "float32")),
    "MelWeightMatrix": ("output_datatype", "float32"),
}
_UNKNOWN: FrozenSet[str] = frozenset(
    ("If", "Loop", "Scan", "Optional", "OptionalGetElement", "OptionalHasElement", "TfIdfVectorizer", "SequenceMap")
) | frozenset(
    f"Sequence{what}" for what in ("At", "Construct", "Empty", "Erase", "Insert", "Length")
)  # fmt: skip
_INTEGER_CONTRIB: Dict[str, str] = {
    "DynamicQuantizeMatMul": "float32",
    "MatMulIntegerToFloat": "float32",
    "DynamicQuantizeLSTM": "float32",
}


def output_types(
    domain: str, operator: str, inputs: Sequence[Value], attributes: Mapping[str, Attribute], count: int
) -> List[str]:
    """The types of a node's `count` outputs."""
    if domain:
        known = _INTEGER_CONTRIB.get(operator, "") if domain == "com.microsoft" else ""
        return [known] * count
    if operator in _UNKNOWN:
        return [""] * count
    if operator == "DynamicQuantizeLinear":
        return ["uint8", "float32", "uint8"][:count] + [""] * (count - 3)
    first = _first(operator, inputs, attributes)
    further = list(_FURTHER.get(operator, [first] * (count - 1)))
    return ([first, *further] + [""] * count)[:count]


def _first(operator: str, inputs: Sequence[Value], attributes: Mapping[str, Attribute]) -> str:
    if operator in _ALWAYS:
        return _ALWAYS[operator]
    if operator == "Constant":
        constant = constant_of(attributes)
        strings = "value_string" in attributes or "value_strings" in attributes
        return "string" if strings else "" if constant is None else constant.dtype
    if operator == "ConstantOfShape":
        value = attributes.get("value")
        return value.dtype if isinstance(value, Constant) else "float32"
    if operator == "QuantizeLinear":
        # Without a zero point, the type is that of ONNX's default.
        return _at(inputs, 2) if len(inputs) > 2 and inputs[2].name else "uint8"
    if operator in _BY_ATTRIBUTE:
        name, default = _BY_ATTRIBUTE[operator]
        number = attributes.get(name)
        return dtype_name(number) if isinstance(number, int) else default or _at(inputs, 0)
    return _at(inputs, _LIKE_INPUT.get(operator, 0))


def _at(inputs: Sequence[Value], place: int) -> str:
    return inputs[place].dtype if place < len(inputs) else ""
