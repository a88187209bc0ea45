"""From scores to verdicts: the one place that says what anomalous means."""

from __future__ import annotations

import numpy as np

from edge.bundle.manifest import Calibration


def is_anomalous(scores: np.ndarray, threshold: float) -> np.ndarray:
    """Bool [n]: ``score >= threshold``, and never so for NaN.

    Scores are float32; the threshold is compared in that precision.
    """
    verdicts: np.ndarray = scores >= np.float32(threshold)
    return verdicts


class PValues:
    """Conformal p-values: ``(1 + calibration records that scored at least as high) / (1 + calibration records)``.

    The +1 makes them valid for a finite calibration slice (Vovk, Gammerman and Shafer, Algorithmic Learning in a
    Random World, 2005). Where the manifest keeps fewer points than there were scores, the value errs upwards.

    Calibration scores were computed by another backend than the ones that are looked up, and many are equal: a score
    counts as equal to those that are within the `tolerance`, relative to the largest of the score and the threshold.
    """

    def __init__(self, calibration: Calibration, *, tolerance: float, threshold: float) -> None:
        self._tolerance = tolerance
        self._threshold = abs(threshold)
        self._scores = np.asarray(calibration.scores, np.float32)
        self._at_least = np.asarray([*calibration.at_least, 0], np.int64)
        self._records = calibration.records

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        """float64 [n] in (0, 1]; `scores` float32 [n]."""
        slack = self._tolerance * np.maximum(np.abs(scores.astype(np.float64)), self._threshold)
        at_least = self._at_least[np.searchsorted(self._scores, scores - slack, side="left")]
        values: np.ndarray = (1.0 + at_least) / (1.0 + self._records)
        return values
