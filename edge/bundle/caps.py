"""What each target can run, and the check that refuses a model which asks for more.

Sources: TensorRT's support matrices and the operator list of its ONNX parser (8.5 for JetPack 5.1; 8.6 and 10 for
JetPack 6), and ONNX Runtime's compatibility table of opsets and IR versions. `docs/bundle.md` holds the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Dict, FrozenSet, Mapping, Optional, Sequence

from edge.bundle.manifest import MODEL_NAME, TensorSpec
from edge.bundle.onnx_reader import ModelFacts, Operator
from edge.errors import CapsError

BATCH_AXIS = "batch"
"""The name of the first axis of every input and output, the only one whose size is not fixed."""


@dataclass(frozen=True)
class Target:
    """What export writes for a kind of device (`opset`), and the most that the device accepts.

    `input_types` are the dtypes an input may have, None for any; `refused` maps operators of the standard domain (a
    shell pattern) to the mend; `contrib` are the operators of other domains that the target has. `symmetric` asks for
    the zero point 0 in QuantizeLinear and DequantizeLinear.
    """

    name: str
    opset: int
    max_opset: int
    max_ir_version: int
    input_types: Optional[FrozenSet[str]]
    refused: Mapping[str, str]
    contrib: FrozenSet[Operator]
    symmetric: bool


_TENSORRT_INPUTS = frozenset({"float32", "int32"})

_QUANTISE = "export with --precision fp32 or fp16, or for --target cpu"
# Operators of integer arithmetic: TensorRT, in any version, takes int8 as pairs of QuantizeLinear and DequantizeLinear.
_INTEGER_ARITHMETIC: Dict[str, str] = {
    "DynamicQuantizeLinear": _QUANTISE,
    "MatMulInteger": _QUANTISE,
    "ConvInteger": _QUANTISE,
    "QLinear*": _QUANTISE,
}
_CONTROL_FLOW: Dict[str, str] = dict.fromkeys(
    ("Loop", "Scan", "If"),
    "trace the model with a dynamic batch axis and without control flow (an LSTM then becomes the LSTM operator)",
)

TARGETS: Dict[str, Target] = {
    target.name: target
    for target in (
        Target(
            name="xavier-jp5",
            opset=16,
            max_opset=17,
            max_ir_version=8,
            input_types=_TENSORRT_INPUTS,
            refused={
                **_INTEGER_ARITHMETIC,
                **_CONTROL_FLOW,
                "LayerNormalization": "export with opset 16, which writes it as elementary operators",
            },
            contrib=frozenset(),
            symmetric=True,
        ),
        Target(
            name="orin-jp6",
            opset=17,
            max_opset=19,
            max_ir_version=9,
            input_types=_TENSORRT_INPUTS,
            refused=_INTEGER_ARITHMETIC,
            contrib=frozenset(),
            symmetric=True,
        ),
        Target(
            name="cpu",
            opset=17,
            max_opset=17,
            max_ir_version=8,
            input_types=None,
            refused={},
            # What ONNX Runtime's dynamic quantisation writes for MatMul, Gemm and LSTM outside of the standard domain.
            contrib=frozenset(
                ("com.microsoft", name)
                for name in ("DynamicQuantizeLSTM", "DynamicQuantizeMatMul", "MatMulIntegerToFloat")
            ),
            symmetric=False,
        ),
    )
}


def find_target(name: str) -> Target:
    """The target of that name.

    Raises:
        CapsError: there is none.
    """
    try:
        return TARGETS[name]
    except KeyError:
        raise CapsError(f"no target is named '{name}'", mend=f"the targets are {', '.join(TARGETS)}") from None


def check_caps(facts: ModelFacts, target: Target, where: str = MODEL_NAME) -> None:
    """Refuse a model that the target cannot run; `where` names it in errors.

    Raises:
        CapsError: the first rule that is broken, the node, operator or value that breaks it, and the mend.
    """
    _check_versions(facts, target, where)
    _check_operators(facts, target, where)
    for kind, values in (("input", facts.inputs), ("output", facts.outputs)):
        _check_values(kind, values, target, where)


def _check_versions(facts: ModelFacts, target: Target, where: str) -> None:
    if facts.opset > target.max_opset:
        raise CapsError(
            f"opset {facts.opset} is over {target.max_opset}, the highest that {target.name} runs",
            where=where,
            mend=f"export with opset {target.opset}",
        )
    if facts.ir_version > target.max_ir_version:
        raise CapsError(
            f"IR version {facts.ir_version} is over {target.max_ir_version}, the highest that {target.name} reads",
            where=where,
            mend=f"set the model's ir_version to {target.max_ir_version}",
        )
    if facts.opset < 1 or facts.ir_version < 1:
        raise CapsError(
            f"opset {facts.opset} with IR version {facts.ir_version} does not exist",
            where=where,
            mend=f"export with opset {target.opset}",
        )


def _check_operators(facts: ModelFacts, target: Target, where: str) -> None:
    for domain, name in sorted(facts.functions):
        raise CapsError(
            f"the model defines the function {domain}.{name}, and {target.name} takes plain operators only",
            where=where,
            mend="export it with its functions inlined",
        )
    for operator, node in sorted(facts.first_node.items()):
        domain, name = operator
        if domain:
            if operator in target.contrib:
                continue
            raise CapsError(
                f"{node} uses {domain}.{name}, which {target.name} does not have (standard operators only)",
                where=where,
                mend="export without custom or contributed operators",
            )
        for pattern, mend in target.refused.items():
            if fnmatchcase(name, pattern):
                raise CapsError(f"{node} uses {name}, which {target.name} does not allow", where=where, mend=mend)
    if target.symmetric and facts.asymmetric_nodes:
        raise CapsError(
            f"{facts.asymmetric_nodes[0]} quantises with a zero point that is not the constant 0, "
            f"and {target.name} needs symmetric quantisation",
            where=where,
            mend="quantise with symmetric weights and activations",
        )


def _check_values(kind: str, values: Sequence[TensorSpec], target: Target, where: str) -> None:
    if not values:
        raise CapsError(f"the graph has no {kind}", where=where, mend="export it again")
    for value in values:
        if kind == "input" and target.input_types is not None and value.dtype not in target.input_types:
            raise CapsError(
                f"input '{value.name}' is {value.dtype}, and {target.name} takes "
                + " or ".join(sorted(target.input_types)),
                where=where,
                mend="cast it before the graph, and trace the graph with int32 or float32",
            )
        if value.shape[:1] != [BATCH_AXIS]:
            raise CapsError(
                f"{kind} '{value.name}' has the shape {_shape(value)}, whose first axis is not '{BATCH_AXIS}'",
                where=where,
                mend=f"trace the graph with a dynamic first axis, and name it '{BATCH_AXIS}'",
            )
        for axis in value.shape[1:]:
            if not isinstance(axis, int) or axis < 1:
                raise CapsError(
                    f"{kind} '{value.name}' has the shape {_shape(value)}, where only the first axis may be dynamic",
                    where=where,
                    mend="fix every other axis when tracing the graph",
                )


def _shape(value: TensorSpec) -> str:
    return "[" + ", ".join(str(axis) or "?" for axis in value.shape) + "]"
