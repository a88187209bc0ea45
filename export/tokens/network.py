"""A blind-spot denoising autoencoder over tokens: the network of the detectors that read text.

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

from export.plain import embedding

PAD_ID = 0
UNKNOWN_ID = 1
CONTINUATION_ID = 2

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
    embedded = embedding(shape.vocabulary, shape.embedding)(ids)
    both = ops.concatenate([stack(embedded, True, "left"), stack(embedded, False, "right")], axis=-1)
    code = layers.Dense(shape.embedding, activation="relu", name="code")(both)
    logits = layers.Dense(shape.vocabulary, name="logits")(code)
    return keras.Model(ids, logits, name=f"{_MEMBER}{number}")
