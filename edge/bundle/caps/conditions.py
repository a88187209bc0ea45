"""What a runtime asks of a node beyond its operator and types, as the operator lists write it, and the check of it.

Every condition has a `mend`. A condition that cannot be seen to be broken is kept: an input that is left out, say, has
no value that could be wrong.
"""

from __future__ import annotations

from typing import List, Optional, Tuple, Union

import msgspec

from edge.bundle.onnx_values import Constant, Node


class _Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    """Each kind has a method `broken`: what breaks it, to be read behind "the node"; None where nothing does."""

    mend: str


class ConstantInput(_Condition, frozen=True, tag="constant_input"):
    """An input, where it is given, is a constant."""

    input: int
    name: str

    def broken(self, node: Node) -> Optional[str]:
        value = node.input(self.input)
        if value is None or value.constant is not None:
            return None
        return f"computes its {self.name} ('{value.name}'), which must be a constant"


class ConstantAtMost(_Condition, frozen=True, tag="constant_at_most"):
    """An input of int64 that is a constant is not above a number."""

    input: int
    name: str
    most: int

    def broken(self, node: Node) -> Optional[str]:
        value = node.input(self.input)
        high = None if value is None or value.constant is None else value.constant.high
        if high is None or high <= self.most:
            return None
        return f"has {high} as its {self.name}, which must be at most {self.most}"


class InputGiven(_Condition, frozen=True, tag="input_given"):
    """An optional input is not left out."""

    input: int
    name: str

    def broken(self, node: Node) -> Optional[str]:
        return f"leaves {self.name} out" if node.input(self.input) is None else None


class ZeroInput(_Condition, frozen=True, tag="zero_input"):
    """An input, where it is given, is a constant of zeros."""

    input: int
    name: str

    def broken(self, node: Node) -> Optional[str]:
        value = node.input(self.input)
        if value is None or (value.constant is not None and value.constant.zero):
            return None
        return f"has a {self.name} that is not the constant 0"


class SameSize(_Condition, frozen=True, tag="same_size"):
    """Two inputs that are constants hold as many numbers."""

    inputs: Tuple[int, int]
    names: Tuple[str, str]

    def broken(self, node: Node) -> Optional[str]:
        sizes = [_size(node, place) for place in self.inputs]
        if None in sizes or sizes[0] == sizes[1]:
            return None
        return f"has {sizes[0]} numbers as its {self.names[0]} and {sizes[1]} as its {self.names[1]}"


class OutputType(_Condition, frozen=True, tag="output_type"):
    """The first output is of one of these types; int64 counts as what the runtime narrows it to."""

    types: List[str]

    def broken(self, node: Node) -> Optional[str]:
        made = node.outputs[0].dtype if node.outputs else ""
        # int64 is looked at as int32 by runtimes that narrow it; its values have a rule of their own.
        if not made or made in self.types or (made == "int64" and "int32" in self.types):
            return None
        return f"makes {made}, and not {_words(self.types)}"


class AttributeValue(_Condition, frozen=True, tag="attribute"):
    """An attribute is one of these values, or holds nothing but them; `default` is what it is when left out."""

    name: str
    values: List[Union[int, str]]
    default: Union[int, str, None]

    def broken(self, node: Node) -> Optional[str]:
        value = node.attributes.get(self.name, self.default)
        if value is None:
            return None
        entries = value if isinstance(value, tuple) else (value,)
        for entry in entries:
            if entry not in self.values:
                return f"has {entry!r} as {self.name}, and not {_words([repr(one) for one in self.values])}"
        return None


class AttributeLength(_Condition, frozen=True, tag="attribute_length"):
    """An attribute that is a list has one of these lengths."""

    name: str
    values: List[int]

    def broken(self, node: Node) -> Optional[str]:
        value = node.attributes.get(self.name)
        if not isinstance(value, tuple) or len(value) in self.values:
            return None
        return f"has {len(value)} numbers as {self.name}, and not {_words([str(one) for one in self.values])}"


class AttributeAbsent(_Condition, frozen=True, tag="attribute_absent"):
    """None of these attributes is given."""

    names: List[str]

    def broken(self, node: Node) -> Optional[str]:
        given = next((name for name in self.names if name in node.attributes), None)
        return None if given is None else f"has the attribute {given}"


class EqualHalves(_Condition, frozen=True, tag="equal_halves"):
    """Where an attribute has a value (`when`), both halves of each of these lists are equal."""

    names: List[str]
    when: Tuple[str, str]

    def broken(self, node: Node) -> Optional[str]:
        if node.attributes.get(self.when[0]) != self.when[1]:
            return None
        for name in self.names:
            value = node.attributes.get(name)
            if isinstance(value, tuple) and value[: len(value) // 2] != value[len(value) // 2 :]:
                return f"is {self.when[1]}, and the halves of its {name} differ"
        return None


class OutputsAtMost(_Condition, frozen=True, tag="outputs_at_most"):
    """No more than so many outputs are used."""

    count: int

    def broken(self, node: Node) -> Optional[str]:
        used = [value.name for value in node.outputs[self.count :] if value.name]
        return f"makes the output '{used[0]}', which cannot be had" if used else None


Condition = Union[
    ConstantInput,
    ConstantAtMost,
    InputGiven,
    ZeroInput,
    SameSize,
    OutputType,
    AttributeValue,
    AttributeLength,
    AttributeAbsent,
    EqualHalves,
    OutputsAtMost,
]


def _size(node: Node, place: int) -> Optional[int]:
    value = node.input(place)
    constant: Optional[Constant] = None if value is None else value.constant
    return None if constant is None else constant.size


def _words(values: List[str]) -> str:
    return " or ".join([", ".join(values[:-1]), values[-1]] if len(values) > 1 else values)
