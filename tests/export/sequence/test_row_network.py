"""The networks over windows of rows: as published, scaling, padding, operators, and what they learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edge.bundle.preprocessing import Feature, StepEncoderSpec

STEPS, WIDTH = 8, 3
SPEC = StepEncoderSpec(
    steps=STEPS, max_segments=4, features=[Feature(name=name, categories=None) for name in ("a", "b", "c")]
)
PRESETS = ("seed", "default")


def windows(count: int, seed: int = 0, lines: int = STEPS) -> tuple[np.ndarray, np.ndarray]:
    """Windows of which half hold a line whose first number is large, and their labels."""
    random = np.random.default_rng(seed)
    rows = np.zeros((count, STEPS, 1 + WIDTH), np.float32)
    rows[:, STEPS - lines :, 0] = 1.0
    rows[:, STEPS - lines :, 1:] = random.normal(50.0, 10.0, (count, lines, WIDTH))
    labels = (np.arange(count) % 2).astype(np.float32)
    odd = random.integers(STEPS - lines, STEPS, count)
    for window in np.flatnonzero(labels):
        rows[window, odd[window], 1] = 200.0
    return rows, labels


def learn(preset: str, rows: np.ndarray, labels: np.ndarray, epochs: int) -> Any:
    import keras

    from export.sequence import row_network
    from export.sequence.fit_classifier import fit_classifier

    keras.utils.set_random_seed(0)
    scaling = row_network.fit_scaling(rows, logarithms=preset != "seed")
    network = row_network.RowNetwork(preset, (16, 8), STEPS, scaling)
    accuracy = fit_classifier(
        network,
        rows,
        labels,
        judge=row_network.judge,
        epochs=epochs,
        batch=20,
        seed=0,
        progress=lambda *_: None,
    )
    assert len(accuracy) == epochs
    assert accuracy[-1] > 0.9 > accuracy[0]
    return network


@pytest.fixture(scope="module", params=PRESETS)
def learnt(request: pytest.FixtureRequest, tensorflow: None) -> Any:
    from export.extra import require_extra

    require_extra()
    return learn(request.param, *windows(400), epochs=25)


def run(network: Any, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from export.sequence.rows import row_graph

    found = row_graph(network, SPEC)(rows)
    return found["score"].numpy(), found["step_scores"].numpy()


def test_new_windows_are_told_apart_and_the_odd_line_is_named(learnt: Any) -> None:
    rows, labels = windows(200, seed=1)
    scores, steps = run(learnt, rows)
    assert np.mean((scores >= 0.5) == (labels > 0)) > 0.9
    found = np.flatnonzero((scores >= 0.5) & (labels > 0))
    named = steps[found].argmax(axis=1)
    assert np.mean(named == rows[found, :, 1].argmax(axis=1)) > 0.9


def test_steps_without_a_line_count_for_nothing(learnt: Any) -> None:
    rows, _ = windows(20, seed=2, lines=3)
    other = rows.copy()
    other[:, : STEPS - 3, 1:] = 1e6
    for found, expected in zip(run(learnt, other), run(learnt, rows), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert (run(learnt, rows)[1][:, : STEPS - 3] == 0).all()


@pytest.mark.parametrize("value", [0.0, 1e15, 3e38, -3e38])
def test_scores_are_probabilities_whatever_stands_there(learnt: Any, value: float) -> None:
    rows = np.full((2, STEPS, 1 + WIDTH), value, np.float32)
    rows[..., 0] = [[1.0], [0.0]]
    for found in run(learnt, rows):
        assert found.dtype == np.float32
        assert ((found >= 0) & (found <= 1)).all()


def test_on_the_device(learnt: Any) -> None:
    from export.graph.convert import to_onnx
    from export.sequence.rows import row_graph

    runtime = pytest.importorskip("onnxruntime")
    data, facts, _ = to_onnx(row_graph(learnt, SPEC), target="xavier-jp5", name="rows")
    assert facts.node_counts["", "LSTM"] == (2 if learnt.published else 1)
    session = runtime.InferenceSession(data, providers=["CPUExecutionProvider"])
    rows = np.concatenate([windows(30, seed=3)[0], windows(3, seed=4, lines=2)[0]])
    for found, expected in zip(session.run(["score", "step_scores"], {"steps": rows}), run(learnt, rows), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=5e-6)


def test_scaling_is_that_of_the_lines_that_are_there(tensorflow: None) -> None:
    from export.sequence.row_network import fit_scaling, scale

    rows, _ = windows(50, lines=5)
    rows[..., 3] = 7.0
    scaling = fit_scaling(rows, logarithms=False)
    scaled = scale(rows, scaling).numpy()
    assert (scaled[:, : STEPS - 5] == 0).all()
    there = scaled[:, STEPS - 5 :].reshape(-1, WIDTH)
    np.testing.assert_allclose(there.mean(axis=0), 0.0, atol=1e-4)
    np.testing.assert_allclose(there.std(axis=0), [1.0, 1.0, 0.0], atol=1e-4)
    assert scaling.inverse[2] == 1.0, "what never varies is not scaled"
    logarithms = fit_scaling(rows, logarithms=True)
    np.testing.assert_allclose(logarithms.mean[2], np.log(8.0), rtol=1e-6)


def test_the_published_layers(tensorflow: None) -> None:
    from export.sequence.presets import PRESETS as DATA
    from export.sequence.row_network import published

    preset = DATA["seed"]
    found = []
    for layer in published(preset.length, WIDTH, preset.units).layers:
        detail = getattr(layer, "units", getattr(layer, "rate", ""))
        found.append(f"{type(layer).__name__} {detail}".strip())
    assert found == ["InputLayer", "LSTM 128", "Dropout 0.2", "LSTM 64", "Dropout 0.2", "Dense 1", "Reshape"]
    assert (preset.length, preset.batch, preset.passes, preset.threshold) == (100, 64, 10, 0.5)


def test_the_published_probability_is_that_after_the_last_line(tensorflow: None) -> None:
    """A Keras model that is put together as published, with the same weights, gives the same."""
    import keras
    from keras import layers

    from export.sequence.row_network import RowNetwork, fit_scaling

    keras.utils.set_random_seed(1)
    rows, _ = windows(9)
    network = RowNetwork("seed", (16, 8), STEPS, fit_scaling(rows, logarithms=False))
    scaled = keras.Input((STEPS, WIDTH))
    x = layers.Dropout(0.2)(layers.LSTM(16, return_sequences=True)(scaled))
    x = layers.Dropout(0.2)(layers.LSTM(8)(x))
    model = keras.Model(scaled, layers.Dense(1, activation="sigmoid")(x))
    mean, inverse, *weights = network.get_weights()
    model.set_weights(weights)
    expected = model((rows[..., 1:] - mean) * inverse).numpy()[:, 0]
    np.testing.assert_allclose(run(network, rows)[0], expected, rtol=1e-5)


def test_the_default_probability_is_that_of_any_line(tensorflow: None) -> None:
    import keras

    from export.sequence.row_network import RowNetwork, fit_scaling

    keras.utils.set_random_seed(1)
    rows, _ = windows(9, lines=5)
    scores, steps = run(RowNetwork("default", (16, 8), STEPS, fit_scaling(rows, logarithms=True)), rows)
    np.testing.assert_allclose(scores, 1 - np.prod(1 - steps.astype(np.float64), axis=1), rtol=1e-4)
    assert (scores > 0.01).all()
    assert (scores < 0.3).all(), "an untrained network takes eight lines for normal"


def test_a_loss_that_is_no_number_is_an_error(tensorflow: None) -> None:
    from edge.errors import TrainingError

    rows, labels = windows(20)
    rows[0, 0, 1] = np.nan
    with pytest.raises(TrainingError, match="no finite number"):
        learn("seed", rows, labels, epochs=1)
