"""Training of the supervised networks; deterministic from a seed on one machine."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from edge.errors import TrainingError


def fit_classifier(
    network: Any,
    rows: np.ndarray,
    labels: np.ndarray,
    *,
    judge: Callable[[Any, Any, Any], tuple[Any, Any]],
    epochs: int,
    batch: int,
    seed: int,
    progress: Callable[[int, int, float], None],
) -> list[float]:
    """The published training: Adam on binary cross-entropy, in passes over all rows in random order.

    `rows` are the network's inputs, [rows, ...], `labels` float32 [rows] with 1 for an anomaly. The rows of one session
    all have its label. ``judge(network, rows, labels)`` gives the loss and the probability of each, float32 [batch], as
    a network in training does. Returned is the accuracy in each pass, at a probability of one half.

    Raises:
        TrainingError: the loss is no finite number.
    """
    import keras
    import tensorflow as tf

    optimizer = keras.optimizers.Adam()
    optimizer.build(network.trainable_variables)
    signature = [tf.TensorSpec((None, *rows.shape[1:]), rows.dtype), tf.TensorSpec((None,), tf.float32)]

    @tf.function(input_signature=signature, autograph=False)  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def step(some: Any, wanted: Any) -> Any:
        with tf.GradientTape() as tape:
            losses, found = judge(network, some, wanted)
            loss = tf.reduce_mean(losses)
        gradients = tape.gradient(loss, network.trainable_variables)
        optimizer.apply_gradients(zip(gradients, network.trainable_variables, strict=True))
        right = tf.equal(tf.greater_equal(found, 0.5), tf.greater_equal(wanted, 0.5))
        return loss, tf.reduce_sum(tf.cast(right, tf.int32))

    random = np.random.default_rng(seed)
    accuracy = []
    for epoch in range(1, epochs + 1):
        order = random.permutation(len(rows))
        results = [
            step(tf.constant(rows[some]), tf.constant(labels[some]))
            for some in (order[start : start + batch] for start in range(0, len(order), batch))
        ]
        losses = [float(loss) for loss, _ in results]
        if not math.isfinite(sum(losses)):
            raise TrainingError("the loss of the training is no finite number", mend="train with another --seed")
        accuracy.append(sum(int(right) for _, right in results) / len(rows))
        progress(epoch, epochs, sum(losses) / len(losses))
    return accuracy
