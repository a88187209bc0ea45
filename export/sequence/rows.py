"""Learning from sessions whose lines are rows of features: the features, then a network over windows of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from edge.bundle.preprocessing import Feature, Preprocessing, SessionSpec, StepEncoderSpec
from edge.encoders.steps import StepEncoder
from edge.formats.request_rows import CATEGORIES, ROW_FIELDS
from edge.table.rows import split_fields
from export.dataset import LogData
from export.labels import NORMAL
from export.run import Run
from export.sequence import row_network
from export.sequence.fit_classifier import fit_classifier
from export.sequence.presets import MOST_ROWS, SequencePreset
from export.sequence.row_network import RowNetwork, Scaling
from export.training.options import TrainOptions
from export.training.trainable import Fitted, Progress
from export.weights import set_weights

MOST_CATEGORIES = 12
"""Of a feature that is a word; all others are none of these, as what the learnt part does not hold."""


def fit_rows(
    training: LogData,
    sessions: SessionSpec,
    preset: SequencePreset,
    options: TrainOptions,
    *,
    say: Callable[[str], None],
    progress: Progress,
) -> Fitted:
    """A network over the windows of `training`, which holds both classes."""
    import keras

    spec = StepEncoderSpec(
        steps=steps_of(preset, sessions), max_segments=MOST_ROWS, features=features_of(training.contents)
    )
    inputs = Counter(training.contents)
    say(
        f"learning from {len(training):,} sessions, {len(inputs):,} distinct, in {spec.steps} steps of {spec.width} "
        "numbers"
    )
    encoded = StepEncoder(spec).encode(training.contents)
    rows = encoded.inputs["steps"]
    labels = np.array([kind != NORMAL for kind in training.kinds], np.float32)[encoded.owners]
    keras.utils.set_random_seed(options.seed)
    published = preset.name == "seed"
    scaling = row_network.fit_scaling(rows, logarithms=not published)
    network = RowNetwork(preset.name, preset.units, spec.steps, scaling)
    epochs = options.epochs or preset.passes
    losses: list[float] = []

    def show(epoch: int, of: int, loss: float) -> None:
        losses.append(loss)
        progress(epoch, of, loss)

    accuracy = fit_classifier(
        network,
        rows,
        labels,
        judge=row_network.judge,
        epochs=epochs,
        batch=preset.batch,
        seed=options.seed,
        progress=show,
    )
    graph = row_graph(network, spec)
    return Fitted(
        preprocessing=Preprocessing(format=training.format, masks=[], sessions=sessions, encoder=spec),
        files={},
        network={"supervised": 1},
        weights=network.get_weights(),
        inputs=inputs,
        graph=lambda _: graph,
        parameters={"supervised": True, "epochs": epochs, "batch": preset.batch, "features": len(spec.features)},
        fixed_threshold=preset.threshold,
        history={"loss": losses, "accuracy": accuracy},
    )


def steps_of(preset: SequencePreset, sessions: SessionSpec) -> int:
    """The published network has a fixed number of steps; the other as many as a window has lines."""
    return preset.length if preset.name == "seed" or sessions.length is None else sessions.length


def features_of(contents: Sequence[str]) -> list[Feature]:
    """All fields of rows; the categories are the commonest ones of the distinct rows."""
    rows = [split_fields(row) for row in _distinct(contents)]
    features = []
    for place, name in enumerate(ROW_FIELDS):
        counts = Counter(row[place] for row in rows) if name in CATEGORIES else None
        known = None if counts is None else sorted(counts, key=lambda word: (-counts[word], word))[:MOST_CATEGORIES]
        features.append(Feature(name=name, categories=known))
    return features


def _distinct(contents: Sequence[str]) -> Iterable[str]:
    return dict.fromkeys(row for content in contents for row in content.split(" "))


def row_graph(network: RowNetwork, spec: StepEncoderSpec) -> Any:
    """A `tf.function` from steps float32 [batch, steps, 1 + width] to score [batch] and step_scores [batch, steps]."""
    import tensorflow as tf

    signature = [tf.TensorSpec((None, spec.steps, 1 + spec.width), tf.float32, name="steps")]

    @tf.function(input_signature=signature, autograph=False)  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def graph(steps: Any) -> dict[str, Any]:
        score, step_scores = row_network.scores(network, steps)
        return {
            "score": tf.identity(score, name="score"),
            "step_scores": tf.identity(step_scores, name="step_scores"),
        }

    return graph


def load_row_graph(run: Run, preset: SequencePreset, spec: StepEncoderSpec) -> Any:
    """The run's network as the graph that is exported.

    Raises:
        SchemaError: the weights are of another network.
        IntegrityError: they are missing or damaged.
    """
    nothing = np.zeros(spec.width, np.float32)
    network = RowNetwork(preset.name, preset.units, spec.steps, Scaling(nothing, nothing, preset.name != "seed"))
    set_weights(run, network, run.weights())
    return row_graph(network, spec)
