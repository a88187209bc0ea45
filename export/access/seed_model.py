"""The `seed` model of the detector `access`: a small dense autoencoder of token ids.

The published description is of an autoencoder that learns how access logs look when things are fine and flags what it
rebuilds badly; it names no sizes. This is the simplest network that does so: the ids as numbers between 0 and 1, three
dense layers, and the mean squared error both as loss and as score. Ids are no quantities: it is kept to compare with.
"""

from __future__ import annotations

from typing import Any

LENGTH = 32
HIDDEN = (32, 16, 32)


def build(length: int = LENGTH) -> Any:
    """The Keras model: scaled ids float32 [batch, length] to their reconstruction, as large."""
    import keras
    from keras import layers

    scaled = keras.Input((length,), dtype="float32", name="scaled")
    x = scaled
    for width in HIDDEN:
        x = layers.Dense(width, activation="relu")(x)
    return keras.Model(scaled, layers.Dense(length, activation="sigmoid", name="reconstruction")(x))


def scale(ids: Any, vocabulary: int) -> Any:
    """Ids int32 [batch, length] as float32 in [0, 1)."""
    import tensorflow as tf

    return tf.cast(ids, tf.float32) / float(vocabulary)


def scores(model: Any, ids: Any, vocabulary: int) -> tuple[Any, Any]:
    """Score float32 [batch] and token scores float32 [batch, length]: the (mean) squared error of the scaled ids."""
    import tensorflow as tf

    scaled = scale(ids, vocabulary)
    token_scores = tf.square(model(scaled, training=False) - scaled)
    return tf.reduce_mean(token_scores, axis=-1), token_scores
