"""An embedding and the convolution over it, folded into tables: equal scores, smaller, and only where it is allowed."""

from __future__ import annotations

from typing import Any, List, Tuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.runtime.session import Session
from export.graph.cleanup import clean_up
from export.graph.folding import fold_embeddings

LENGTH = 9


@pytest.fixture(autouse=True)
def _needs_onnx(tensorflow: None) -> None:
    """The packages of the extra `export`."""


def network(
    vocabulary: int = 40, embedding: int = 8, taps: int = 2, outputs: int = 3, dilation: int = 1, **attributes: Any
) -> Any:
    """Embedding and Conv1D as tf2onnx writes them, then Elu: ids int32 [batch, 9] to [batch, outputs, places]."""
    from onnx import TensorProto, helper, numpy_helper

    random = np.random.default_rng(vocabulary)
    constants = {
        "table": random.normal(size=(vocabulary, embedding)).astype(np.float32),
        "kernel": random.normal(size=(outputs, embedding, 1, taps)).astype(np.float32),
        "bias": random.normal(size=(1, outputs, 1)).astype(np.float32),
        "third": np.array([1], np.int64),
        "line": np.array([2], np.int64),
    }
    nodes = [
        helper.make_node("Gather", ["table", "ids"], ["embedded"], axis=0),
        helper.make_node("Unsqueeze", ["embedded", "third"], ["flat"]),
        helper.make_node("Transpose", ["flat"], ["channels"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["channels", "kernel"], ["taps"], dilations=[1, dilation], **attributes),
        helper.make_node("Squeeze", ["taps", "line"], ["places"]),
        helper.make_node("Add", ["places", "bias"], ["sums"]),
        helper.make_node("Elu", ["sums"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("ids", TensorProto.INT32, ["batch", LENGTH])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", outputs, None])],
        [numpy_helper.from_array(values, name) for name, values in constants.items()],
    )
    return helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 16)])


def run(model: Any, ids: np.ndarray) -> np.ndarray:
    return Session(model.SerializeToString(), provider="cpu", threads=1).run(["y"], {"ids": ids})[0]


def folded(model: Any) -> Tuple[Any, List[str]]:
    changed = type(model).FromString(model.SerializeToString())
    said = fold_embeddings(changed)
    clean_up(changed)
    return changed, said


def operators(model: Any) -> List[str]:
    return [node.op_type for node in model.graph.node]


@settings(max_examples=30)
@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 3), st.integers(2, 60))
def test_tables_give_what_the_layers_gave(taps: int, outputs: int, dilation: int, vocabulary: int) -> None:
    model = network(vocabulary, 12, taps, outputs, dilation)
    after, said = folded(model)
    assert len(said) == 1
    assert "Conv" not in operators(after)
    ids = np.random.default_rng(1).integers(0, vocabulary, (5, LENGTH)).astype(np.int32)
    assert run(after, ids) == pytest.approx(run(model, ids), rel=1e-5, abs=1e-5)


def test_it_is_smaller_and_says_what_was_done() -> None:
    after, (said,) = folded(network())
    used = {name for node in after.graph.node for name in node.input}
    sizes = {one.name: int(np.prod(one.dims)) for one in after.graph.initializer if one.name in used}
    assert max(sizes.values()) == 40 * 2 * 3
    assert said == (
        "embedding of 40 tokens, 8 wide, and convolution of 2 taps with 3 outputs, into tables of 2 x 3 for each token"
    )


def test_tables_that_would_be_larger_are_not_made() -> None:
    model = network(embedding=4, taps=3, outputs=4)
    after, said = folded(model)
    assert said == []
    assert operators(after) == operators(model)


@pytest.mark.parametrize(
    "attributes", [{"pads": [0, 1, 0, 1]}, {"strides": [1, 2]}, {"auto_pad": "SAME_UPPER"}], ids=str
)
def test_another_kind_of_convolution_stays(attributes: Any) -> None:
    assert folded(network(**attributes))[1] == []


def test_an_embedding_with_another_user_stays() -> None:
    from onnx import TensorProto, helper

    model = network()
    model.graph.output.append(helper.make_tensor_value_info("embedded", TensorProto.FLOAT, ["batch", LENGTH, 8]))
    assert folded(model)[1] == []


def test_axes_in_another_order_stay() -> None:
    """With as many places as the embedding is wide, shapes alone would not tell."""
    model = network(embedding=LENGTH)
    (transpose,) = [node for node in model.graph.node if node.op_type == "Transpose"]
    transpose.attribute[0].ints[:] = [0, 2, 1, 3]
    assert folded(model)[1] == []


def test_another_axis_that_is_taken_away_stays() -> None:
    model = network(outputs=1)
    (squeeze,) = [node for node in model.graph.node if node.op_type == "Squeeze"]
    squeeze.input[1] = "third"
    assert folded(model)[1] == []
