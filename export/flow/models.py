"""The graphs of the detector `flow`: features float32 [batch, width] in; scores and why out.

All of them are written in plain operators from arrays of weights, so that what is exported is what is compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from export.flow.novelty import CLIP, RESIDUAL_FLOOR, Mixture, Scaling
from export.flow.presets import ATTACK, NOVELTY, PRESETS, SEED
from export.run import Run
from export.weights import check_preset, check_shapes

Outputs = dict[str, Any]
_SCALING_ARRAYS = 4
_MIXTURE_ARRAYS = 7
_MOST_DEVIATIONS = 1e6


def shapes(preset: str, network: Mapping[str, int]) -> list[tuple[int, ...]]:
    """The shapes of a network's weights, in their order."""
    width, hidden = network["width"], network["hidden"]
    classifier = [(width, hidden), (hidden,), (hidden, 1), (1,)] if hidden else []
    if preset == SEED.name:
        return [(width,)] * 2 + classifier
    axes, components = network["axes"], network["components"]
    mixture = [(width,), (width, axes), (axes, width), (2,), (components, axes + 1), (components, axes + 1)]
    return [*[(width,)] * _SCALING_ARRAYS, *mixture, (components,), *classifier]


def load_graph(run: Run) -> Any:
    """The run's model as the graph that is exported.

    Raises:
        SchemaError: this oddline has no such preset, or another network for it.
        IntegrityError: the weights are missing or damaged.
    """
    spec = run.spec
    preset = check_preset(run, PRESETS)
    weights = run.weights()
    try:
        expected = shapes(preset, spec.network)
    except KeyError:
        expected = None
    check_shapes(run, weights, expected)
    return graph_of(preset, weights, {part.name: part.threshold.value for part in spec.parts})


def graph_of(preset: str, weights: Sequence[np.ndarray], thresholds: Mapping[str, float]) -> Any:
    """The tf.function of a preset's weights; `thresholds` are those of its parts, by their names."""
    if preset == SEED.name:
        mean, inverse, *classifier = weights
        return _function(len(mean), lambda features: _seed(features, mean, inverse, classifier))
    scaling = Scaling(*weights[:_SCALING_ARRAYS])
    mixture = Mixture(*weights[_SCALING_ARRAYS : _SCALING_ARRAYS + _MIXTURE_ARRAYS])
    classifier = list(weights[_SCALING_ARRAYS + _MIXTURE_ARRAYS :])
    return _function(len(scaling.low), lambda features: _default(features, scaling, mixture, classifier, thresholds))


def _function(width: int, body: Any) -> Any:
    import tensorflow as tf

    signature = [tf.TensorSpec((None, width), tf.float32, name="features")]

    @tf.function(input_signature=signature, autograph=False)  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def graph(features: Any) -> Outputs:
        return {name: tf.identity(value, name=name) for name, value in body(features).items()}

    return graph


def _seed(features: Any, mean: np.ndarray, inverse: np.ndarray, classifier: Sequence[np.ndarray]) -> Outputs:
    """The published network: the probability of an attack, and each feature's share of its logit."""
    import tensorflow as tf

    # Published without bounds. These are beyond all flows, and keep a damaged one from giving what is no number.
    z = tf.clip_by_value((features - _constant(mean)) * _constant(inverse), -_MOST_DEVIATIONS, _MOST_DEVIATIONS)
    logit, shares = _classify(z, classifier)
    return {"score": tf.sigmoid(logit), "feature_scores": shares}


