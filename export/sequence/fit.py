"""Training of the unsupervised model; deterministic from a seed on one machine."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from edge.errors import TrainingError
from export.sequence.bags import fit_bags
from export.sequence.default_model import Model, NextEvent, Shape, parts
from export.sequence.tokenizer import FIRST_EVENT_ID, PAD_ID, UNSEEN_ID

# A model learns for a number of steps, not of passes: a log of a few kinds of sessions needs as many as one of many.
STEPS_PER_EPOCH = 100
LEARNING_RATE = 3e-3
LARGEST_GRADIENT = 1.0
# So many of the events that are read stand for unseen ones, so that one of these does not make all behind it odd.
HIDDEN_EVENTS = 0.02
FOLDS = 4
# Bag and oddest step are on one scale where this share of out-of-fold sessions lies above.
BALANCED_AT = 0.001
_LENGTH_STEP = 8
_SCORED_ROWS = 512


class Sample(NamedTuple):
    """Sessions as rows: `ids` int32 [rows, length]; `owners` int64 [rows], ascending; and the number of sessions."""

    ids: np.ndarray
    owners: np.ndarray
    sessions: int


class Learnt(NamedTuple):
    """The model of all sessions, and float32 [sessions]: their scores by models that had not seen them."""

    model: Model
    fold_scores: np.ndarray


def fit(
    sample: Sample, *, shape: Shape, epochs: int, batch: int, seed: int, progress: Callable[[int, int, float], None]
) -> Learnt:
    """Learn all sessions, after a model for each of four blocks of them that learns the others.

    What these say of the sessions they had not seen sets the scale of the oddest step, and then the threshold. So
    both are made on all sessions: with one part of them held out, there would be a few hundred to tell what is rarer
    than one in a thousand.

    Raises:
        TrainingError: the loss is no finite number.
    """
    blocks = np.array_split(np.arange(sample.sessions), min(FOLDS, sample.sessions))
    total = epochs * (len(blocks) + 1)
    found = np.zeros((2, sample.sessions), np.float32)
    for number, held in enumerate(blocks):
        inside = (sample.owners >= held[0]) & (sample.owners <= held[-1])
        others = sample.ids[~inside]
        one = _fit_one(others, shape, epochs, batch, seed + 1 + number, _part(progress, number * epochs, total))
        rows = np.where(np.isin(sample.ids[inside], np.unique(others)), sample.ids[inside], UNSEEN_ID)
        starts = np.searchsorted(sample.owners[inside], held)
        found[:, held] = np.maximum.reduceat(_part_scores(one, rows.astype(np.int32)), starts, axis=1)
    rank = max(int(BALANCED_AT * sample.sessions), 1)
    bag, step = np.sort(found, axis=1)[:, -rank].tolist()
    weight = float(np.float32(bag / max(step, 1e-6)))
    whole = _fit_one(sample.ids, shape, epochs, batch, seed, _part(progress, len(blocks) * epochs, total))
    return Learnt(
        Model(whole.network, whole.bags, weight), np.maximum(found[0], np.float32(weight) * found[1]).astype(np.float32)
    )


def _part(progress: Callable[[int, int, float], None], done: int, total: int) -> Callable[[int, float], None]:
    return lambda epoch, loss: progress(done + epoch, total, loss)


def _fit_one(
    ids: np.ndarray, shape: Shape, epochs: int, batch: int, seed: int, progress: Callable[[int, float], None]
) -> Model:
    import keras

    keras.utils.set_random_seed(seed)
    network = NextEvent(shape)
    _learn(network, ids, epochs=epochs, batch=batch, seed=seed, progress=progress)
    return Model(network, fit_bags(ids, shape.vocabulary, PAD_ID), 1.0)


def _learn(
    network: NextEvent, ids: np.ndarray, *, epochs: int, batch: int, seed: int, progress: Callable[[int, float], None]
) -> None:
    """Next-event cross-entropy over distinct rows, each weighted by the square root of how often it occurs."""
    import keras
    import tensorflow as tf

    rows, often = np.unique(ids, axis=0, return_counts=True)
    weights = np.sqrt(often)
    weights = (weights / weights.mean()).astype(np.float32)
    lengths = np.count_nonzero(rows != PAD_ID, axis=1)
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, epochs * STEPS_PER_EPOCH)
    optimizer = keras.optimizers.Adam(rate, clipnorm=LARGEST_GRADIENT)
    optimizer.build(network.trainable_variables)

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def step(read: Any, target: Any, weight: Any) -> Any:
        with tf.GradientTape() as tape:
            logits, following = network(read)[:, :-1], target[:, 1:]
            mask = tf.cast(tf.not_equal(following, PAD_ID), tf.float32) * weight[:, None]
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(following, logits)
            loss = tf.reduce_sum(losses * mask) / tf.reduce_sum(mask)
        gradients = tape.gradient(loss, network.trainable_variables)
        optimizer.apply_gradients(zip(gradients, network.trainable_variables, strict=True))
        return loss

    # One graph for each length, made by itself: TensorFlow warns of a function that is traced often.
    steps: dict[int, Any] = {}

    def step_of(length: int) -> Any:
        if length not in steps:
            rows_of = tf.TensorSpec((None, length), tf.int32)
            steps[length] = step.get_concrete_function(rows_of, rows_of, tf.TensorSpec((None,), tf.float32))
        return steps[length]

    random = np.random.default_rng(seed)
    size = min(batch, len(rows))
    queue = np.zeros(0, np.int64)
    for epoch in range(1, epochs + 1):
        total = 0.0
        for _ in range(STEPS_PER_EPOCH):
            if len(queue) < size:
                queue = random.permutation(len(rows))
            chosen, queue = queue[:size], queue[size:]
            # Without the padding that all of them share; one graph is traced for each length.
            longest = min(-(-int(lengths[chosen].max()) // _LENGTH_STEP) * _LENGTH_STEP, ids.shape[1])
            target = rows[chosen, :longest]
            hidden = (random.random(target.shape) < HIDDEN_EVENTS) & (target >= FIRST_EVENT_ID)
            read = np.where(hidden, UNSEEN_ID, target).astype(np.int32)
            total += float(step_of(longest)(tf.constant(read), tf.constant(target), tf.constant(weights[chosen])))
        if not math.isfinite(total):
            raise TrainingError("the loss of the training is no finite number", mend="train with another --seed")
        progress(epoch, total / STEPS_PER_EPOCH)


def _part_scores(model: Model, ids: np.ndarray) -> np.ndarray:
    """float32 [2, rows]: the bag with what steps exceed, and the oddest step."""
    import tensorflow as tf

    graph = tf.function(lambda rows: parts(model, rows)[:2], autograph=False)
    run = graph.get_concrete_function(tf.TensorSpec((None, ids.shape[1]), tf.int32))
    distinct, back = np.unique(ids, axis=0, return_inverse=True)
    chunks = [
        np.stack([np.asarray(part) for part in run(tf.constant(distinct[start : start + _SCORED_ROWS]))])
        for start in range(0, len(distinct), _SCORED_ROWS)
    ]
    scores: np.ndarray = np.concatenate(chunks, axis=1)[:, back.reshape(-1)]
    return scores
