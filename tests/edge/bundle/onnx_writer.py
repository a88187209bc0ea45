"""Writes ONNX models as protobuf bytes, so that tests need no onnx package (there is none on the device)."""

from __future__ import annotations

import struct
from typing import Iterable, Optional, Sequence, Tuple, Union

FLOAT, UINT8, INT8, INT32, INT64, BOOL, FLOAT16, FLOAT64 = 1, 2, 3, 6, 7, 9, 10, 11
Axis = Union[int, str, None]


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def integer(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value)


def block(number: int, content: Union[bytes, str]) -> bytes:
    data = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(data)) + data


def floating(number: int, value: float) -> bytes:
    return varint(number << 3 | 5) + struct.pack("<f", value)


def many(number: int, contents: Iterable[Union[bytes, str]]) -> bytes:
    return b"".join(block(number, content) for content in contents)


def tensor(
    name: str,
    dtype: int = FLOAT,
    dims: Sequence[int] = (),
    raw: Optional[bytes] = None,
    int32s: Optional[Sequence[int]] = None,
    int64s: Optional[Sequence[int]] = None,
    external: Optional[str] = None,
) -> bytes:
    data = b"".join(integer(1, size) for size in dims) + integer(2, dtype) + block(8, name)
    if raw is not None:
        data += block(9, raw)
    if int32s is not None:
        data += block(5, b"".join(varint(value) for value in int32s))
    if int64s is not None:
        data += block(7, b"".join(varint(value) for value in int64s))
    if external is not None:
        data += block(13, block(1, "location") + block(2, external)) + integer(14, 1)
    return data


def graph_attribute(name: str, *graphs: bytes) -> bytes:
    if len(graphs) == 1:
        return block(1, name) + block(6, graphs[0]) + integer(20, 5)
    return block(1, name) + many(11, graphs) + integer(20, 10)


def tensor_attribute(name: str, content: bytes) -> bytes:
    return block(1, name) + block(5, content) + integer(20, 4)


def int_attribute(name: str, value: int) -> bytes:
    return block(1, name) + integer(3, value) + integer(20, 2)


def text_attribute(name: str, text: str) -> bytes:
    return block(1, name) + block(4, text) + integer(20, 3)


def texts_attribute(name: str, texts: Sequence[str]) -> bytes:
    return block(1, name) + many(9, texts) + integer(20, 8)


def floats_attribute(name: str, values: Sequence[float]) -> bytes:
    return block(1, name) + b"".join(floating(7, value) for value in values) + integer(20, 6)


def ints_attribute(name: str, values: Sequence[int]) -> bytes:
    return block(1, name) + b"".join(integer(8, value) for value in values) + integer(20, 7)


def node(
    operator: str,
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
    *,
    name: str = "",
    domain: str = "",
    attributes: Iterable[bytes] = (),
) -> bytes:
    data = many(1, inputs) + many(2, outputs) + block(4, operator) + many(5, attributes)
    if name:
        data += block(3, name)
    return data + (block(7, domain) if domain else b"")


def value(name: str, dtype: int = FLOAT, shape: Optional[Sequence[Axis]] = ("batch",)) -> bytes:
    kind = integer(1, dtype)
    if shape is not None:
        axes = (
            b"" if axis is None else block(2, axis) if isinstance(axis, str) else integer(1, axis) for axis in shape
        )
        kind += block(2, many(1, axes))
    return block(1, name) + block(2, block(1, kind))


def graph(
    nodes: Iterable[bytes] = (),
    inputs: Iterable[bytes] = (),
    outputs: Iterable[bytes] = (),
    initializers: Iterable[bytes] = (),
    sparse: Iterable[bytes] = (),
) -> bytes:
    return (
        many(1, nodes)
        + block(2, "graph")
        + many(5, initializers)
        + many(11, inputs)
        + many(12, outputs)
        + many(15, sparse)
    )


def function(domain: str, name: str, nodes: Iterable[bytes], opsets: Iterable[Tuple[str, int]] = (("", 16),)) -> bytes:
    return block(1, name) + many(7, nodes) + many(9, map(_opset, opsets)) + block(10, domain)


def model(
    content: bytes,
    *,
    ir_version: int = 8,
    opsets: Iterable[Tuple[str, int]] = (("", 16),),
    functions: Iterable[bytes] = (),
    training: Iterable[bytes] = (),
) -> bytes:
    head = integer(1, ir_version) + many(8, map(_opset, opsets))
    return head + block(7, content) + many(20, training) + many(25, functions)


def _opset(entry: Tuple[str, int]) -> bytes:
    domain, version = entry
    return (block(1, domain) if domain else b"") + integer(2, version)


def scoring_graph(extra_nodes: Iterable[bytes] = (), initializers: Iterable[bytes] = ()) -> bytes:
    """The mean of a row's four ids as its score: a graph that runs."""
    return graph(
        [
            node("Cast", ["ids"], ["floats"], name="cast", attributes=[int_attribute("to", FLOAT)]),
            node(
                "ReduceMean",
                ["floats"],
                ["score"],
                name="mean",
                attributes=[ints_attribute("axes", [1]), int_attribute("keepdims", 0)],
            ),
            *extra_nodes,
        ],
        [value("ids", INT32, ("batch", 4))],
        [value("score", FLOAT, ("batch",))],
        initializers,
    )


def floats(values: Sequence[float]) -> bytes:
    """Raw data of a FLOAT tensor."""
    return struct.pack(f"<{len(values)}f", *values)
