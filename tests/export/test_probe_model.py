from __future__ import annotations

import pytest

from edge.bundle.onnx_reader import read_model_facts
from edge.doctor.probe import TINY_MODEL


def test_onnx_makes_the_same_bytes() -> None:
    onnx = pytest.importorskip("onnx")
    x, y = (onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["batch", 4]) for name in "xy")
    graph = onnx.helper.make_graph([onnx.helper.make_node("Add", ["x", "x"], ["y"], name="double")], "probe", [x], [y])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    assert model.SerializeToString(deterministic=True) == TINY_MODEL


def test_any_onnxruntime_of_any_target_reads_it() -> None:
    facts = read_model_facts(TINY_MODEL)
    assert (facts.opset, facts.ir_version) == (13, 8)
    assert facts.node_counts == {("", "Add"): 1}
