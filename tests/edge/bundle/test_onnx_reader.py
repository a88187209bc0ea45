from __future__ import annotations

import time
from typing import Callable

import numpy as np
import onnx_writer as w
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.bundle.caps.conditions import ZeroInput
from edge.bundle.manifest import TensorSpec
from edge.bundle.onnx_reader import MAX_DEPTH, UNKNOWN_RANK, read_model_facts
from edge.errors import IntegrityError

SIMPLE = w.model(w.scoring_graph())
BRANCH = w.graph([w.node("Relu", ["x"], ["y"], name="inner")], initializers=[w.tensor("weight", raw=b"\0" * 4)])
RICH = w.model(
    w.scoring_graph(
        [
            w.node(
                "If",
                ["c"],
                ["i"],
                attributes=[w.graph_attribute("then_branch", BRANCH), w.graph_attribute("else_branch", BRANCH)],
            ),
            w.node("Many", attributes=[w.graph_attribute("graphs", BRANCH, w.graph([w.node("Scan", name="scan_2")]))]),
            w.node("Gelu", domain="com.microsoft", name="gelu"),
            w.node("Own", domain="mine"),
        ]
    ),
    opsets=[("", 16), ("com.microsoft", 1)],
    functions=[w.function("mine", "Own", [w.node("Loop", name="in_function")], [("", 21)])],
    training=[w.block(1, w.graph([w.node("Gradient", domain="ai.onnx.preview.training")]))],
)


def test_the_written_model_runs() -> None:
    session = onnxruntime.InferenceSession(SIMPLE, providers=["CPUExecutionProvider"])
    (score,) = session.run(None, {"ids": np.array([[1, 2, 3, 6]], np.int32)})
    assert score.tolist() == [3.0]


def test_versions_and_signature() -> None:
    facts = read_model_facts(SIMPLE)
    assert (facts.ir_version, facts.opset, facts.opsets) == (8, 16, {"": 16})
    assert facts.inputs == (TensorSpec(name="ids", dtype="int32", shape=["batch", 4]),)
    assert facts.outputs == (TensorSpec(name="score", dtype="float32", shape=["batch"]),)
    assert [(node.operator, node.label) for node in facts.nodes] == [
        ("Cast", "node 'cast'"),
        ("ReduceMean", "node 'mean'"),
    ]
    assert not facts.external_data
    assert facts.graph_spec().inputs == list(facts.inputs)


def test_operators_of_subgraphs_functions_and_training_count() -> None:
    facts = read_model_facts(RICH)
    assert facts.operators == {
        *(("", name) for name in ("Cast", "ReduceMean", "If", "Relu", "Many", "Scan", "Loop")),
        ("com.microsoft", "Gelu"),
        ("mine", "Own"),
        ("ai.onnx.preview.training", "Gradient"),
    }
    labels = {(node.domain, node.operator): node.label for node in facts.nodes}
    assert labels["", "Loop"] == "node 'in_function'"
    assert labels["", "If"] == "the node that makes 'i'"
    assert facts.node_counts["", "Relu"] == 3
    assert facts.functions == {("mine", "Own")}
    assert facts.opset == 21, "the highest import of a domain counts, also a function's"


def test_the_standard_domain_has_two_names() -> None:
    facts = read_model_facts(w.model(w.graph([w.node("Relu", domain="ai.onnx")]), opsets=[("ai.onnx", 13)]))
    assert facts.opset == 13
    assert facts.operators == {("", "Relu")}


EXTERNAL = w.tensor("outside", dims=[2], external="weights.bin")


