"""One form for equal graphs, however the converter named and ordered them."""

from __future__ import annotations

from random import Random
from typing import Any, Dict, List

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.graph.canonical import canonicalise

onnx = pytest.importorskip("onnx", reason="the onnx package belongs to the extra `export`")
helper, numpy_helper = onnx.helper, onnx.numpy_helper
FLOAT = onnx.TensorProto.FLOAT

# Each node: operator, inputs, outputs. `x` comes in; `sum` and `norm` go out; `dead` is of no use to them.
NODES = [
    ("Mul", ["x", "w"], ["scaled"]),
    ("Add", ["scaled", "b"], ["shifted"]),
    ("Relu", ["shifted"], ["left"]),
    ("Neg", ["shifted"], ["right"]),
    ("Add", ["left", "right"], ["sum"]),
    ("Clip", ["sum", "", "b"], ["norm"]),
    ("Exp", ["x"], ["dead"]),
]
CONSTANTS = {"w": [2.0, -3.0], "b": 0.5, "unused": [1.0]}


def build(random: Random, nodes: List[Any] = NODES, outputs: List[str] = ["sum", "norm"]) -> Any:  # noqa: B006
    """The same graph, its inner names drawn and its constants shuffled."""
    fixed = {"x", "", *outputs}
    names: Dict[str, str] = {}
    for _, inputs, results in nodes:
        for name in (*inputs, *results):
            names.setdefault(name, name if name in fixed else f"t__{random.randrange(10**9)}")
    made = [
        helper.make_node(kind, [names[name] for name in inputs], [names[name] for name in results], name=f"n{i}")
        for i, (kind, inputs, results) in enumerate(nodes)
    ]
    constants = [
        numpy_helper.from_array(np.array(value, np.float32), names.get(name, name)) for name, value in CONSTANTS.items()
    ]
    random.shuffle(constants)
    values = [helper.make_tensor_value_info(name, FLOAT, ["batch", 2]) for name in ("x", *outputs)]
    return helper.make_graph(made, "g", values[:1], values[1:], constants)


def bytes_of(graph: Any) -> bytes:
    data: bytes = graph.SerializeToString(deterministic=True)
    return data


def model_of(graph: Any) -> Any:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def run(graph: Any, x: np.ndarray) -> List[np.ndarray]:
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(model_of(graph).SerializeToString(), providers=["CPUExecutionProvider"])
    found: List[np.ndarray] = session.run(["sum", "norm"], {"x": x})
    return found


@given(st.integers(1, 10**6))
def test_names_and_the_order_of_constants_leave_no_trace(seed: int) -> None:
    one, other = build(Random(0)), build(Random(seed))
    canonicalise(one)
    canonicalise(other)
    assert bytes_of(one) == bytes_of(other)


def test_the_order_of_independent_nodes_leaves_no_trace() -> None:
    one = build(Random(0))
    swapped = build(Random(1), [*NODES[:2], NODES[3], NODES[2], *NODES[4:]])
    canonicalise(one)
    canonicalise(swapped)
    assert bytes_of(one) == bytes_of(swapped)


def test_it_computes_the_same() -> None:
    x = np.array([[1.0, 2.0], [-3.0, 0.25]], np.float32)
    graph = build(Random(0))
    before = run(graph, x)
    canonicalise(graph)
    for found, expected in zip(run(graph, x), before):
        assert found.tolist() == expected.tolist()
    assert [node.op_type for node in graph.node] == ["Mul", "Add", "Relu", "Neg", "Add", "Clip"]
    assert [node.name for node in graph.node][:2] == ["Mul_0", "Add_1"]
    assert [constant.name for constant in graph.initializer] == ["constant_0", "constant_1"]
    assert [value.name for value in [*graph.input, *graph.output]] == ["x", "sum", "norm"]
    assert list(graph.node[5].input) == ["sum", "", "constant_1"], "an input that is left out stays so"


def test_the_standard_domain_is_not_written_out() -> None:
    one, other = build(Random(0)), build(Random(0))
    other.node[2].domain = ""
    other.node[3].domain = "com.microsoft"
    assert bytes_of(one) != bytes_of(other)
    canonicalise(one)
    canonicalise(other)
    assert [node.HasField("domain") for node in one.node] == [False] * len(one.node)
    assert [node.domain for node in other.node if node.HasField("domain")] == ["com.microsoft"]


def test_twice_is_as_good_as_once() -> None:
    graph = build(Random(0))
    canonicalise(graph)
    once = bytes_of(graph)
    canonicalise(graph)
    assert bytes_of(graph) == once


def test_a_constant_that_goes_out_stays() -> None:
    graph = build(Random(0), NODES[:2], ["shifted"])
    graph.output.append(helper.make_tensor_value_info("unused", FLOAT, [1]))
    canonicalise(graph)
    assert [constant.name for constant in graph.initializer][-1] == "unused"
    model_of(graph)


def test_other_attributes_make_another_graph() -> None:
    one, other = build(Random(0)), build(Random(0))
    one.node[0].op_type = "Sub"
    canonicalise(one)
    canonicalise(other)
    assert bytes_of(one) != bytes_of(other)


def test_a_graph_with_graphs_inside_stays_as_it_is() -> None:
    graph = build(Random(0))
    inner = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "inner", [], [])
    graph.node[2].attribute.append(helper.make_attribute("then_branch", inner))
    before = bytes_of(graph)
    canonicalise(graph)
    assert bytes_of(graph) == before
