"""The graph of every detector and preset, with untrained weights: its operators are those of a trained one."""

from __future__ import annotations

from typing import Any, Callable, Dict

import numpy as np

LENGTH, VOCABULARY = 32, 60
STEPS, FEATURES = 6, 3


def line_default() -> Any:
    from export.line.models import build_model, score_function

    model = build_model("default", vocabulary=VOCABULARY, length=LENGTH)
    return score_function("default", model, LENGTH, np.ones(VOCABULARY, np.float32))


def line_seed() -> Any:
    from export.line.models import build_model, score_function

    model = build_model("seed", vocabulary=VOCABULARY, length=LENGTH)
    return score_function("seed", model, LENGTH, np.ones(VOCABULARY, np.float32))


def access_default() -> Any:
    from export.access.models import build_model, score_function

    model = build_model("default", vocabulary=VOCABULARY, length=LENGTH)
    return score_function("default", model, vocabulary=VOCABULARY, length=LENGTH)


def access_seed() -> Any:
    from export.access.models import build_model, score_function

    model = build_model("seed", vocabulary=VOCABULARY, length=LENGTH)
    return score_function("seed", model, vocabulary=VOCABULARY, length=LENGTH)


def flow_default(hidden: int = 4) -> Any:
    from export.flow.models import graph_of, shapes
    from export.flow.presets import ATTACK, NOVELTY

    width, axes, components = 5, 2, 3
    network = {"width": width, "hidden": hidden, "axes": axes, "components": components}
    weights = [np.ones(shape, np.float32) for shape in shapes("default", network)]
    return graph_of("default", weights, {NOVELTY: 1.0, ATTACK: 0.5} if hidden else {NOVELTY: 1.0})


def flow_seed() -> Any:
    from export.flow.models import graph_of, shapes

    weights = [np.ones(shape, np.float32) for shape in shapes("seed", {"width": 5, "hidden": 4})]
    return graph_of("seed", weights, {})


def sequence_default() -> Any:
    from export.sequence.bags import COUNT_LEVELS, Bags
    from export.sequence.default_model import Model, NextEvent, Shape
    from export.sequence.models import default_graph

    table = np.ones((VOCABULARY * len(COUNT_LEVELS), 7), np.float32)
    return default_graph(
        Model(NextEvent(Shape(VOCABULARY)), Bags(table, np.ones(7, np.float32)), 1.0),
        LENGTH,
    )


def sequence_classifier(preset: str) -> Any:
    from export.sequence.models import build_classifier, classifier_graph
    from export.sequence.presets import PRESETS

    return classifier_graph(build_classifier(PRESETS[preset], VOCABULARY), PRESETS[preset].length)


def sequence_rows(preset: str) -> Any:
    from edge.bundle.preprocessing import Feature, StepEncoderSpec
    from export.sequence.row_network import RowNetwork, Scaling
    from export.sequence.rows import row_graph

    ones = np.ones(FEATURES, np.float32)
    network = RowNetwork(preset, (8, 4), STEPS, Scaling(ones, ones, preset != "seed"))
    features = [Feature(name=str(number), categories=None) for number in range(FEATURES)]
    return row_graph(network, StepEncoderSpec(steps=STEPS, max_segments=4, features=features))


GRAPHS: Dict[str, Callable[[], Any]] = {
    "line default": line_default,
    "line seed": line_seed,
    "access default": access_default,
    "access seed": access_seed,
    "flow default": flow_default,
    "flow default without labels": lambda: flow_default(hidden=0),
    "flow seed": flow_seed,
    "sequence default": sequence_default,
    "sequence default with labels": lambda: sequence_classifier("default"),
    "sequence seed with labels": lambda: sequence_classifier("seed"),
    "sequence default of rows": lambda: sequence_rows("default"),
    "sequence seed of rows": lambda: sequence_rows("seed"),
}
"""A function that makes the `tf.function` of each."""
