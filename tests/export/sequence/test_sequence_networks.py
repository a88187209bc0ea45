"""The graphs: padding, numbers, operators, and what they learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edge.bundle.onnx_reader import ModelFacts
from export.sequence.tokenizer import BEGIN_ID, END_ID, PAD_ID, UNSEEN_ID

A, B, C = 5, 6, 7
VOCABULARY, LENGTH = 9, 16


def rows(*contents: list[int], length: int = LENGTH) -> np.ndarray:
    ids = np.full((len(contents), length), PAD_ID, np.int32)
    for row, content in zip(ids, contents, strict=True):
        marked = [BEGIN_ID, *content, END_ID]
        row[: len(marked)] = marked
    return ids


NORMAL = rows(*[[A, B, C]] * 40, *[[A, B, B, C]] * 20, *[[A, B, B, B, C]] * 10)


@pytest.fixture(scope="module")
def learnt(tensorflow: None) -> Any:
    from export.extra import require_extra
    from export.sequence.default_model import Shape
    from export.sequence.fit import Sample, fit

    require_extra()
    order = np.random.default_rng(0).permutation(len(NORMAL))
    sample = Sample(NORMAL[order], np.arange(len(NORMAL)), len(NORMAL))
    return fit(sample, shape=Shape(VOCABULARY, units=16), epochs=1, batch=32, seed=0, progress=lambda *_: None)


def run(model: Any, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from export.sequence.models import default_graph

    found = default_graph(model, ids.shape[1])(ids)
    return found["score"].numpy(), found["token_scores"].numpy()


def test_odd_sessions_score_higher(learnt: Any) -> None:
    """Missing and repeated events, a wrong order, an early end, a rare and an unseen event, and nothing at all."""
    odd = [[A, C], [A, B, C, C], [B, A, C], [A, B], [A, B, 8, C], [A, B, UNSEEN_ID, C], []]
    normal, _ = run(learnt.model, NORMAL)
    found, _ = run(learnt.model, rows(*odd))
    assert found.min() > 1.2 * normal.max(), dict(zip(map(str, odd), found, strict=True))


def test_fold_scores_are_those_of_sessions(learnt: Any) -> None:
    assert learnt.fold_scores.shape == (len(NORMAL),)
    assert learnt.fold_scores.dtype == np.float32
    assert np.isfinite(learnt.fold_scores).all()
    assert learnt.model.step_weight > 0


def test_an_event_that_only_the_held_out_block_has_is_unseen_there(tensorflow: None) -> None:
    from export.sequence.default_model import Shape
    from export.sequence.fit import Sample, fit

    order = np.random.default_rng(0).permutation(len(NORMAL))
    ids = np.concatenate([NORMAL[order], rows([A, 8, C])])
    sample = Sample(ids, np.arange(len(ids)), len(ids))
    scores = fit(
        sample, shape=Shape(VOCABULARY, units=8), epochs=1, batch=32, seed=0, progress=lambda *_: None
    ).fold_scores
    assert int(np.argmax(scores)) == len(ids) - 1


def test_the_odd_event_is_pointed_at(learnt: Any) -> None:
    _, tokens = run(learnt.model, rows([A, B, 8, C], [A, B]))
    assert int(np.argmax(tokens[0])) == 3
    assert int(np.argmax(tokens[1])) in (2, 3)
    assert tokens[1, 2] == tokens[1, 3] > 0, "an early end is shown at the last event too"


def test_padding_counts_for_nothing(learnt: Any) -> None:
    contents = [[A, B, C], [], [8, 8, 8, UNSEEN_ID], [B] * 12]
    short, long = rows(*contents), rows(*contents, length=40)
    for found, other in zip(run(learnt.model, short), run(learnt.model, long), strict=True):
        width = min(LENGTH, other.shape[-1])
        np.testing.assert_allclose(found, other[:, :width] if other.ndim == 2 else other, rtol=1e-5, atol=1e-5)
    assert (run(learnt.model, short)[1][short == PAD_ID] == 0).all()


def test_scores_are_finite_for_any_ids(learnt: Any) -> None:
    ids = np.random.default_rng(0).integers(0, VOCABULARY, (500, LENGTH)).astype(np.int32)
    ids[0] = PAD_ID
    ids[1] = UNSEEN_ID
    ids[2] = A
    for found in run(learnt.model, ids):
        assert found.dtype == np.float32
        assert np.isfinite(found).all()


def facts_of(graph: Any) -> tuple[ModelFacts, Any]:
    from export.graph.convert import to_onnx

    runtime = pytest.importorskip("onnxruntime")
    data, facts, _ = to_onnx(graph, target="xavier-jp5", name="sequence")
    assert to_onnx(graph, target="xavier-jp5", name="sequence")[0] == data, "equal models are equal bytes"
    return facts, runtime.InferenceSession(data, providers=["CPUExecutionProvider"])


def operators(facts: ModelFacts) -> dict[str, int]:
    return {name: number for (_, name), number in facts.node_counts.items()}


def test_the_default_graph_on_the_device(learnt: Any) -> None:
    from export.sequence.models import default_graph

    facts, session = facts_of(default_graph(learnt.model, LENGTH))
    assert operators(facts)["LSTM"] == 1
    ids = np.concatenate([NORMAL[:5], rows([8], [], [C, B, A])])
    for found, expected in zip(
        session.run(["score", "token_scores"], {"ids": ids}), run(learnt.model, ids), strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.fixture(scope="module")
def classifier(tensorflow: None) -> Any:
    import keras

    from export.sequence.classifier import Shape, build, judge
    from export.sequence.fit_classifier import fit_classifier

    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    contents = [[int(n) for n in random.integers(A, C, random.integers(2, 9))] for _ in range(200)]
    for content in contents[:100]:
        content.insert(int(random.integers(len(content))), 8)
    model = build(Shape(VOCABULARY, LENGTH, (16, 8)))
    labels = np.repeat([1.0, 0.0], 100).astype(np.float32)
    quiet = {"seed": 0, "progress": lambda *_: None}
    fit_classifier(model, rows(*contents), labels, judge=judge, epochs=12, batch=20, **quiet)
    return model


def test_the_supervised_graph(classifier: Any) -> None:
    from export.sequence.models import classifier_graph

    graph = classifier_graph(classifier, LENGTH)
    ids = rows([A, B, A], [A, B, 8, A], [], [B] * 10)
    found = graph(ids)
    score, tokens = found["score"].numpy(), found["token_scores"].numpy()
    assert score[1] > 0.7 > 0.3 > score[0]
    assert int(np.argmax(tokens[1])) in (3, 4), "the odd event raises the probability"
    assert (tokens >= 0).all()
    assert (tokens[ids == PAD_ID] == 0).all()
    facts, session = facts_of(graph)
    assert operators(facts)["LSTM"] == 2
    exported = session.run(["score"], {"ids": ids})[0]
    assert (np.abs(exported - score) / np.maximum(np.maximum(exported, score), 0.5)).max() < 1e-5


def test_padding_counts_for_nothing_in_the_supervised_network(classifier: Any) -> None:
    from export.sequence.classifier import last_logit

    ids = rows([A, B], [A])
    logits = np.arange(2 * LENGTH, dtype=np.float32).reshape(2, LENGTH)
    assert last_logit(logits, ids).numpy().tolist() == [3.0, LENGTH + 2.0]
    before = classifier(ids).numpy()
    changed = ids.copy()
    changed[0, 5:] = A
    assert (classifier(changed).numpy()[0, :4] == before[0, :4]).all()


@pytest.mark.parametrize(
    ("preset", "layers"),
    [("seed", ["Embedding", "LSTM 128", "Dropout 0.2", "LSTM 64", "Dropout 0.2", "Dense 1"])],
)
def test_the_published_network(tensorflow: None, preset: str, layers: list[str]) -> None:
    from export.sequence.models import build_classifier
    from export.sequence.presets import PRESETS

    found = []
    for layer in build_classifier(PRESETS[preset], VOCABULARY).layers:
        detail = getattr(layer, "units", getattr(layer, "rate", ""))
        found.append(f"{type(layer).__name__} {detail}".strip())
    assert [name for name in found if not name.startswith(("InputLayer", "Reshape"))] == layers
    chosen = PRESETS[preset]
    assert (chosen.length, chosen.batch, chosen.passes, chosen.threshold) == (100, 64, 10, 0.5)
