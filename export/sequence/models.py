"""From a trained model to the graph that is exported, and from a run back to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from edge.bundle.preprocessing import StepEncoderSpec
from export.run import Run
from export.sequence import classifier, default_model
from export.sequence.bags import Bags
from export.sequence.presets import PRESETS, SequencePreset
from export.sequence.rows import load_row_graph
from export.weights import check_preset, set_weights

_BAG_ARRAYS = 3


def score_function(scores: Callable[[Any], tuple[Any, Any]], length: int) -> Any:
    """A `tf.function` from ids int32 [batch, length] to score float32 [batch] and token_scores [batch, length]."""
    import tensorflow as tf

    signature = [tf.TensorSpec((None, length), tf.int32, name="ids")]

    @tf.function(input_signature=signature, autograph=False)  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def graph(ids: Any) -> dict[str, Any]:
        score, token_scores = scores(ids)
        return {
            "score": tf.identity(score, name="score"),
            "token_scores": tf.identity(token_scores, name="token_scores"),
        }

    return graph


def default_graph(model: default_model.Model, length: int) -> Any:
    """The graph of the unsupervised model."""
    return score_function(lambda ids: default_model.scores(model, ids), length)


def classifier_graph(model: Any, length: int) -> Any:
    """The graph of a supervised network."""
    return score_function(lambda ids: classifier.scores(model, ids), length)


def default_weights(model: default_model.Model) -> list[np.ndarray]:
    """All that the unsupervised model learnt, as arrays: those of the network, then the bags and the step weight."""
    return [*model.network.get_weights(), *model.bags, np.array([model.step_weight], np.float32)]


def build_classifier(preset: SequencePreset, vocabulary: int) -> Any:
    """A fresh supervised network of a preset."""
    return classifier.build(classifier.Shape(vocabulary, preset.length, preset.units))


def load_graph(run: Run) -> Any:
    """The run's model as the graph that is exported.

    Raises:
        SchemaError: this oddline has no such preset, or another network for it.
        IntegrityError: the weights are missing or damaged.
    """
    preset = PRESETS[check_preset(run, PRESETS)]
    encoder = run.spec.preprocessing.encoder
    if isinstance(encoder, StepEncoderSpec):
        return load_row_graph(run, preset, encoder)
    vocabulary = run.spec.network["vocabulary"]
    weights = run.weights()
    if run.spec.network["supervised"]:
        model = build_classifier(preset, vocabulary)
        set_weights(run, model, weights)
        return classifier_graph(model, preset.length)
    network = default_model.NextEvent(default_model.Shape(vocabulary))
    set_weights(run, network, weights[:-_BAG_ARRAYS])
    *bags, step_weight = weights[-_BAG_ARRAYS:]
    return default_graph(default_model.Model(network, Bags(*bags), float(step_weight[0])), preset.length)
