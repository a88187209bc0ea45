"""Training of the supervised networks; deterministic from a seed on one machine."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from edge.errors import TrainingError
from export.sequence.classifier import last_logit


def fit_classifier(
    model: Any,
    ids: np.ndarray,
    labels: np.ndarray,
    *,
    epochs: int,
    batch: int,
    seed: int,
    progress: Callable[[int, int, float], None],
) -> None:
    """The published training: Adam on binary cross-entropy, in passes over all rows in random order.

    `ids` int32 [rows, length], `labels` float32 [rows] with 1 for an anomaly. The rows of one session all have its
    label.

    Raises:
        TrainingError: the loss is no finite number.
    """
    import keras
    import tensorflow as tf

    optimizer = keras.optimizers.Adam()
    optimizer.build(model.trainable_variables)
    signature = [tf.TensorSpec((None, ids.shape[1]), tf.int32), tf.TensorSpec((None,), tf.float32)]

    @tf.function(input_signature=signature, autograph=False)  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def step(rows: Any, wanted: Any) -> Any:
        with tf.GradientTape() as tape:
            found = last_logit(model(rows, training=True), rows)
            loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(wanted, found))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    random = np.random.default_rng(seed)
    for epoch in range(1, epochs + 1):
        order = random.permutation(len(ids))
        losses = [
            float(step(tf.constant(ids[some]), tf.constant(labels[some])))
            for some in (order[start : start + batch] for start in range(0, len(order), batch))
        ]
        if not math.isfinite(sum(losses)):
            raise TrainingError("the loss of the training is no finite number", mend="train with another --seed")
        progress(epoch, epochs, sum(losses) / len(losses))
