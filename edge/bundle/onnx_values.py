"""What an ONNX node works on and with: tensors that are known before the graph runs, values, attributes.

Of a tensor's numbers only that is kept which a runtime's limits speak of: whether all of them are zero, and the range
of those that may have to be narrowed. Message and field numbers stand in `edge/bundle/onnx_reader.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Mapping, Optional, Tuple, Union

import numpy as np

from edge.bundle.wire import Field, Message, WireError

# fmt: off
DTYPES = (
    "undefined", "float32", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool", "float16",
    "float64", "uint32", "uint64", "complex64", "complex128", "bfloat16", "float8e4m3fn", "float8e4m3fnuz",
    "float8e5m2", "float8e5m2fnuz", "uint4", "int4", "float4e2m1", "float8e8m0", "uint2", "int2", "float6e2m3",
    "float6e3m2",
)
# fmt: on
"""TensorProto.DataType's names by number, as numpy has them."""

MAX_AXES = 64
"""How many axes a tensor may have; numpy stops there too, and runtimes long before."""

_INT64 = DTYPES.index("int64")
_INTEGER_VALUES = (5, 7, 9)
# AttributeProto.AttributeType, and the field that holds a value of it.
_FLOAT, _INT, _STRING, _TENSOR, _FLOATS, _INTS, _STRINGS = 1, 2, 3, 4, 6, 7, 8
_FIELDS = {_FLOAT: 2, _INT: 3, _STRING: 4, _TENSOR: 5, _FLOATS: 7, _INTS: 8, _STRINGS: 9}


def dtype_name(number: int) -> str:
    """The name of an element type, also of one that a later ONNX adds."""
    return DTYPES[number] if 0 <= number < len(DTYPES) else f"type {number}"


@dataclass(frozen=True)
class Constant:
    """A tensor whose numbers stand in the model.

    `zero` is whether it is known to hold nothing but zeros; `low` and `high` are the range of an int64 tensor, None of
    another one, of an empty one, and of one whose numbers are in another file.
    """

    dtype: str
    shape: Tuple[int, ...]
    zero: bool
    low: Optional[int]
    high: Optional[int]

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        size = 1
        for axis in self.shape:
            size *= axis
        return size


@dataclass(frozen=True)
class Value:
    """What a node reads or makes; `name` is "" for an optional one that is left out.

    `dtype` is "" where it is not known without running the graph; `constant` is None where the graph computes it.
    """

    name: str
    dtype: str = ""
    constant: Optional[Constant] = None


Attribute = Union[None, int, float, str, Constant, Tuple[int, ...], Tuple[float, ...], Tuple[str, ...]]
"""An attribute's value; None for graphs, sparse tensors, types and lists of tensors, which are looked at elsewhere."""


@dataclass(frozen=True)
class Node:
    """One operator of the graph. `label` names it in words: "node 'lstm_1'", "the node that makes 'score'"."""

    domain: str
    operator: str
    label: str
    inputs: Tuple[Value, ...]
    outputs: Tuple[Value, ...]
    attributes: Mapping[str, Attribute]

    def input(self, place: int) -> Optional[Value]:
        """The input at that place, None where it is left out."""
        if place < len(self.inputs) and self.inputs[place].name:
            return self.inputs[place]
        return None


def read_constant(message: Message) -> Constant:
    """What counts of a TensorProto.

    Raises:
        WireError: it is damaged.
    """
    tensor = message.pick(1, 2, 7, 9)
    shape = tuple(int(axis) for field in tensor.all(1) for axis in field.integers())
    if len(shape) > MAX_AXES:
        raise WireError(f"the tensor at byte {message.start} has {len(shape)} axes")
    number = tensor.integer(2)
    low, high = _range(tensor.all(7), tensor.all(9)) if number == _INT64 else (None, None)
    return Constant(dtype_name(number), shape, _is_zero(message), low, high)


def read_attributes(messages: List[Message]) -> Dict[str, Attribute]:
    """The attributes of a node by name.

    Raises:
        WireError: one is damaged.
    """
    found: Dict[str, Attribute] = {}
    for message in messages:
        name, value = _attribute(message)
        found[name] = value
    return found


def constant_of(attributes: Mapping[str, Attribute]) -> Optional[Constant]:
    """The tensor that a Constant node makes, None where its form is another one (strings, a sparse tensor)."""
    value = attributes.get("value")
    if isinstance(value, Constant):
        return value
    for name, dtype in (
        ("value_int", "int64"),
        ("value_ints", "int64"),
        ("value_float", "float32"),
        ("value_floats", "float32"),
    ):
        if name in attributes:
            return _constant(attributes[name], dtype)
    return None


def _constant(value: Attribute, dtype: str) -> Optional[Constant]:
    """A tensor of an attribute's number or numbers."""
    if value is None or isinstance(value, (Constant, str)):
        return None
    numbers = value if isinstance(value, tuple) else (value,)
    shape = (len(numbers),) if isinstance(value, tuple) else ()
    whole = [number for number in numbers if isinstance(number, int)] if dtype == "int64" else []
    low, high = (min(whole), max(whole)) if whole else (None, None)
    return Constant(dtype, shape, bool(numbers) and not any(numbers), low, high)


def _attribute(message: Message) -> Tuple[str, Attribute]:
    attribute = message.pick(1, 2, 3, 4, 5, 7, 8, 9, 20)
    name, kind = attribute.text(1), attribute.integer(20)
    # Before IR version 2, no attribute says of which kind it is.
    kind = kind or next((other for other, number in _FIELDS.items() if attribute.all(number)), 0)
    fields = attribute.all(_FIELDS[kind]) if kind in _FIELDS else []
    value: Attribute = None
    if kind == _FLOAT:
        value = attribute.float32(2)
    elif kind == _INT:
        value = attribute.integer(3)
    elif kind == _STRING:
        text = attribute.one(4)
        value = "" if text is None else _text(text.octets())
    elif kind == _TENSOR:
        tensor = attribute.message(5)
        value = None if tensor is None else read_constant(tensor)
    elif kind == _FLOATS:
        value = tuple(float(number) for field in fields for number in field.floats())
    elif kind == _INTS:
        value = tuple(int(number) for field in fields for number in field.integers())
    elif kind == _STRINGS:
        value = tuple(_text(field.octets()) for field in fields)
    return name, value


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "replace")


def _range(packed: List[Field], raw: List[Field]) -> Tuple[Optional[int], Optional[int]]:
    """The smallest and the largest number of an int64 tensor."""
    lists = [field.integers() for field in packed]
    for field in raw:
        octets = field.octets()
        if len(octets) % 8:
            raise WireError(f"the numbers at byte {field.start} are cut short")
        lists.append(np.frombuffer(octets, "<i8"))
    lists = [numbers for numbers in lists if len(numbers)]
    if not lists:
        return None, None
    return min(int(numbers.min()) for numbers in lists), max(int(numbers.max()) for numbers in lists)


def _is_zero(message: Message) -> bool:
    """Whether a tensor of integers is known to hold nothing but zeros; one whose values are not here is not."""
    seen = False
    for field in message.fields():
        if field.number in _INTEGER_VALUES:
            if not field.is_all_zero():
                return False
            seen = True
    return seen
