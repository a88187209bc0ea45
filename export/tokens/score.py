"""The score of a row of tokens, from how odd each of them is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from export.plain import log_sum_exp
from export.tokens.network import CONTINUATION_ID, PAD_ID


@dataclass(frozen=True, eq=False)
class Weighing:
    """How the tokens of a row count.

    `tokens`, float32 [vocabulary], is the weight of each token in the mean of the head, where the weight of a place
    falls to 1/e after `head_tokens`. `stretch_share` is how much the oddest `stretch_tokens` on end count against that,
    and `most_surprise` what a token counts with at most, in nats.
    """

    tokens: np.ndarray
    head_tokens: float
    stretch_tokens: int
    stretch_share: float
    most_surprise: float


def scores(model: Any, ids: Any, weighing: Weighing) -> tuple[Any, Any]:
    """Score float32 [batch] and token scores float32 [batch, length] of ids int32 [batch, length].

    A token's score is its surprise in nats, ``-ln p(token | all other tokens of the row)``. Padding and the marker of a
    continuation score 0.

    The score of a row is the weighted mean over its tokens, with weights that fall off from its beginning. It is a
    share of the mean over the oddest stretch of tokens anywhere, if that is higher, and only this for a row that
    continues a record. In both, a token counts with at most `most_surprise`: how much odder than that it is, a network
    that never saw it cannot tell, and no single token should decide.
    """
    import tensorflow as tf

    logits = model(ids, training=False)
    chosen = tf.gather(logits, ids[..., None], batch_dims=2)[..., 0]
    real = _differs(ids, PAD_ID) * _differs(ids, CONTINUATION_ID)
    token_scores = (log_sum_exp(logits) - chosen) * real
    counted = tf.minimum(token_scores, weighing.most_surprise)
    length = int(ids.shape[-1])
    places = head_weights(length, weighing.head_tokens)
    weights = tf.gather(tf.constant(weighing.tokens.astype(np.float32)), ids) * places * real
    head = tf.reduce_sum(counted * weights, axis=-1) / tf.maximum(tf.reduce_sum(weights, axis=-1), 1e-6)
    is_head = _differs(ids[:, 0], CONTINUATION_ID)
    stretches = tf.matmul(counted, tf.constant(stretch_means(length, weighing.stretch_tokens)))
    anywhere = weighing.stretch_share * tf.reduce_max(stretches, axis=-1)
    return tf.maximum(head * is_head, anywhere), token_scores


def _differs(ids: Any, token: int) -> Any:
    """float32, 1 where an id is another one than `token`, else 0."""
    import tensorflow as tf

    return tf.cast(tf.not_equal(ids, token), tf.float32)


def head_weights(length: int, head_tokens: float) -> np.ndarray:
    """float32 [length]: the weight of each place of a row."""
    weights: np.ndarray = np.exp(-np.arange(length, dtype=np.float32) / head_tokens)
    return weights.astype(np.float32)


def stretch_means(length: int, tokens: int) -> np.ndarray:
    """float32 [length, stretches]: a row times this is the mean over each stretch of so many places."""
    starts = np.arange(max(length - tokens, 0) + 1)
    places = np.arange(length)[:, None] - starts
    return ((places >= 0) & (places < tokens)).astype(np.float32) / tokens
