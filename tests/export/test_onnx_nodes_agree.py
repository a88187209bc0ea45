"""The device's reader of nodes, attributes and constants against the onnx package, and the caps on what that writes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx_facts import assert_agrees

from edge.bundle.caps import TARGETS, check_caps, findings
from edge.bundle.onnx_reader import read_model_facts
from edge.errors import CapsError

onnx = pytest.importorskip("onnx", reason="the onnx package belongs to the extra `export`")
helper, numpy_helper, TensorProto = onnx.helper, onnx.numpy_helper, onnx.TensorProto


def arrays() -> st.SearchStrategy[Any]:
    """Tensors of every type that numpy has too, as raw data or as a list of numbers."""
    types = [np.float32, np.uint8, np.int8, np.int32, np.int64, np.bool_, np.float16, np.float64, np.uint64]
    shapes = st.lists(st.integers(0, 3), max_size=3)
    bits = st.integers(0, 2**64 - 1)

    def array(dtype: Any, shape: list, seed: int, raw: bool) -> Any:
        wide = np.random.default_rng(seed).integers(0, 2**64, shape, np.uint64) * np.uint64(seed % 3 > 0)
        values = np.asarray(wide.astype(np.int64) if dtype == np.int64 else wide % np.uint64(200)).astype(dtype)
        if raw:
            return numpy_helper.from_array(values, "c")
        return helper.make_tensor(
            "c", helper.np_dtype_to_tensor_dtype(values.dtype), shape, values.reshape(-1).tolist()
        )

    return st.builds(array, st.sampled_from(types), shapes, bits, st.booleans())


attribute_values = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(width=32, allow_nan=False),
    st.text(max_size=8),
    st.binary(max_size=8),
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=5),
    st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=5),
    st.lists(st.text(max_size=8), min_size=1, max_size=5),
    arrays(),
)


@given(st.lists(st.dictionaries(st.text(max_size=6), attribute_values, max_size=4), max_size=5), arrays(), st.data())
@settings(max_examples=150, deadline=None)
def test_attributes_and_constants_of_all_kinds(attributes: list, tensor: Any, data: st.DataObject) -> None:
    nodes = []
    names = ["c", "x", ""]
    for number, given_here in enumerate(attributes):
        inputs = data.draw(st.lists(st.sampled_from(names), max_size=4))
        operator = data.draw(st.sampled_from(["Add", "Cast", "Constant", "LSTM", "TopK", "Made", "QuantizeLinear"]))
        node = helper.make_node(operator, inputs, [f"v{number}", f"w{number}"])
        node.attribute.extend(helper.make_attribute(name, value) for name, value in given_here.items())
        nodes.append(node)
        names += [f"v{number}", f"w{number}"]
    values = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "g", [values("x", TensorProto.FLOAT, ["batch"])], [values("x", TensorProto.FLOAT, ["batch"])]
    )
    graph.initializer.append(tensor)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)])
    facts = assert_agrees(model)
    for target in TARGETS.values():
        list(findings(facts, target))


@pytest.mark.parametrize(
    ("node", "rule"),
    [
        (helper.make_node("LSTM", ["x", "w", "r"], ["score"], "odd", hidden_size=4, layout=1), "layout"),
        (helper.make_node("Pad", ["x", "ends"], ["score"], "odd", mode="wrap"), "mode"),
        (helper.make_node("Slice", ["x", "ends", "ends", "axes"], ["score"], "odd"), "narrows to int32"),
        (helper.make_node("Cast", ["x"], ["score"], "odd", to=TensorProto.DOUBLE), "float64"),
        (helper.make_node("Unique", ["x"], ["score"], "odd"), "does not have"),
        (helper.make_node("ReduceMax", ["ends"], ["score"], "odd"), "int64"),
    ],
    ids=["LSTM", "Pad", "Slice", "Cast", "Unique", "ReduceMax"],
)
def test_rules_on_models_as_onnx_writes_them(node: Any, rule: str) -> None:
    values = helper.make_tensor_value_info
    constants = {
        "ends": np.array([1, 2**63 - 1 if rule == "narrows to int32" else 2], np.int64),
        "axes": np.array([0, 1], np.int64),
        "w": np.zeros((1, 16, 4), np.float32),
        "r": np.zeros((1, 16, 4), np.float32),
    }
    graph = helper.make_graph(
        [node],
        "g",
        [values("x", TensorProto.FLOAT, ["batch", 4])],
        [values("score", TensorProto.FLOAT, ["batch"])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)], ir_version=8)
    with pytest.raises(CapsError, match=rule) as caught:
        check_caps(read_model_facts(model.SerializeToString()), TARGETS["xavier-jp5"])
    assert caught.value.what.startswith("node 'odd'")