@pytest.mark.parametrize(
    "model",
    [
        w.model(w.scoring_graph(initializers=[EXTERNAL])),
        w.model(w.scoring_graph(initializers=[w.tensor("outside") + w.integer(14, 1)])),
        w.model(w.scoring_graph([w.node("Constant", (), ["c"], attributes=[w.tensor_attribute("value", EXTERNAL)])])),
        w.model(w.scoring_graph([w.node("X", attributes=[w.block(1, "tensors") + w.block(10, EXTERNAL)])])),
        w.model(w.graph(sparse=[w.block(1, EXTERNAL) + w.block(2, w.tensor("indices", w.INT64))])),
        w.model(w.graph(sparse=[w.block(1, w.tensor("values")) + w.block(2, EXTERNAL)])),
        w.model(
            w.graph([w.node("If", attributes=[w.graph_attribute("then_branch", w.graph(initializers=[EXTERNAL]))])])
        ),
        w.model(
            w.graph(),
            functions=[
                w.function("d", "F", [w.node("Constant", attributes=[w.tensor_attribute("value", EXTERNAL)])]),
            ],
        ),
    ],
    ids=["initializer", "location only", "constant", "list", "sparse values", "sparse indices", "subgraph", "function"],
)
def test_external_data_is_found_wherever_it_is(model: bytes) -> None:
    facts = read_model_facts(model)
    assert facts.external_data
    assert facts.external_tensors == ("outside",)


def test_initializers_are_no_inputs() -> None:
    content = w.graph(inputs=[w.value("x"), w.value("weight")], initializers=[w.tensor("weight")])
    assert [spec.name for spec in read_model_facts(w.model(content)).inputs] == ["x"]


def test_shapes_and_kinds() -> None:
    sequence = w.block(1, "s") + w.block(2, w.block(4, b""))
    content = w.graph(
        inputs=[
            w.value("unnamed", w.INT64, [None, 3]),
            w.value("unranked", w.UINT8, None),
            w.value("scalar", 11, []),
            w.value("negative", 9, [-1, 0]),
            w.value("new", 99, ["n"]),
            sequence,
            w.block(1, "untyped"),
        ]
    )
    assert [(spec.name, spec.dtype, spec.shape) for spec in read_model_facts(w.model(content)).inputs] == [
        ("unnamed", "int64", ["", 3]),
        ("unranked", "uint8", [UNKNOWN_RANK]),
        ("scalar", "float64", []),
        ("negative", "bool", [-1, 0]),
        ("new", "type 99", ["n"]),
        ("s", "sequence", [UNKNOWN_RANK]),
        ("untyped", "untyped", [UNKNOWN_RANK]),
    ]


ZERO = ZeroInput(mend="", input=2, name="zero point")


def quantised(zero_point: bytes, *, name: str = "zp", before: tuple = ()) -> bytes:
    initializers = [zero_point] if zero_point else []
    return w.model(
        w.graph([*before, w.node("QuantizeLinear", ["x", "s", name], ["q"], name="q")], [], [], initializers)
    )


@pytest.mark.parametrize(
    ("model", "asymmetric"),
    [
        (quantised(w.tensor("zp", w.INT8, [2], raw=b"\0\0")), False),
        (quantised(w.tensor("zp", w.INT8, [2], raw=b"\0\1")), True),
        (quantised(w.tensor("zp", w.INT8, [2], int32s=[0, 0])), False),
        (quantised(w.tensor("zp", w.UINT8, [1], int32s=[128])), True),
        (quantised(w.tensor("zp", w.INT8) + w.integer(5, 0)), False),
        (quantised(w.tensor("zp", w.INT8) + w.integer(5, 3)), True),
        (quantised(w.tensor("zp", w.INT8, [1])), True),
        (quantised(b"", name=""), False),
        (quantised(b"", name="computed"), True),
        (
            quantised(
                b"",
                name="c",
                before=(
                    w.node("Constant", (), ["c"], attributes=[w.tensor_attribute("value", w.tensor("", raw=b"\0"))]),
                ),
            ),
            False,
        ),
        (quantised(w.tensor("zp", raw=b"\0"), before=(w.node("Relu", ["x"], ["zp"]),)), True),
    ],
)
def test_zero_points(model: bytes, asymmetric: bool) -> None:
    node = read_model_facts(model).nodes[-1]
    assert (ZERO.broken(node) is not None) == asymmetric


