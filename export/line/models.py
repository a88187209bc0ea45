"""From a preset to its Keras model, and from a run back to it."""

from __future__ import annotations

from typing import Any

import numpy as np

from edge.bundle.manifest import TOKENIZER_NAME
from edge.bundle.preprocessing import TokenEncoderSpec
from edge.errors import SchemaError
from export.line import default_model, seed_model
from export.line.presets import PRESETS
from export.line.tokenizer import token_characters
from export.run import RUN_NAME, WEIGHTS_NAME, Run


def build_model(preset: str, *, vocabulary: int, length: int) -> Any:
    """A fresh Keras model of a preset."""
    if preset == "seed":
        return seed_model.build(vocabulary, length)
    return default_model.build(default_model.Shape(vocabulary))


def score_function(preset: str, model: Any, length: int, characters: np.ndarray) -> Any:
    """A `tf.function` from ids int32 [batch, length] to score float32 [batch] and token_scores [batch, length].

    This is what is exported, and what Keras is compared with. `characters`, float32 [vocabulary], is how many of them
    each token stands for.
    """
    import tensorflow as tf

    signature = [tf.TensorSpec((None, length), tf.int32, name="ids")]

    @tf.function(input_signature=signature, autograph=False)  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def graph(ids: Any) -> dict[str, Any]:
        if preset == "seed":
            score, token_scores = seed_model.scores(model, ids)
        else:
            score, token_scores = default_model.scores(model, ids, characters)
        return {
            "score": tf.identity(score, name="score"),
            "token_scores": tf.identity(token_scores, name="token_scores"),
        }

    return graph


def load_model(run: Run) -> Any:
    """The run's Keras model with its trained weights.

    Raises:
        SchemaError: this oddline has no such preset, or another network for it.
        IntegrityError: the weights are missing or damaged.
    """
    preset = run.spec.preset
    if preset not in PRESETS:
        raise SchemaError(f"there is no preset {preset!r}", where=str(run.folder / RUN_NAME), mend="train again")
    weights = run.weights()
    model = build_model(preset, vocabulary=run.spec.network["vocabulary"], length=token_encoder(run).length)
    if [weight.shape for weight in weights] != [weight.shape for weight in model.get_weights()]:
        raise SchemaError(
            f"the weights do not fit the network of the preset {preset}",
            where=str(run.folder / WEIGHTS_NAME),
            mend="train again",
        )
    model.set_weights(weights)
    return model


def load_graph(run: Run) -> Any:
    """The run's model as the graph that is exported.

    Raises:
        SchemaError: as in `load_model`.
        IntegrityError: as in `load_model`.
    """
    model = load_model(run)
    return score_function(run.spec.preset, model, token_encoder(run).length, token_characters(run.read(TOKENIZER_NAME)))


def token_encoder(run: Run) -> TokenEncoderSpec:
    """The encoder of a run whose inputs are tokens.

    Raises:
        SchemaError: they are not.
    """
    encoder = run.spec.preprocessing.encoder
    if not isinstance(encoder, TokenEncoderSpec):
        raise SchemaError("its inputs are no tokens", where=str(run.folder / RUN_NAME), mend="train again")
    return encoder
