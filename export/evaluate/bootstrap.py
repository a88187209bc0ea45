"""Bootstrap intervals that know that equal records are no new evidence.

A log repeats itself: ten thousand lines may be fifty distinct ones, and all lines of one input have one score. Records
resampled one by one would count them as ten thousand independent observations, and the intervals would be far too
narrow. Here whole clusters, all records of one distinct input, are drawn with replacement (Davison and Hinkley,
Bootstrap Methods and their Application, 1997, section 3.8; Field and Welsh, Bootstrapping clustered data, JRSS B 2007),
normal and anomalous ones apart.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from edge.runtime.verdicts import is_anomalous

CONFIDENCE = 0.95
REPLICATES = 1000
FEW_CLUSTERS = 20
"""With fewer distinct records of a class, its intervals are a guess."""


class Side(NamedTuple):
    """The records of one class: `scores`, float32 [n], and which of the distinct records each is, int64 [n] from 0."""

    scores: np.ndarray
    clusters: np.ndarray


class Replicates(NamedTuple):
    """Figures of every replicate, float64 [replicates] each."""

    auroc: np.ndarray
    tpr: np.ndarray
    fpr: np.ndarray


def resample(normal: Side, anomalous: Side, threshold: float, *, seed: int, replicates: int = REPLICATES) -> Replicates:
    """The figures of resampled records; neither side is empty.

    The same seed draws the same records for every scorer of them. scikit-learn's `roc_auc_score` with the draws as
    weights gives the same areas, one replicate at a time and with a sort for each of them.
    """
    random = np.random.default_rng(seed)
    values, places = np.unique(np.concatenate([normal.scores, anomalous.scores]), return_inverse=True)
    count = len(normal.scores)
    sides = [
        _Histograms(normal.clusters, places[:count], len(values)),
        _Histograms(anomalous.clusters, places[count:], len(values)),
    ]
    flagged = is_anomalous(values.astype(np.float32), threshold)
    found = np.empty((3, replicates))
    for replicate in range(replicates):
        negatives, positives = (side.draw(random) for side in sides)
        not_above = np.cumsum(negatives) - 0.5 * negatives
        found[:, replicate] = positives @ not_above, positives[flagged].sum(), negatives[flagged].sum()
    return Replicates(*found)


class _Histograms:
    """Draws the clusters of one class, as the share of records at each of the distinct score values."""

    def __init__(self, clusters: np.ndarray, places: np.ndarray, values: int) -> None:
        pairs, counts = np.unique(clusters.astype(np.int64) * values + places, return_counts=True)
        self._cluster, self._value = np.divmod(pairs, values)
        self._counts = counts.astype(np.float64)
        self._clusters = int(clusters.max()) + 1
        self._values = values

    def draw(self, random: np.random.Generator) -> np.ndarray:
        """float64 [values], adding up to 1."""
        drawn = np.bincount(random.integers(0, self._clusters, self._clusters), minlength=self._clusters)
        weights = self._counts * drawn[self._cluster]
        histogram: np.ndarray = np.bincount(self._value, weights=weights, minlength=self._values)
        histogram /= weights.sum()
        return histogram


def interval(values: np.ndarray) -> tuple[float, float]:
    """The percentile interval of replicates (Efron and Tibshirani, An Introduction to the Bootstrap, 1993)."""
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)