def test_a_zero_point_of_the_graph_outside_is_seen() -> None:
    inner = w.graph([w.node("DequantizeLinear", ["x", "s", "zp"], ["y"], name="dq")])
    loop = w.node("Loop", attributes=[w.graph_attribute("body", inner)])
    zero, one = (w.tensor("zp", w.INT8, [1], raw=raw) for raw in (b"\0", b"\1"))
    for zero_point, broken in ((zero, False), (one, True)):
        outer, node = read_model_facts(w.model(w.graph([loop], initializers=[zero_point]))).nodes
        assert (outer.operator, node.label) == ("Loop", "node 'dq'")
        assert (ZERO.broken(node) is not None) == broken


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no graph"),
        (w.integer(1, 8) + w.block(7, b""), "opset"),
        (w.block(7, b"") + w.block(7, b"") + w.block(8, w.integer(2, 16)), "twice"),
        (w.model(w.graph([w.node("")])), "names no operator"),
        (
            w.model(
                w.graph(inputs=[w.block(2, w.block(1, w.block(2, w.block(1, w.integer(1, 2) + w.block(2, "n")))))])
            ),
            "axis",
        ),
        (SIMPLE[:-3], "cut short"),
        (b'{"this": "is JSON"}', "byte"),
        (b"\x7fELF" * 9, "byte"),
    ],
)
def test_damage(data: bytes, words: str) -> None:
    with pytest.raises(IntegrityError, match=words) as caught:
        read_model_facts(data, "b/model.onnx")
    assert str(caught.value).startswith("b/model.onnx: ")
    assert caught.value.mend


def nested(depth: int) -> bytes:
    content = w.graph([w.node("Relu")])
    for _ in range(depth - 1):
        content = w.graph([w.node("If", attributes=[w.graph_attribute("then_branch", content)])])
    return w.model(content)


def test_nesting_is_bounded() -> None:
    assert ("", "Relu") in read_model_facts(nested(MAX_DEPTH)).operators
    with pytest.raises(IntegrityError, match="deeper"):
        read_model_facts(nested(MAX_DEPTH + 1))
    with pytest.raises(IntegrityError, match="deeper"):
        read_model_facts(nested(2_000))


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def test_time_is_linear_in_many_subgraphs_with_many_names() -> None:
    def many(count: int) -> bytes:
        branch = w.node("If", attributes=[w.graph_attribute("then_branch", w.graph([w.node("Relu", ["a"], ["b"])]))])
        return w.model(w.graph([branch] * count, initializers=[w.tensor(f"t{i}", raw=b"\0") for i in range(count)]))

    small, large = many(1_000), many(8_000)
    read_model_facts(small)
    once = min(seconds(lambda: read_model_facts(small)) for _ in range(3))
    assert seconds(lambda: read_model_facts(large)) < 40 * once, "8 times the size; 64 would be quadratic"


def test_time_is_linear_in_numbers_that_are_packed() -> None:
    def packed(count: int) -> bytes:
        return w.model(w.scoring_graph(initializers=[w.tensor("c", w.INT64, [count], int64s=[-1, 300] * (count // 2))]))

    small, large = packed(20_000), packed(400_000)
    read_model_facts(small)
    assert seconds(lambda: read_model_facts(large)) < 3.0, "a million numbers, read one by one, take longer"
    assert read_model_facts(large).nodes


@given(st.binary(max_size=400))
@settings(max_examples=500)
def test_arbitrary_bytes_raise_nothing_else(data: bytes) -> None:
    with pytest.raises(IntegrityError):
        read_model_facts(data)


@given(st.data())
@settings(max_examples=1_000)
def test_mutated_models_raise_nothing_else(data: st.DataObject) -> None:
    mutated = bytearray(data.draw(st.sampled_from([SIMPLE, RICH])))
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(mutated) - 1))
        length = data.draw(st.integers(0, 3))
        mutated[position : position + length] = data.draw(st.binary(max_size=3))
        if not mutated:
            break
    try:
        facts = read_model_facts(bytes(mutated))
    except IntegrityError:
        return
    assert facts.opsets
