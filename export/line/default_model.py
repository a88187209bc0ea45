"""The `default` model of the detector `line`: a blind-spot denoising autoencoder over BPE tokens.

Each token is reconstructed from all other tokens of its row, never from itself: one stack of dilated convolutions reads
what stands left of it, a mirrored one what stands right, and a softmax over the vocabulary says what belongs there.
An ordinary autoencoder may learn to copy, and then reconstructs an odd token as well as a normal one; this one cannot.
The blind spot is that of Laine et al., High-Quality Self-Supervised Deep Image Denoising (NeurIPS 2019); dilated causal
convolutions are van den Oord et al., WaveNet (2016); corrupted input is Vincent et al., Denoising Autoencoders (2008).

Convolutions are written as a matrix product over shifted copies, which every backend runs as one GEMM.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

PAD_ID = 0
UNKNOWN_ID = 1


@dataclass(frozen=True)
class Shape:
    """Sizes of the network; `dilations` has one entry for each layer of a stack, each with three taps."""

    vocabulary: int
    length: int
    embedding: int = 64
    hidden: int = 64
    dilations: tuple[int, ...] = (1, 3, 9)


def build(shape: Shape) -> Any:
    """The Keras model: ids int32 [batch, length] to logits float32 [batch, length, vocabulary]."""
    import keras
    from keras import layers, ops

    def shift(x: Any, steps: int, towards_end: bool) -> Any:
        """`x` moved along the time axis, zeros coming in."""
        if towards_end:
            return ops.pad(x, [[0, 0], [steps, 0], [0, 0]])[:, : shape.length]
        return ops.pad(x, [[0, 0], [0, steps], [0, 0]])[:, steps:]

    def stack(x: Any, towards_end: bool, name: str) -> Any:
        # The first shift is the blind spot: no path leads from a token to its own place.
        x = shift(x, 1, towards_end)
        for number, dilation in enumerate(shape.dilations):
            taps = ops.concatenate([x, shift(x, dilation, towards_end), shift(x, 2 * dilation, towards_end)], axis=-1)
            y = layers.Dense(shape.hidden, activation="relu", name=f"{name}_{number}")(taps)
            x = y if number == 0 else ops.add(x, y)
        return x

    ids = keras.Input((shape.length,), dtype="int32", name="ids")
    embedded = layers.Embedding(shape.vocabulary, shape.embedding, name="embedding")(ids)
    both = ops.concatenate([stack(embedded, True, "left"), stack(embedded, False, "right")], axis=-1)
    code = layers.Dense(shape.embedding, activation="relu", name="code")(both)
    logits = layers.Dense(shape.vocabulary, name="logits")(code)
    return keras.Model(ids, logits)


def scores(model: Any, ids: Any) -> tuple[Any, Any]:
    """Score float32 [batch] and token scores float32 [batch, length] of ids int32 [batch, length].

    A token's score is its surprise beyond the best guess, ``max(logits) - logits[token]`` in nats: nothing where it
    is what the model would have put there, however uncertain. A row's score is the mean over its tokens; padding
    counts for nothing, and a row of padding scores 0.
    """
    import tensorflow as tf

    logits = model(ids, training=False)
    chosen = tf.gather(logits, ids[..., None], batch_dims=2)[..., 0]
    real = tf.cast(tf.not_equal(ids, PAD_ID), tf.float32)
    token_scores = (tf.reduce_max(logits, axis=-1) - chosen) * real
    score = tf.reduce_sum(token_scores, axis=-1) / tf.maximum(tf.reduce_sum(real, axis=-1), 1.0)
    return score, token_scores
