"""The supervised networks over windows of rows: the probability that a window of lines holds an anomaly.

`SEED` is the published network as it is: standard scaling, LSTM(128), Dropout(0.2), LSTM(64), Dropout(0.2), Dense(1,
sigmoid) after the last line. It is built so that the last layer can be read after every line, which changes nothing of
that, and shows by which line the probability rose.

`DEFAULT` follows the rule that makes the labels, a window is anomalous when one of its lines is: each line has a
probability of its own, in the light of the lines before it, and the window's is that of any (a noisy or; Pearl,
Probabilistic Reasoning in Intelligent Systems, 1988). Its numbers are taken by their logarithms before they are scaled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

DROPOUT = 0.2
LINE_UNITS = 32
CONTEXT_UNITS = 16
# A line is an anomaly seldom: so an untrained network begins with some even odds for a window of a hundred.
_FIRST_LOGIT = -5.0
# No line is so many deviations away; a damaged one must not give what is no number.
_MOST_DEVIATIONS = 1e6
_LEAST = 1e-7


@dataclass(frozen=True)
class Scaling:
    """Standard scaling, ``(x - mean) * inverse``, both float32 [width]; with `logarithms` of ``ln (1 + x)``."""

    mean: np.ndarray
    inverse: np.ndarray
    logarithms: bool


def fit_scaling(steps: np.ndarray, *, logarithms: bool) -> Scaling:
    """The means and deviations of all lines in the windows, float32 [windows, steps, 1 + width].

    A feature that never varies is not scaled, as scikit-learn's StandardScaler does.
    """
    lines = steps[steps[..., 0] > 0, 1:]
    if logarithms:
        lines = np.log1p(np.maximum(lines, 0.0))
    deviation = lines.std(axis=0, dtype=np.float64)
    mean = lines.mean(axis=0, dtype=np.float64)
    # What is constant may come out of float32 with a deviation of a few last digits.
    varies = deviation > 1e-6 * np.maximum(np.abs(mean), 1e-6)
    return Scaling(mean.astype(np.float32), (1.0 / np.where(varies, deviation, 1.0)).astype(np.float32), logarithms)


class RowNetwork:
    """Windows, float32 [batch, steps, 1 + width], to logits float32 [batch, steps], one after each line."""

    def __init__(self, preset: str, units: tuple[int, int], steps: int, scaling: Scaling) -> None:
        self.published = preset == "seed"
        self.scaling = scaling
        width = len(scaling.mean)
        self.keras = published(steps, width, units) if self.published else small(steps, width)

    def __call__(self, rows: Any, *, training: bool = False) -> Any:
        """The logits; those of steps without a line mean nothing."""
        return self.keras(scale(rows, self.scaling), training=training)

    @property
    def trainable_variables(self) -> list[Any]:
        """Those of all layers."""
        variables: list[Any] = self.keras.trainable_variables
        return variables

    def get_weights(self) -> list[np.ndarray]:
        """Means, inverse deviations, and the arrays of all layers."""
        return [self.scaling.mean, self.scaling.inverse, *(np.asarray(one) for one in self.keras.get_weights())]

    def set_weights(self, weights: list[np.ndarray]) -> None:
        """Take what `get_weights` gave."""
        mean, inverse, *layers = weights
        self.scaling = Scaling(mean, inverse, self.scaling.logarithms)
        self.keras.set_weights(layers)


def published(steps: int, width: int, units: tuple[int, int]) -> Any:
    """The published layers, on scaled windows float32 [batch, steps, width]."""
    import keras
    from keras import layers

    scaled = keras.Input((steps, width), dtype="float32", name="scaled")
    x = scaled
    for number, size in enumerate(units):
        x = layers.LSTM(size, return_sequences=True, name=f"lstm_{number}")(x)
        x = layers.Dropout(DROPOUT, name=f"dropout_{number}")(x)
    return keras.Model(scaled, layers.Reshape((steps,))(layers.Dense(1, name="logit")(x)))


def small(steps: int, width: int) -> Any:
    """A line by itself, and what came before it."""
    import keras
    from keras import layers

    scaled = keras.Input((steps, width), dtype="float32", name="scaled")
    line = layers.Dense(LINE_UNITS, activation="relu", name="line")(scaled)
    before = layers.LSTM(CONTEXT_UNITS, return_sequences=True, name="context")(line)
    both = layers.Dropout(DROPOUT, name="dropout")(layers.Concatenate()([line, before]))
    first = keras.initializers.Constant(_FIRST_LOGIT)
    return keras.Model(scaled, layers.Reshape((steps,))(layers.Dense(1, bias_initializer=first, name="logit")(both)))


def scale(rows: Any, scaling: Scaling) -> Any:
    """float32 [batch, steps, width]: scaled; steps without a line are zeros."""
    import tensorflow as tf

    x = rows[..., 1:]
    if scaling.logarithms:
        x = tf.math.log(1.0 + tf.maximum(x, 0.0))
    z = tf.clip_by_value((x - scaling.mean) * scaling.inverse, -_MOST_DEVIATIONS, _MOST_DEVIATIONS)
    return z * rows[..., :1]


def surprise(logits: Any, rows: Any) -> Any:
    """float32 [batch]: ``-ln`` of the probability that no line is an anomaly, of logits of single lines."""
    import tensorflow as tf

    return tf.reduce_sum(tf.nn.softplus(logits) * rows[..., 0], axis=-1)


def scores(network: RowNetwork, rows: Any) -> tuple[Any, Any]:
    """The probability float32 [batch], and what each line does for it, float32 [batch, steps].

    Of `SEED` that is by how much it raised the probability, of `DEFAULT` its own.
    """
    import tensorflow as tf

    logits = network(rows)
    chances = tf.sigmoid(logits)
    if not network.published:
        # 1 - exp(-x) = 2 t / (1 + t) with t = tanh(x / 2): exact for small probabilities, too.
        half = tf.tanh(0.5 * surprise(logits, rows))
        return 2.0 * half / (1.0 + half), chances * rows[..., 0]
    # Before the first line, the state is zero: what is left of the logit is its bias.
    nothing = tf.sigmoid(network.keras.weights[-1])
    before = tf.pad(chances[:, :-1], [[0, 0], [1, 0]], constant_values=nothing[0])
    return chances[:, -1], tf.maximum(chances - before, 0.0) * rows[..., 0]


def judge(network: RowNetwork, rows: Any, wanted: Any) -> tuple[Any, Any]:
    """Binary cross-entropy of each window and the probability, float32 [batch]; `wanted` is 1 for an anomaly."""
    import tensorflow as tf

    logits = network(rows, training=True)
    if network.published:
        last = logits[:, -1]
        return tf.nn.sigmoid_cross_entropy_with_logits(wanted, last), tf.sigmoid(last)
    none = tf.maximum(surprise(logits, rows), _LEAST)
    some = -tf.math.expm1(-none)
    return (1.0 - wanted) * none - wanted * tf.math.log(some), some
