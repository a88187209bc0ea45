"""The `default` model of the detector `line`: a blind-spot denoising autoencoder over BPE tokens.

Each token is reconstructed from all other tokens of its row, never from itself: one stack of dilated convolutions reads
what stands left of it, a mirrored one what stands right, and a softmax over the vocabulary says what belongs there.
An ordinary autoencoder may learn to copy, and then reconstructs an odd token as well as a normal one; this one cannot.
The blind spot is that of Laine et al., High-Quality Self-Supervised Deep Image Denoising (NeurIPS 2019); dilated causal
convolutions are van den Oord et al., WaveNet (2016); corrupted input is Vincent et al., Denoising Autoencoders (2008).

What one network says of text that it never saw depends on its random beginning. So there are several small ones, each
trained by itself, and their logits are averaged (Hansen and Salamon, Neural Network Ensembles, 1990).

Convolutions are written as a matrix product over shifted copies, which every backend runs as one GEMM.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

PAD_ID = 0
UNKNOWN_ID = 1
CONTINUATION_ID = 2

# The weight of a token falls to 1/e after so many tokens.
HEAD_TOKENS = 20
STRETCH_TOKENS = 8
STRETCH_SHARE = 0.4
MOST_SURPRISE = 5.0
_MEMBER = "member_"


@dataclass(frozen=True)
class Shape:
    """Sizes of each of the `members`; `dilations` has one entry for each layer of a stack, each with three taps."""

    vocabulary: int
    members: int = 3
    embedding: int = 64
    hidden: int = 48
    dilations: tuple[int, ...] = (1, 3, 9)


def build(shape: Shape) -> Any:
    """The Keras model: ids int32 [batch, length] to logits float32 [batch, length, vocabulary], for any length."""
    import keras
    from keras import layers

    ids = keras.Input((None,), dtype="int32", name="ids")
    return keras.Model(ids, layers.Average(name="average")([_member(shape, n)(ids) for n in range(shape.members)]))


def members(model: Any) -> list[Any]:
    """The Keras models that `build` averages, each from ids to logits."""
    return [layer for layer in model.layers if layer.name.startswith(_MEMBER)]


def _member(shape: Shape, number: int) -> Any:
    import keras
    from keras import layers, ops

    def shift(x: Any, steps: int, towards_end: bool) -> Any:
        """`x` moved along the time axis, zeros coming in."""
        if towards_end:
            return ops.pad(x, [[0, 0], [steps, 0], [0, 0]])[:, :-steps]
        return ops.pad(x, [[0, 0], [0, steps], [0, 0]])[:, steps:]

    def stack(x: Any, towards_end: bool, name: str) -> Any:
        # The first shift is the blind spot: no path leads from a token to its own place.
        x = shift(x, 1, towards_end)
        for number, dilation in enumerate(shape.dilations):
            taps = ops.concatenate([x, shift(x, dilation, towards_end), shift(x, 2 * dilation, towards_end)], axis=-1)
            y = layers.Dense(shape.hidden, activation="relu", name=f"{name}_{number}")(taps)
            x = y if number == 0 else ops.add(x, y)
        return x

    ids = keras.Input((None,), dtype="int32", name="ids")
    embedded = layers.Embedding(shape.vocabulary, shape.embedding, name="embedding")(ids)
    both = ops.concatenate([stack(embedded, True, "left"), stack(embedded, False, "right")], axis=-1)
    code = layers.Dense(shape.embedding, activation="relu", name="code")(both)
    logits = layers.Dense(shape.vocabulary, name="logits")(code)
    return keras.Model(ids, logits, name=f"{_MEMBER}{number}")


def scores(model: Any, ids: Any, characters: np.ndarray) -> tuple[Any, Any]:
    """Score float32 [batch] and token scores float32 [batch, length] of ids int32 [batch, length].

    `characters`, float32 [vocabulary], is how many characters of text each token stands for.

    A token's score is its surprise in nats, ``-ln p(token | all other tokens of the row)``. Padding and the marker of a
    continuation score 0.

    A log line says first what kind of event it tells of, and then its particulars (He et al., Drain: An Online Log
    Parsing Approach with Fixed Depth Tree, ICWS 2017, build on the same). So the score of a row is the mean over its
    tokens with weights that fall off from its beginning, and that grow with the root of a token's length: an unknown
    word falls into many short pieces, which are odd all together and must not count as so many words. It is a share of
    the mean over the oddest stretch of tokens anywhere, if that is higher, and only this for a row that continues a
    line. In both, a token counts with at most `MOST_SURPRISE`: how much odder than that it is, a network that never saw
    it cannot tell, and no single token should decide.
    """
    import tensorflow as tf

    logits = model(ids, training=False)
    chosen = tf.gather(logits, ids[..., None], batch_dims=2)[..., 0]
    real = _differs(ids, PAD_ID) * _differs(ids, CONTINUATION_ID)
    token_scores = (tf.reduce_logsumexp(logits, axis=-1) - chosen) * real
    counted = tf.minimum(token_scores, MOST_SURPRISE)
    length = int(ids.shape[-1])
    weights = tf.gather(tf.constant(np.sqrt(characters, dtype=np.float32)), ids) * head_weights(length) * real
    head = tf.reduce_sum(counted * weights, axis=-1) / tf.maximum(tf.reduce_sum(weights, axis=-1), 1e-6)
    is_head = _differs(ids[:, 0], CONTINUATION_ID)
    stretches = tf.matmul(counted, tf.constant(stretch_means(length)))
    anywhere = STRETCH_SHARE * tf.reduce_max(stretches, axis=-1)
    return tf.maximum(head * is_head, anywhere), token_scores


def _differs(ids: Any, token: int) -> Any:
    """float32, 1 where an id is another one than `token`, else 0."""
    import tensorflow as tf

    return tf.cast(tf.not_equal(ids, token), tf.float32)


def head_weights(length: int) -> np.ndarray:
    """float32 [length]: the weight of each place of a row."""
    return np.exp(-np.arange(length, dtype=np.float32) / HEAD_TOKENS)


def stretch_means(length: int) -> np.ndarray:
    """float32 [length, stretches]: a row times this is the mean over each stretch of `STRETCH_TOKENS` places."""
    starts = np.arange(max(length - STRETCH_TOKENS, 0) + 1)
    places = np.arange(length)[:, None] - starts
    return ((places >= 0) & (places < STRETCH_TOKENS)).astype(np.float32) / STRETCH_TOKENS
