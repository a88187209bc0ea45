"""From a run to its model, whichever detector reads its tokens."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from edge.bundle.preprocessing import TokenEncoderSpec
from edge.errors import SchemaError
from export.run import RUN_NAME, Run
from export.weights import check_preset, set_weights


def scoring_graph(scores: Callable[[Any], tuple[Any, Any]], length: int) -> Any:
    """A `tf.function` from ids int32 [batch, length] to score float32 [batch] and token_scores [batch, length].

    `scores` computes the two. This is what is exported, and what Keras is compared with.
    """
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


def load_model(run: Run, presets: Collection[str], build: Callable[..., Any]) -> Any:
    """The run's Keras model with its trained weights.

    `build` makes a fresh one of a preset, as ``build(preset, vocabulary=..., length=...)``.

    Raises:
        SchemaError: this oddline has no such preset, or another network for it.
        IntegrityError: the weights are missing or damaged.
    """
    preset = check_preset(run, presets)
    weights = run.weights()
    model = build(preset, vocabulary=run.spec.network["vocabulary"], length=token_encoder(run).length)
    set_weights(run, model, weights)
    return model


def token_encoder(run: Run) -> TokenEncoderSpec:
    """The encoder of a run whose inputs are tokens.

    Raises:
        SchemaError: they are not.
    """
    encoder = run.spec.preprocessing.encoder
    if not isinstance(encoder, TokenEncoderSpec):
        raise SchemaError("its inputs are no tokens", where=str(run.folder / RUN_NAME), mend="train again")
    return encoder
