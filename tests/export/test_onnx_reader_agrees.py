"""The device's reader of ONNX models against the onnx package, on models that the package builds and accepts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx_facts import assert_agrees

from edge.bundle.caps import TARGETS, check_caps, findings
from edge.bundle.onnx_reader import read_model_facts
from edge.errors import CapsError, IntegrityError

onnx = pytest.importorskip("onnx", reason="the onnx package belongs to the extra `export`")
helper, numpy_helper, TensorProto = onnx.helper, onnx.numpy_helper, onnx.TensorProto
DecodeError = pytest.importorskip("google.protobuf.message").DecodeError


def made(nodes: list, *, opset: int = 16, ir: int = 8, inputs: Any = None, outputs: Any = None, **more: Any) -> Any:
    """A model whose graph gives `score` for `x`, float32 [batch, 4], unless told otherwise."""
    values = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "graph",
        inputs or [values("x", TensorProto.FLOAT, ["batch", 4])],
        outputs or [values("score", TensorProto.FLOAT, ["batch", 4])],
        initializer=more.pop("initializers", []),
    )
    imports = [helper.make_opsetid("", opset), *more.pop("imports", [])]
    model = helper.make_model(graph, opset_imports=imports, ir_version=ir, producer_name="test", **more)
    onnx.checker.check_model(model, full_check=True)
    return model


def relu() -> Any:
    return helper.make_node("Relu", ["x"], ["score"], name="relu")


def test_a_plain_model() -> None:
    facts = assert_agrees(made([relu()]))
    check_caps(facts, TARGETS["xavier-jp5"])


@pytest.mark.parametrize(("opset", "ir"), [(13, 7), (17, 8), (19, 9), (21, 10), (23, 11)])
def test_versions(opset: int, ir: int) -> None:
    facts = assert_agrees(made([relu()], opset=opset, ir=ir))
    if opset == 21:
        for target in TARGETS.values():
            with pytest.raises(CapsError, match="opset 21"):
                check_caps(facts, target)


@pytest.mark.parametrize("dtype", sorted(set(TensorProto.DataType.values()) - {0}))
def test_every_element_type_has_its_name(dtype: int) -> None:
    value = helper.make_tensor_value_info("v", dtype, ["batch", None, 3])
    graph = helper.make_graph([], "graph", [value], [value])
    (found,) = read_model_facts(helper.make_model(graph).SerializeToString()).inputs
    assert found.dtype == {"float": "float32", "double": "float64"}.get(
        TensorProto.DataType.Name(dtype).lower(), TensorProto.DataType.Name(dtype).lower()
    )
    assert found.shape == ["batch", "", 3]


def branch(operator: str, name: str) -> Any:
    output = helper.make_tensor_value_info(f"{name}_out", TensorProto.FLOAT, ["batch", 4])
    return helper.make_graph([helper.make_node(operator, ["x"], [f"{name}_out"])], name, [], [output])


def test_subgraphs_of_if() -> None:
    condition = numpy_helper.from_array(np.array(True), "condition")
    deeper = helper.make_graph(
        [
            helper.make_node(
                "If", ["condition"], ["inner_out"], then_branch=branch("Tanh", "t"), else_branch=branch("Abs", "a")
            )
        ],
        "inner",
        [],
        [helper.make_tensor_value_info("inner_out", TensorProto.FLOAT, ["batch", 4])],
    )
    node = helper.make_node(
        "If", ["condition"], ["score"], "choice", then_branch=deeper, else_branch=branch("Neg", "n")
    )
    facts = assert_agrees(made([node], initializers=[condition]))
    assert facts.operators == {("", name) for name in ("If", "Tanh", "Abs", "Neg")}
    with pytest.raises(CapsError, match="node 'choice' uses If"):
        check_caps(facts, TARGETS["xavier-jp5"])


def test_the_body_of_loop() -> None:
    values = helper.make_tensor_value_info
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["go_on"]),
            helper.make_node("Add", ["state", "state"], ["next"]),
        ],
        "body",
        [
            values("turn", TensorProto.INT64, []),
            values("go", TensorProto.BOOL, []),
            values("state", TensorProto.FLOAT, ["batch", 4]),
        ],
        [values("go_on", TensorProto.BOOL, []), values("next", TensorProto.FLOAT, ["batch", 4])],
    )
    turns = numpy_helper.from_array(np.array(3, np.int64), "turns")
    go = numpy_helper.from_array(np.array(True), "start")
    loop = helper.make_node("Loop", ["turns", "start", "x"], ["score"], "repeat", body=body)
    facts = assert_agrees(made([loop], initializers=[turns, go]))
    with pytest.raises(CapsError, match="node 'repeat' uses Loop"):
        check_caps(facts, TARGETS["xavier-jp5"])


def test_custom_domains() -> None:
    node = helper.make_node("Twice", ["x"], ["score"], domain="com.example")
    facts = assert_agrees(made([node], imports=[helper.make_opsetid("com.example", 3)]))
    with pytest.raises(CapsError, match=r"com\.example\.Twice"):
        check_caps(facts, TARGETS["cpu"])


def test_functions() -> None:
    function = helper.make_function(
        "mine",
        "Squash",
        ["a"],
        ["b"],
        [helper.make_node("Tanh", ["a"], ["t"]), helper.make_node("Abs", ["t"], ["b"])],
        [helper.make_opsetid("", 16)],
    )
    model = made(
        [helper.make_node("Squash", ["x"], ["score"], domain="mine")],
        imports=[helper.make_opsetid("mine", 1)],
        functions=[function],
    )
    facts = assert_agrees(model)
    assert facts.operators == {("mine", "Squash"), ("", "Tanh"), ("", "Abs")}
    with pytest.raises(CapsError, match=r"mine\.Squash"):
        check_caps(facts, TARGETS["cpu"])


def test_external_data_as_onnx_writes_it(tmp_path: Path) -> None:
    weight = numpy_helper.from_array(np.ones((4, 4), np.float32), "weight")
    model = made([helper.make_node("MatMul", ["x", "weight"], ["score"])], initializers=[weight])
    assert not assert_agrees(model).external_data
    onnx.save_model(
        model, tmp_path / "model.onnx", save_as_external_data=True, location="weights.bin", size_threshold=0
    )
    facts = assert_agrees(onnx.load(tmp_path / "model.onnx", load_external_data=False))
    assert facts.external_tensors == ("weight",)
    assert read_model_facts((tmp_path / "model.onnx").read_bytes()) == facts


def test_external_data_of_a_constant_and_of_a_sparse_tensor(tmp_path: Path) -> None:
    constant = helper.make_node("Constant", [], ["c"], value=numpy_helper.from_array(np.ones(4, np.float32), "inside"))
    model = made([constant, helper.make_node("Add", ["x", "c"], ["score"])])
    onnx.save_model(
        model,
        tmp_path / "model.onnx",
        save_as_external_data=True,
        location="weights.bin",
        size_threshold=0,
        convert_attribute=True,
    )
    assert assert_agrees(onnx.load(tmp_path / "model.onnx", load_external_data=False)).external_tensors == ("inside",)
    values = numpy_helper.from_array(np.ones(2, np.float32), "values")
    sparse = helper.make_sparse_tensor(values, numpy_helper.from_array(np.array([0, 2], np.int64), "indices"), [4])
    model = made([relu()])
    model.graph.sparse_initializer.append(sparse)
    assert not assert_agrees(model).external_data
    onnx.external_data_helper.set_external_data(model.graph.sparse_initializer[0].values, "weights.bin")
    assert assert_agrees(model).external_tensors == ("values",)


@pytest.mark.parametrize("zero", [0, 3])
@pytest.mark.parametrize("packed", [True, False], ids=["int32_data", "raw_data"])
def test_zero_points_as_onnx_writes_them(zero: int, packed: bool) -> None:
    scale = numpy_helper.from_array(np.array(0.1, np.float32), "scale")
    if packed:
        point = helper.make_tensor("point", TensorProto.INT8, [], [zero])
    else:
        point = numpy_helper.from_array(np.array(zero, np.int8), "point")
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "scale", "point"], ["q"], "quantise"),
        helper.make_node("DequantizeLinear", ["q", "scale", "point"], ["score"], "dequantise"),
    ]
    facts = assert_agrees(made(nodes, initializers=[scale, point]))
    found = [finding.what for finding in findings(facts, TARGETS["xavier-jp5"])]
    uses = ["node 'quantise' uses QuantizeLinear", "node 'dequantise' uses DequantizeLinear"]
    broken = "in a way that TensorRT 8.5 of xavier-jp5 does not take: it has a zero point that is not the constant 0"
    assert found == ([f"{use} {broken}" for use in uses] if zero else [])


def test_a_recurrent_model_with_fixed_and_unnamed_axes() -> None:
    values = helper.make_tensor_value_info
    weights = [
        numpy_helper.from_array(np.zeros(shape, np.float32), name)
        for name, shape in {"W": (1, 32, 4), "R": (1, 32, 8)}.items()
    ]
    model = made(
        [helper.make_node("LSTM", ["x", "W", "R"], ["all", "last"], "lstm", hidden_size=8)],
        inputs=[values("x", TensorProto.FLOAT, [10, "batch", 4])],
        outputs=[values("last", TensorProto.FLOAT, [1, None, 8]), values("all", TensorProto.FLOAT, [10, 1, None, 8])],
        initializers=weights,
    )
    model.graph.output[1].type.tensor_type.ClearField("shape")
    facts = assert_agrees(model)
    assert facts.outputs[1].shape == ["..."]


@given(
    st.lists(st.sampled_from(["Abs", "Neg", "Relu", "Sigmoid", "Tanh"]), min_size=1, max_size=8),
    st.integers(7, 21),
    st.integers(3, 10),
    st.lists(st.none() | st.integers(0, 2**40) | st.text(max_size=5), max_size=4),
    st.text(max_size=12),
)
@settings(max_examples=100, deadline=None)
def test_models_of_all_kinds(chain: list, opset: int, ir: int, shape: list, name: str) -> None:
    values = helper.make_tensor_value_info
    nodes = [helper.make_node(op, [f"v{i}"], [f"v{i + 1}"], f"{name}{i}") for i, op in enumerate(chain)]
    graph = helper.make_graph(
        nodes,
        name,
        [values("v0", TensorProto.INT32, shape)],
        [values(f"v{len(chain)}", TensorProto.DOUBLE, shape)],
        doc_string=name * 50,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir, doc_string=name)
    assert_agrees(model)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_changed_byte_is_refused_or_read_as_onnx_reads_it(data: st.DataObject) -> None:
    serialized = bytearray(made([relu()]).SerializeToString())
    position = data.draw(st.integers(0, len(serialized) - 1))
    serialized[position] = data.draw(st.integers(0, 255))
    try:
        facts = read_model_facts(bytes(serialized))
    except IntegrityError:
        return
    try:
        model = onnx.load_model_from_string(bytes(serialized))
    except DecodeError:  # damage in a field that says nothing of what is asked here
        return
    assert facts.ir_version == model.ir_version
    assert facts.operators == {("" if n.domain == "ai.onnx" else n.domain, n.op_type) for n in model.graph.node}
    assert [value.name for value in facts.inputs] == [value.name for value in model.graph.input]
