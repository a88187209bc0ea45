"""Constants and attributes as they stand in a model, and the types that follow from them."""

from __future__ import annotations

from typing import Any, List

import onnx_writer as w
import pytest

from edge.bundle.onnx_reader import read_model_facts
from edge.bundle.onnx_types import output_types
from edge.bundle.onnx_values import MAX_AXES, Constant, Node, Value
from edge.errors import IntegrityError


def only_node(node: bytes, *constants: bytes) -> Node:
    return read_model_facts(w.model(w.graph([node], [w.value("x")], [], constants))).nodes[-1]


def constant(tensor: bytes) -> Any:
    return only_node(w.node("Relu", ["c"]), tensor).inputs[0].constant


def test_constants() -> None:
    assert constant(w.tensor("c", w.INT64, [3], int64s=[-5, 0, 1 << 40])) == Constant("int64", (3,), False, -5, 1 << 40)
    assert constant(w.tensor("c", w.INT64, [1], raw=b"\0" * 8)) == Constant("int64", (1,), True, 0, 0)
    assert constant(w.tensor("c", w.INT64, [0])) == Constant("int64", (0,), False, None, None)
    assert constant(w.tensor("c", w.INT64, [2], external="weights.bin")) == Constant("int64", (2,), False, None, None)
    assert constant(w.tensor("c", w.INT8, [2, 3], raw=b"\0" * 6)) == Constant("int8", (2, 3), True, None, None)
    assert constant(w.tensor("c", w.INT8, [2, 3], raw=b"\0" * 6)).size == 6
    assert constant(w.tensor("c", 99, [])).dtype == "type 99"


def test_a_tensor_that_is_cut_short() -> None:
    with pytest.raises(IntegrityError, match="cut short"):
        constant(w.tensor("c", w.INT64, [1], raw=b"\0" * 7))


def test_the_axes_of_a_tensor_are_bounded() -> None:
    assert constant(w.tensor("c", w.INT8, [1] * MAX_AXES)).size == 1
    with pytest.raises(IntegrityError, match=f"has {MAX_AXES + 1} axes"):
        constant(w.tensor("c", w.INT8, [1] * (MAX_AXES + 1)))


def test_attributes() -> None:
    attributes = [
        w.int_attribute("int", -3),
        w.ints_attribute("ints", [1, -2]),
        w.text_attribute("text", "hello"),
        w.texts_attribute("texts", ["a", "b"]),
        w.floats_attribute("floats", [0.5, -1.0]),
        w.block(1, "float") + w.floating(2, 0.25) + w.integer(20, 1),
        w.block(1, "packed") + w.block(8, w.varint(7) + w.varint(-1)) + w.integer(20, 7),
        w.block(1, "octets") + w.block(4, b"\xff") + w.integer(20, 3),
        w.block(1, "of an early version") + w.integer(3, 4),
        w.tensor_attribute("tensor", w.tensor("", w.INT64, [1], int64s=[9])),
        w.graph_attribute("graph", w.graph()),
        w.block(1, "empty") + w.integer(20, 7),
        w.block(1, "nothing"),
    ]
    assert only_node(w.node("Own", attributes=attributes)).attributes == {
        "int": -3,
        "ints": (1, -2),
        "text": "hello",
        "texts": ("a", "b"),
        "floats": (0.5, -1.0),
        "float": 0.25,
        "packed": (7, -1),
        "octets": "\ufffd",
        "of an early version": 4,
        "tensor": Constant("int64", (1,), False, 9, 9),
        "graph": None,
        "empty": (),
        "nothing": None,
    }


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ([w.int_attribute("value_int", 7)], Constant("int64", (), False, 7, 7)),
        ([w.ints_attribute("value_ints", [0, 0])], Constant("int64", (2,), True, 0, 0)),
        ([w.floats_attribute("value_floats", [0.5])], Constant("float32", (1,), False, None, None)),
        ([w.text_attribute("value_string", "a")], None),
        ([], None),
    ],
)
def test_constant_nodes(attributes: List[bytes], expected: Any) -> None:
    (made,) = only_node(w.node("Constant", (), ["c"], attributes=attributes)).outputs
    assert made.constant == expected


def test_a_name_is_that_of_its_own_graph() -> None:
    """What a subgraph calls `c` is not what is called so around it."""
    inner = w.graph([w.node("Relu", ["c"], ["r"])], inputs=[w.value("c", w.INT32)])
    loop = w.node("Loop", ["c"], ["c"], attributes=[w.graph_attribute("body", inner)])
    graph = w.graph([loop, w.node("Relu", ["c"])], initializers=[w.tensor("c", w.INT64, [1], raw=b"\0" * 8)])
    outer, within, after = read_model_facts(w.model(graph)).nodes
    assert outer.inputs[0].constant is not None
    assert within.inputs == (Value("c", "int32"),)
    assert after.inputs == (Value("c"),)


def test_an_input_that_is_left_out() -> None:
    node = only_node(w.node("Clip", ["x", "", "m"]))
    assert node.input(0) == Value("x", "float32")
    assert node.input(1) is None
    assert node.input(2) == Value("m")
    assert node.input(3) is None


FLOAT, HALF, INT8 = Value("f", "float32"), Value("h", "float16"), Value("q", "int8")
OMITTED = Value("")


@pytest.mark.parametrize(
    ("operator", "inputs", "attributes", "expected"),
    [
        ("Relu", [HALF], {}, ["float16"]),
        ("Shape", [HALF], {}, ["int64"]),
        ("Less", [HALF, HALF], {}, ["bool"]),
        ("Cast", [FLOAT], {"to": 10}, ["float16"]),
        ("Cast", [FLOAT], {}, ["undefined"]),
        ("Where", [Value("b", "bool"), HALF, HALF], {}, ["float16"]),
        ("TopK", [HALF], {}, ["float16", "int64"]),
        ("TopK", [HALF], {}, ["float16"]),
        ("Split", [HALF], {}, ["float16", "float16", "float16"]),
        ("QuantizeLinear", [FLOAT, FLOAT, INT8], {}, ["int8"]),
        ("QuantizeLinear", [FLOAT, FLOAT], {}, ["uint8"]),
        ("QuantizeLinear", [FLOAT, FLOAT, OMITTED], {}, ["uint8"]),
        ("DequantizeLinear", [INT8, HALF], {}, ["float16"]),
        ("DynamicQuantizeLinear", [FLOAT], {}, ["uint8", "float32", "uint8"]),
        ("MatMulInteger", [INT8, INT8], {}, ["int32"]),
        ("ConstantOfShape", [Value("n", "int64")], {}, ["float32"]),
        ("Loop", [FLOAT], {}, [""]),
        ("Constant", [], {"value_string": "a"}, ["string"]),
        ("RandomNormalLike", [HALF], {}, ["float16"]),
        ("Dropout", [HALF], {}, ["float16", "bool", ""]),
        ("Relu", [], {}, [""]),
    ],
)
def test_types(operator: str, inputs: list, attributes: dict, expected: list) -> None:
    assert output_types("", operator, inputs, attributes, len(expected)) == expected


def test_types_of_other_domains() -> None:
    assert output_types("com.microsoft", "DynamicQuantizeLSTM", [FLOAT], {}, 3) == ["float32"] * 3
    assert output_types("com.microsoft", "Gelu", [FLOAT], {}, 1) == [""]
    assert output_types("mine", "DynamicQuantizeLSTM", [FLOAT], {}, 1) == [""]
