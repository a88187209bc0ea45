"""The `default` model of the detector `sequence`: the next event's surprise, and the bag's.

An LSTM (Hochreiter and Schmidhuber, 1997) reads the events of a session, from its begin to its end, and says after each
what comes next, as DeepLog does (Du et al., CCS 2017); but the whole session counts and not a window of ten events, so
that the shortest one has a likelihood, and its end is an event too. Beside the LSTM's state, the next event depends on
how often each event has occurred so far (LogAnomaly, Meng et al., IJCAI 2019, has two networks for these).

A wrong order surprises at a step; a missing or repeated event, seldom at any. So the bag of the row's events is judged
as a whole too (`export.sequence.bags`). A row is as odd as its bag together with what its steps surprise by beyond the
ordinary, or as its oddest step, whichever is more; both in nats, and the steps brought to the bag's scale by a factor
from held-out sessions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from export.plain import embedding, log_sum_exp
from export.sequence.bags import COUNT_LEVELS, Bags
from export.sequence.tokenizer import END_ID, PAD_ID

# What a step may surprise by, in nats, before it counts beside the bag.
ORDINARY = 6.0


@dataclass(frozen=True)
class Shape:
    """Sizes: tokens known, the embedding's width, the LSTM's units, and the units that see the counts so far."""

    vocabulary: int
    embedding: int = 16
    units: int = 64
    counts: int = 32


class NextEvent:
    """The network: ids int32 [batch, length] to logits float32 [batch, length, vocabulary] of the next id.

    `length` must be known when it is traced, and may be another each time.
    """

    def __init__(self, shape: Shape) -> None:
        from keras import layers

        self._vocabulary = shape.vocabulary
        self._embedding = embedding(shape.vocabulary, shape.embedding)
        self._lstm = layers.LSTM(shape.units, return_sequences=True, name="lstm")
        self._counts = layers.Dense(shape.counts, activation="relu", name="counts")
        self._logits = layers.Dense(shape.vocabulary, name="logits")
        self._layers = (self._embedding, self._lstm, self._counts, self._logits)
        self(np.zeros((1, 2), np.int32))

    def __call__(self, ids: Any) -> Any:
        """The logits."""
        import tensorflow as tf

        ids = tf.convert_to_tensor(ids)
        read = self._lstm(self._embedding(ids))
        # A matrix product, as TensorRT 8.5 has no CumSum.
        so_far = tf.matmul(np.tril(np.ones((ids.shape[1], ids.shape[1]), np.float32)), one_hot(ids, self._vocabulary))
        counted = self._counts(tf.concat([tf.minimum(so_far, 1.0), tf.math.log(1.0 + so_far)], axis=-1))
        return self._logits(tf.concat([read, counted], axis=-1))

    @property
    def trainable_variables(self) -> list[Any]:
        """Of all layers."""
        return [variable for layer in self._layers for variable in layer.trainable_variables]

    def get_weights(self) -> list[np.ndarray]:
        """The arrays of all layers, in a fixed order."""
        return [np.asarray(weight) for layer in self._layers for weight in layer.get_weights()]

    def set_weights(self, weights: list[np.ndarray]) -> None:
        """Take what `get_weights` gave."""
        for layer in self._layers:
            number = len(layer.get_weights())
            layer.set_weights(weights[:number])
            weights = weights[number:]


@dataclass(frozen=True)
class Model:
    """All that the graph is made of; `step_weight` brings the oddest step to the scale of the bag."""

    network: NextEvent
    bags: Bags
    step_weight: float


def one_hot(ids: Any, vocabulary: int) -> Any:
    """float32 [batch, length, vocabulary] of ids int32 [batch, length]."""
    import tensorflow as tf

    return tf.cast(tf.equal(ids[..., None], np.arange(vocabulary, dtype=np.int32)), tf.float32)


def scores(model: Model, ids: Any) -> tuple[Any, Any]:
    """The score float32 [batch] and token scores float32 [batch, length], of ids int32 [batch, length]."""
    import tensorflow as tf

    bag, step, steps, events = parts(model, ids)
    # An end that comes too early is shown at the last event: the end itself has no place in a session's text.
    ended = tf.pad(steps[:, 1:] * tf.cast(tf.equal(ids[:, 1:], END_ID), tf.float32), [[0, 0], [0, 1]])
    token_scores = tf.maximum(model.step_weight * tf.maximum(steps, ended), events)
    real = tf.cast(tf.not_equal(ids, PAD_ID), tf.float32)
    return tf.maximum(bag, model.step_weight * step), token_scores * real


def parts(model: Model, ids: Any) -> tuple[Any, Any, Any, Any]:
    """What the score is made of, in nats.

    The bag's surprise with what steps exceed the ordinary by, float32 [batch]; the oddest step, float32 [batch]; each
    step's surprise, and what the bag finds odd of each token's count, float32 [batch, length].
    """
    import tensorflow as tf

    steps = _steps(model.network(ids), ids)
    bag, events = _bag(model.bags, ids)
    excess = tf.reduce_sum(tf.maximum(steps - ORDINARY, 0.0), axis=-1)
    return bag + excess, tf.reduce_max(steps, axis=-1), steps, events


def _steps(logits: Any, ids: Any) -> Any:
    import tensorflow as tf

    logits, target = logits[:, :-1], ids[:, 1:]
    chosen = tf.gather(logits, target[..., None], batch_dims=2)[..., 0]
    surprise = (log_sum_exp(logits) - chosen) * tf.cast(tf.not_equal(target, PAD_ID), tf.float32)
    return tf.pad(surprise, [[0, 0], [1, 0]])


def _bag(bags: Bags, ids: Any) -> tuple[Any, Any]:
    import tensorflow as tf

    levels = len(COUNT_LEVELS)
    vocabulary = len(bags.table) // levels
    tokens = one_hot(ids, vocabulary) * (np.arange(vocabulary) != PAD_ID).astype(np.float32)
    counts = tf.reduce_sum(tokens, axis=1)[..., None]
    reached = tf.cast(tf.greater(counts, COUNT_LEVELS.astype(np.float32) - 0.5), tf.float32)
    level = reached - tf.pad(reached[..., 1:], [[0, 0], [0, 0], [0, 1]])
    flat = tf.reshape(level, [-1, vocabulary * levels])
    joint = tf.matmul(flat, bags.table) + bags.weights
    likely = log_sum_exp(joint)
    # What each token's count costs, under the prototypes that the row may be of.
    blame = tf.matmul(tf.exp(joint - likely[:, None]), bags.table, transpose_b=True)
    cost = tf.reduce_sum(tf.reshape(flat * blame, [-1, vocabulary, levels]), axis=-1)
    return -likely, tf.matmul(tokens, -cost[..., None])[..., 0]
