"""From a preset to its Keras model, and from a run back to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge.errors import SchemaError
from edge.text.encoder import TokenEncoder
from edge.text.masks import Masker
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


@dataclass
class RowScorer:
    """A trained model with the device's preprocessing around it.

    `graph` gives score and token scores, as arrays, for ids int32 [rows, length].
    """

    masker: Masker
    encoder: TokenEncoder
    skip_characters: int
    graph: Callable[[np.ndarray], dict[str, Any]]

    def mask(self, contents: Sequence[str]) -> list[str]:
        """The contents as the tokenizer sees them."""
        return self.masker.apply([content[self.skip_characters :] for content in contents])

    def score(self, contents: Sequence[str]) -> np.ndarray:
        """float32 [n], each distinct masked content computed once."""
        if not contents:
            return np.zeros(0, np.float32)
        masked = self.mask(contents)
        index: dict[str, int] = {}
        position = [index.setdefault(text, len(index)) for text in masked]
        rows = self.encoder.encode(list(index))
        scores = self.score_rows(rows.ids)
        highest = np.maximum.reduceat(scores, np.searchsorted(rows.owners, np.arange(len(index))))
        return highest[position]

    def score_rows(self, ids: np.ndarray, batch: int = 512) -> np.ndarray:
        """float32 [rows] of ids int32 [rows, length]."""
        parts = [np.asarray(self.graph(ids[start : start + batch])["score"]) for start in range(0, len(ids), batch)]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)


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
    model = build_model(preset, vocabulary=run.spec.vocabulary, length=run.spec.preprocessing.encoder.length)
    if [weight.shape for weight in weights] != [weight.shape for weight in model.get_weights()]:
        raise SchemaError(
            f"the weights do not fit the network of the preset {preset}",
            where=str(run.folder / WEIGHTS_NAME),
            mend="train again",
        )
    model.set_weights(weights)
    return model


def load_scorer(run: Run) -> RowScorer:
    """The run as something that scores contents."""
    preprocessing = run.spec.preprocessing
    return make_scorer(run.spec.preset, load_model(run), preprocessing, run.tokenizer)


def make_scorer(preset: str, model: Any, preprocessing: Any, tokenizer: bytes) -> RowScorer:
    """A scorer around a model in memory."""
    return RowScorer(
        Masker(preprocessing.masks),
        TokenEncoder(preprocessing.encoder, tokenizer),
        preprocessing.format.skip_characters,
        score_function(preset, model, preprocessing.encoder.length, token_characters(tokenizer)),
    )
