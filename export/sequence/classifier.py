"""The supervised networks of the detector `sequence`: the probability that a session is an anomaly.

The network of the preset `seed` is the published one, LSTM(128), Dropout(0.2), LSTM(64), Dropout(0.2), Dense(1,
sigmoid), with an embedding of event ids before it: it was published for rows of numbers, which `row_network` has. The
published one reads its last step; here sessions differ in length, so the last token that is no padding is read, which
is the same for a full window.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from export.plain import embedding
from export.sequence.tokenizer import PAD_ID

DROPOUT = 0.2


@dataclass(frozen=True)
class Shape:
    """Sizes: tokens known, tokens in a row, the units of both LSTMs, and the embedding's width."""

    vocabulary: int
    length: int
    units: tuple[int, int]
    embedding: int = 32


def build(shape: Shape) -> Any:
    """The Keras model: ids int32 [batch, length] to logits float32 [batch, length], one after each token."""
    import keras
    from keras import layers

    ids = keras.Input((shape.length,), dtype="int32", name="ids")
    x = embedding(shape.vocabulary, shape.embedding)(ids)
    for number, units in enumerate(shape.units):
        x = layers.LSTM(units, return_sequences=True, name=f"lstm_{number}")(x)
        x = layers.Dropout(DROPOUT, name=f"dropout_{number}")(x)
    return keras.Model(ids, layers.Reshape((shape.length,))(layers.Dense(1, name="logit")(x)))


def last_logit(logits: Any, ids: Any) -> Any:
    """float32 [batch]: the logit at the last token that is no padding, which stands at the end."""
    import tensorflow as tf

    real = tf.cast(tf.not_equal(ids, PAD_ID), tf.float32)
    last = real - tf.pad(real[:, 1:], [[0, 0], [0, 1]])
    return tf.reduce_sum(logits * last, axis=-1)


def judge(model: Any, ids: Any, wanted: Any) -> tuple[Any, Any]:
    """Binary cross-entropy of each row and the probability, float32 [batch]; `wanted` is 1 for an anomaly."""
    import tensorflow as tf

    found = last_logit(model(ids, training=True), ids)
    return tf.nn.sigmoid_cross_entropy_with_logits(wanted, found), tf.sigmoid(found)


def scores(model: Any, ids: Any) -> tuple[Any, Any]:
    """The probability float32 [batch], and by how much each token raises it, float32 [batch, length]."""
    import tensorflow as tf

    logits = model(ids, training=False)
    chances = tf.sigmoid(logits)
    # The first token is the session's begin, and raises nothing.
    raised = chances - tf.concat([chances[:, :1], chances[:, :-1]], axis=1)
    real = tf.cast(tf.not_equal(ids, PAD_ID), tf.float32)
    return tf.sigmoid(last_logit(logits, ids)), tf.maximum(raised, 0.0) * real
