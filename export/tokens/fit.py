"""Training of the networks that read tokens; deterministic from a seed on one machine."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from edge.errors import TrainingError
from export.tokens import network

# Training is for a number of steps, not of passes: a log of a hundred templates needs as many as one of a thousand.
STEPS_PER_EPOCH = 100
LEARNING_RATE = 3e-3
WEIGHT_DECAY = 1e-4
LABEL_SMOOTHING = 0.05
CORRUPTION = 0.25
_LENGTH_STEP = 8


def fit_regression(
    model: Any,
    inputs: np.ndarray,
    targets: np.ndarray,
    *,
    optimizer: str,
    epochs: int,
    batch: int,
    seed: int,
    progress: Callable[[int, int, float], None],
) -> None:
    """The published trainings: `optimizer`, by Keras's name for it, on the mean squared error.

    `inputs` and `targets` float32 [records, n], the ones int32 where the network wants that. `progress` gets the epoch,
    the number of epochs and the loss.

    Raises:
        TrainingError: the loss is no finite number.
    """
    import keras

    keras.utils.set_random_seed(seed)
    model.compile(optimizer=optimizer, loss="mse")
    report = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: progress(epoch + 1, epochs, logs["loss"]))
    done = model.fit(inputs, targets, epochs=epochs, batch_size=batch, verbose=0, callbacks=[report])
    check_finite(done.history["loss"][-1])


def fit_default(
    model: Any,
    ids: np.ndarray,
    counts: np.ndarray,
    *,
    epochs: int,
    batch: int,
    seed: int,
    progress: Callable[[int, int, float], None],
) -> None:
    """Reconstruct each token from a corrupted context, cross-entropy with label smoothing, AdamW on a cosine.

    `ids` int32 [rows, length] are distinct rows and `counts` [rows] how often each stood in the log; rows are drawn in
    proportion to the square root of that, so that the few commonest lines leave room for the others. A quarter of the
    context's tokens is replaced by the unknown token in each step, so that one odd token does not make its neighbours
    look odd. A step takes, for each of the model's members, rows of about one length, without most of their padding:
    `batch` of full length, and of shorter ones as many as have the same number of tokens.

    Raises:
        TrainingError: the loss is no finite number.
    """
    import keras
    import tensorflow as tf

    steps = epochs * STEPS_PER_EPOCH
    optimizer = keras.optimizers.AdamW(
        keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps), weight_decay=WEIGHT_DECAY
    )
    optimizer.build(model.trainable_variables)
    vocabulary = float(model.output_shape[-1])

    members = network.members(model)
    rows_of_any_length = tf.TensorSpec((len(members), None, None), tf.int32)

    def loss_of(member: Any, target: Any, context: Any) -> Any:
        logits = member(context, training=True)
        normaliser = tf.reduce_logsumexp(logits, axis=-1)
        chosen = tf.gather(logits, target[..., None], batch_dims=2)[..., 0]
        smooth = normaliser - tf.reduce_sum(logits, axis=-1) / vocabulary
        losses = (1 - LABEL_SMOOTHING) * (normaliser - chosen) + LABEL_SMOOTHING * smooth
        real = tf.cast(tf.not_equal(target, network.PAD_ID), tf.float32)
        return tf.reduce_sum(losses * real) / tf.maximum(tf.reduce_sum(real), 1.0)

    @tf.function(input_signature=[rows_of_any_length] * 2, autograph=False)  # type: ignore[untyped-decorator]
    def step(targets: Any, contexts: Any) -> Any:
        with tf.GradientTape() as tape:
            # Each member has weights of its own, so the gradient of the sum trains each by itself.
            loss = tf.add_n([loss_of(member, targets[n], contexts[n]) for n, member in enumerate(members)])
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss / len(members)

    random = np.random.default_rng(seed)
    batches = Batches(ids, np.sqrt(counts), batch * ids.shape[1])
    for epoch in range(1, epochs + 1):
        total = 0.0
        for _ in range(STEPS_PER_EPOCH):
            target = batches.draw(random, len(members))
            hidden = (random.random(target.shape) < CORRUPTION) & (target != network.PAD_ID)
            total += float(step(target, np.where(hidden, network.UNKNOWN_ID, target).astype(np.int32)))
        check_finite(total)
        progress(epoch, epochs, total / STEPS_PER_EPOCH)


def check_finite(loss: float) -> None:
    """Raise `TrainingError` for a loss that is no finite number."""
    if not math.isfinite(loss):
        raise TrainingError("the loss of the training is no finite number", mend="train with another --seed")


class Batches:
    """Random batches of rows of about one length.

    `ids` int32 [rows, length] are padded at the end; `weights` [rows] say how likely each row is drawn, for each of its
    tokens; `tokens` is how many places a batch has, about.
    """

    def __init__(self, ids: np.ndarray, weights: np.ndarray, tokens: int) -> None:
        lengths = np.maximum(np.count_nonzero(ids != network.PAD_ID, axis=1), 1)
        rounded = np.minimum(-(-lengths // _LENGTH_STEP) * _LENGTH_STEP, ids.shape[1])
        self._groups = []
        shares = []
        for length in np.unique(rounded).tolist():
            members = np.flatnonzero(rounded == length)
            share = weights[members]
            self._groups.append((ids[members, :length], share / share.sum(), max(1, tokens // length)))
            shares.append(share.sum() * length)
        self._shares = np.asarray(shares) / np.sum(shares)

    def draw(self, random: np.random.Generator, batches: int) -> np.ndarray:
        """int32 [batches, n, length] of one length, a multiple of eight or that of the rows."""
        ids, share, size = self._groups[random.choice(len(self._groups), p=self._shares)]
        drawn: np.ndarray = ids[random.choice(len(ids), (batches, size), p=share)]
        return drawn
