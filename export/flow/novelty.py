"""What is learnt from benign rows alone: a scale for each feature, and how likely a row is among them.

A row x becomes ``z = clip((log(1 + |x - low| * rate) - mean) / std, -CLIP, CLIP)``: flows have tails over nine orders
of magnitude. z is projected to the axes along which benign rows vary most (principal component analysis, scaled to a
standard deviation of 1), and the log of what the axes leave over becomes one number more. These are modelled by
mixtures of Gaussians with diagonal covariances (Bishop, Pattern Recognition and Machine Learning, 2006, chapter 9).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, fields

import numpy as np

CLIP = 5.0
LOW_QUANTILE = 0.1
DIMENSIONS = 12
COMPONENTS = 128
MIXTURES = 2
ROWS_PER_COMPONENT = 20
REGULARISATION = 0.1
ITERATIONS = 30
RESIDUAL_FLOOR = 0.01
_LEAST_DEVIATION = 1e-3
_UNITS = (1e-30, 1e30)  # whose inverse is a float32 too


@dataclass(frozen=True)
class Scaling:
    """float32 [width] each; `rate` is one over the unit of a feature, `inverse` one over the standard deviation."""

    low: np.ndarray
    rate: np.ndarray
    mean: np.ndarray
    inverse: np.ndarray

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """float64 [n, width] of float32 [n, width]."""
        away = np.abs(rows.astype(np.float64) - self.low) * self.rate
        z: np.ndarray = np.clip((np.log1p(away) - self.mean) * self.inverse, -CLIP, CLIP)
        return z


@dataclass(frozen=True)
class Mixture:
    """The axes and the Gaussians on them, float32: with ``c = z - centre``, a row's place is ``c @ project``.

    `centre` [width], `project` [width, axes], `restore` [axes, width] (from a place back to z); `residual` [2] is the
    mean, and one over the standard deviation, of the log of what is left over. `means` and `precisions` are
    [components, axes + 1], `peaks` [components] the log densities at the means, less the highest of them.
    """

    centre: np.ndarray
    project: np.ndarray
    restore: np.ndarray
    residual: np.ndarray
    means: np.ndarray
    precisions: np.ndarray
    peaks: np.ndarray

    def places(self, z: np.ndarray) -> np.ndarray:
        """float64 [n, axes + 1] of scaled rows."""
        centred = z - self.centre
        on_axes = centred @ self.project
        left = np.log(RESIDUAL_FLOOR + ((centred - on_axes @ self.restore) ** 2).mean(axis=1))
        return np.column_stack([on_axes, (left - self.residual[0]) * self.residual[1]])

    def __call__(self, z: np.ndarray) -> np.ndarray:
        """The novelty, float64 [n]: how far the log density of the nearest component is below the highest there is."""
        places = self.places(z)
        means, precisions = self.means.astype(np.float64), self.precisions.astype(np.float64)
        distances = (
            (places**2) @ precisions.T - 2 * places @ (means * precisions).T + (means**2 * precisions).sum(axis=1)
        )
        novelty: np.ndarray = (0.5 * distances - self.peaks).min(axis=1)
        return novelty


def arrays_of(part: Scaling | Mixture) -> list[np.ndarray]:
    """The numbers of a part in the order of its fields."""
    return [getattr(part, one.name) for one in fields(part)]


def fit_scaling(benign: np.ndarray) -> Scaling:
    """From benign rows, float32 [n, width].

    A feature that never varies in them is 0, and at once `CLIP` where it is another by as much as its own size.
    """
    x = benign.astype(np.float64)
    low = x.min(axis=0)
    away = x - low
    varies = away.max(axis=0) > 0
    # A tenth of what lies above the minimum lies below one unit: small values stay linear, the tail is logarithmic.
    unit = np.array(
        [
            np.clip(np.quantile(column[column > 0], LOW_QUANTILE) if varied else max(abs(least), 1.0), *_UNITS)
            for column, varied, least in zip(away.T, varies, low, strict=True)
        ]
    )
    scaled = np.log1p(away / unit)
    deviation = np.where(varies, np.maximum(scaled.std(axis=0), _LEAST_DEVIATION), np.log(2.0) / CLIP)
    return Scaling(*(part.astype(np.float32) for part in (low, 1.0 / unit, scaled.mean(axis=0), 1.0 / deviation)))


def fit_mixture(z: np.ndarray, seed: int) -> Mixture:
    """From scaled benign rows, float64 [n, width]; equal seeds give equal mixtures."""
    centre = z.mean(axis=0)
    centred = z - centre
    _, spread, directions = np.linalg.svd(centred, full_matrices=False)
    count = int(np.clip((spread > 1e-6 * max(spread[0], 1e-9)).sum() - 1, 1, DIMENSIONS))
    axes = directions[:count].T
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(count)])  # the sign of an axis is arbitrary
    scale = np.maximum(spread[:count] / np.sqrt(len(z)), _LEAST_DEVIATION)
    left = np.log(RESIDUAL_FLOOR + ((centred - centred @ axes @ axes.T) ** 2).mean(axis=1))
    inverse = 1.0 / max(float(left.std()), _LEAST_DEVIATION)
    places = np.column_stack([centred @ axes / scale, (left - left.mean()) * inverse])
    means, variances, peaks = _fit_gaussians(places, seed)
    parts = (
        centre,
        axes / scale,
        (axes * scale).T,
        np.array([left.mean(), inverse]),
        means,
        1.0 / variances,
        peaks - peaks.max(),
    )
    return Mixture(*(part.astype(np.float32) for part in parts))


def _fit_gaussians(places: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means and variances [components, axes + 1] and the log densities at the means [components], all float64.

    Several mixtures are put side by side: where one has a gap by the chance of its beginning, another has none.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture
    from threadpoolctl import threadpool_limits

    components = int(np.clip(len(places) // ROWS_PER_COMPONENT, 1, COMPONENTS))
    with warnings.catch_warnings(), threadpool_limits(1):  # sums in one order, whatever the number of cores
        # It is stopped early on purpose, and equal rows may be fewer than components.
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = [
            GaussianMixture(
                components,
                covariance_type="diag",
                reg_covar=REGULARISATION,
                random_state=(seed * 100 + number) % 2**32,
                max_iter=ITERATIONS,
            ).fit(places)
            for number in range(MIXTURES)
        ]
    means = np.vstack([one.means_ for one in fitted])
    variances = np.vstack([one.covariances_ for one in fitted])
    weights = np.concatenate([one.weights_ for one in fitted])
    return means, variances, np.log(np.maximum(weights, 1e-12)) - 0.5 * np.log(variances).sum(axis=1)
