"""From a TensorFlow function to an ONNX model within a target's caps."""

from __future__ import annotations

from typing import Any, Callable, Dict

import numpy as np
import pytest

from edge.bundle.caps import TARGETS
from edge.bundle.onnx_reader import read_model_facts
from edge.errors import CapsError
from edge.runtime.session import Session
from export.graph.convert import to_onnx

pytestmark = pytest.mark.usefixtures("loaded_tensorflow")


@pytest.fixture(scope="module")
def loaded_tensorflow(tensorflow: None) -> None:
    from export.extra import require_extra

    require_extra()


def graph(body: Callable[[Any, Any], Dict[str, Any]], dtype: str = "int32") -> Any:
    """A `tf.function` with the input ids [batch, 4]; `body` is given tensorflow and the ids."""
    import tensorflow as tf

    signature = [tf.TensorSpec((None, 4), getattr(tf, dtype), name="ids")]
    return tf.function(lambda ids: body(tf, ids), input_signature=signature)


def table_score(tf: Any, ids: Any) -> Dict[str, Any]:
    table = tf.constant(np.linspace(-2, 2, 40).reshape(10, 4).astype(np.float32))
    rows = tf.gather(table, ids)
    layer = tf.tensordot(rows, tf.constant(np.eye(4, 3, dtype=np.float32)), 1)
    token_scores = tf.reshape(tf.reduce_max(tf.nn.softplus(layer), axis=-1), (-1, 4))
    return {"score": tf.reduce_mean(token_scores, axis=-1), "token_scores": token_scores}


IDS = np.array([[number % 10, 3, 0, (number * 7) % 10] for number in range(7)], np.int32)


@pytest.mark.parametrize("target", TARGETS)
def test_the_model_is_what_the_target_asks_for(target: str) -> None:
    import onnx

    data, facts, _ = to_onnx(graph(table_score), target=target, name="line-test")
    assert facts == read_model_facts(data)
    assert (facts.opset, facts.ir_version) == (TARGETS[target].opset, min(facts.ir_version, 8))
    assert set(facts.opsets) == {""}, "the converter's own domains are dropped where no node is of them"
    spec = facts.graph_spec()
    assert [(one.name, one.dtype, one.shape) for one in spec.inputs] == [("ids", "int32", ["batch", 4])]
    assert {one.name: (one.dtype, one.shape) for one in spec.outputs} == {
        "score": ("float32", ["batch"]),
        "token_scores": ("float32", ["batch", 4]),
    }
    model = onnx.load_from_string(data)
    onnx.checker.check_model(model, full_check=True)
    assert (model.producer_name, model.producer_version, model.doc_string) == ("oddline", "", "")
    assert (model.graph.name, model.graph.doc_string) == ("line-test", "")


@pytest.mark.parametrize("batch", [1, 7])
def test_onnxruntime_computes_what_tensorflow_does(batch: int) -> None:
    traced = graph(table_score)
    data, *_ = to_onnx(traced, target="xavier-jp5", name="n")
    session = Session(data, provider="cpu", threads=1)
    assert session.input_names == ["ids"]
    score, token_scores = session.run(["score", "token_scores"], {"ids": IDS[:batch]})
    expected = traced(IDS[:batch])
    assert score.shape == (batch,)
    assert score == pytest.approx(expected["score"].numpy(), rel=1e-6)
    assert token_scores == pytest.approx(expected["token_scores"].numpy(), rel=1e-6)


def test_equal_functions_give_equal_bytes() -> None:
    """Also the second time in a process, when the counters of TensorFlow and tf2onnx have gone on."""
    one, *_ = to_onnx(graph(table_score), target="xavier-jp5", name="n")
    other, *_ = to_onnx(graph(table_score), target="xavier-jp5", name="n")
    assert one == other


def counted(tf: Any, ids: Any) -> Dict[str, Any]:
    """A number of steps that is known only when the graph runs."""
    start = (tf.constant(0), tf.cast(ids, tf.float32))
    _, total = tf.while_loop(lambda i, _: i < tf.shape(ids)[0], lambda i, x: (i + 1, x * 0.5 + 1.0), start)
    return {"score": tf.reduce_sum(total, axis=-1)}


def test_a_loop_is_refused_where_the_target_has_none() -> None:
    with pytest.raises(CapsError, match=r"^looping: .* uses Loop, which xavier-jp5 does not allow; trace the model"):
        to_onnx(graph(counted), target="xavier-jp5", name="looping")


def test_a_loop_runs_where_the_target_has_it() -> None:
    traced = graph(counted)
    data, facts, _ = to_onnx(traced, target="cpu", name="looping")
    assert ("", "Loop") in facts.node_counts
    (score,) = Session(data, provider="cpu", threads=1).run(["score"], {"ids": IDS})
    assert score == pytest.approx(traced(IDS)["score"].numpy(), rel=1e-6)


def test_an_input_of_another_type_is_refused() -> None:
    def mean(tf: Any, ids: Any) -> Dict[str, Any]:
        return {"score": tf.reduce_mean(tf.cast(ids, tf.float32), axis=-1)}

    for target in TARGETS:
        with pytest.raises(CapsError, match=f"input 'ids' is int64, and {target} takes float32 or int32"):
            to_onnx(graph(mean, "int64"), target=target, name="n")


def test_a_second_dynamic_axis_is_refused() -> None:
    import tensorflow as tf

    def mean(ids: Any) -> Dict[str, Any]:
        return {"score": tf.reduce_mean(tf.cast(ids, tf.float32), axis=-1)}

    traced = tf.function(mean, input_signature=[tf.TensorSpec((None, None), tf.int32, name="ids")])
    with pytest.raises(CapsError, match="only the first axis may be dynamic"):
        to_onnx(traced, target="xavier-jp5", name="n")


def test_an_unknown_target() -> None:
    with pytest.raises(CapsError, match="no target is named 'nano'; the targets are xavier-jp5, orin-jp6, cpu"):
        to_onnx(graph(table_score), target="nano", name="n")
