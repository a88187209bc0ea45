"""The `seed` model of the detector `line`: the published autoencoder, which regresses raw token ids.

Embedding, three convolutions, a dense bottleneck of four, three transposed convolutions, a dense layer with one
output for each place; trained on the mean squared error of the ids. Token ids are no quantities, so the error says how
far apart two numbers of the vocabulary are: it is kept as published, to be compared with.
"""

from __future__ import annotations

from typing import Any

from export.plain import embedding

VOCABULARY = 30_000
LENGTH = 32


def build(vocabulary: int = VOCABULARY, length: int = LENGTH) -> Any:
    """The Keras model: ids int32 [batch, length] to reconstructed ids float32 [batch, length]."""
    import keras
    from keras import layers

    ids = keras.Input((length,), dtype="int32", name="ids")
    x = embedding(vocabulary, 256)(ids)
    x = layers.Conv1D(64, 2, activation="elu")(x)
    x = layers.Conv1D(32, 4, activation="elu")(x)
    x = layers.Conv1D(8, 8, activation="elu")(x)
    steps = x.shape[1]
    x = layers.Flatten()(x)
    x = layers.Dense(4, activation="relu")(x)
    x = layers.Dense(steps * 8, activation="relu")(x)
    x = layers.Reshape((steps, 8))(x)
    x = layers.Conv1DTranspose(8, 8, activation="elu")(x)
    x = layers.Conv1DTranspose(32, 4, activation="elu")(x)
    x = layers.Conv1DTranspose(64, 2, activation="elu")(x)
    x = layers.Flatten()(x)
    return keras.Model(ids, layers.Dense(length, name="reconstruction")(x))


def scores(model: Any, ids: Any) -> tuple[Any, Any]:
    """Score float32 [batch] and token scores float32 [batch, length]: the (mean) absolute error of the ids."""
    import tensorflow as tf

    token_scores = tf.abs(model(ids, training=False) - tf.cast(ids, tf.float32))
    return tf.reduce_mean(token_scores, axis=-1), token_scores