def _default(
    features: Any,
    scaling: Scaling,
    mixture: Mixture,
    classifier: Sequence[np.ndarray],
    thresholds: Mapping[str, float],
) -> Outputs:
    """The highest of the scores, each in units of its threshold, and why the one that is highest is so.

    ``attack`` is ``softplus(logit)``, minus the log of the probability that the row is benign.
    """
    import tensorflow as tf

    away = tf.math.log(1.0 + tf.abs(features - _constant(scaling.low)) * _constant(scaling.rate))
    z = tf.clip_by_value((away - _constant(scaling.mean)) * _constant(scaling.inverse), -CLIP, CLIP)
    novelty, why = _novelty(z, mixture)
    unit = np.float32(1.0 / thresholds[NOVELTY])
    score, why = novelty * unit, why * unit
    if not classifier:
        return {"score": score, NOVELTY: novelty, "feature_scores": why}
    logit, shares = _classify(z, classifier)
    attack = tf.nn.softplus(logit)
    unit = np.float32(1.0 / thresholds[ATTACK])
    known = attack * unit
    return {
        "score": tf.maximum(known, score),
        ATTACK: attack,
        NOVELTY: novelty,
        "feature_scores": tf.where((known >= score)[:, None], shares * unit, why),
    }


def _classify(z: Any, classifier: Sequence[np.ndarray]) -> tuple[Any, Any]:
    """The logit [batch], and gradient times input [batch, width]: what each feature adds to it.

    0 is an ordinary value of each feature. The sum is the logit less the biases that are in play (a hidden unit that
    is off at the input counts nothing).
    """
    import tensorflow as tf

    kernel, bias, last, last_bias = classifier
    hidden = tf.nn.relu(tf.matmul(z, _constant(kernel)) + _constant(bias))
    logit = (tf.matmul(hidden, _constant(last)) + _constant(last_bias))[:, 0]
    active = tf.cast(hidden > 0.0, tf.float32) * _constant(last[:, 0])
    return logit, z * tf.matmul(active, _constant(kernel.T))


def _novelty(z: Any, mixture: Mixture) -> tuple[Any, Any]:
    """`Mixture.__call__` [batch], and the features' shares of it [batch, width], which add up to it.

    The nearest component is found by matrix products, whose large terms cancel; how far it is, is then computed anew
    from the differences, which keeps float32 exact enough on every backend.
    """
    import tensorflow as tf

    means, precisions = mixture.means.astype(np.float64), mixture.precisions.astype(np.float64)
    centred = z - _constant(mixture.centre)
    on_axes = tf.matmul(centred, _constant(mixture.project))
    rest = centred - tf.matmul(on_axes, _constant(mixture.restore))
    squares = rest * rest
    left = tf.math.log(RESIDUAL_FLOOR + tf.reduce_mean(squares, axis=1, keepdims=True))
    places = tf.concat([on_axes, (left - mixture.residual[0]) * mixture.residual[1]], axis=1)
    product = np.vstack([-0.5 * precisions.T, (means * precisions).T])
    constant = mixture.peaks - 0.5 * (means**2 * precisions).sum(axis=1)
    densities = tf.matmul(tf.concat([places * places, places], axis=1), _constant(product)) + _constant(constant)
    nearest = tf.argmax(densities, axis=1, output_type=tf.int32)
    off = places - tf.gather(_constant(means), nearest)
    pull = off * tf.gather(_constant(precisions), nearest)
    novelty = 0.5 * tf.reduce_sum(off * pull, axis=1) + tf.gather(_constant(-mixture.peaks), nearest)
    # On the axes: the difference to the component's mean, in features, times the gradient there.
    centres = means[:, :-1] @ mixture.restore.astype(np.float64)
    away = centred - tf.gather(_constant(centres), nearest)
    gradient = tf.matmul(pull[:, :-1], _constant(mixture.project.T))
    # What the axes leave over is shared by how much of it is each feature's, and a component's rareness by its mean.
    some = squares + 1e-9
    share = some / tf.reduce_sum(some, axis=1, keepdims=True)
    odd = centres**2 + 1e-9
    rareness = -mixture.peaks[:, None] * odd / odd.sum(axis=1, keepdims=True)
    why = 0.5 * (away * gradient + (off * pull)[:, -1:] * share) + tf.gather(_constant(rareness), nearest)
    return novelty, why


def _constant(values: np.ndarray) -> Any:
    import tensorflow as tf

    return tf.constant(np.asarray(values, np.float32))
