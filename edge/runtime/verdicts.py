"""From scores to verdicts: the one place that says what anomalous means."""

from __future__ import annotations

import numpy as np

from edge.bundle.manifest import Calibration


def is_anomalous(scores: np.ndarray, threshold: float) -> np.ndarray:
    """Bool [n]: ``score >= threshold``. Scores are float32; the threshold is compared in that precision."""
    verdicts: np.ndarray = scores >= np.float32(threshold)
    return verdicts


class PValues:
    """Conformal p-values: ``(1 + calibration records that scored at least as high) / (1 + calibration records)``.

    The +1 makes them valid for a finite calibration slice (Vovk, Gammerman and Shafer, Algorithmic Learning in a
    Random World, 2005). Where the manifest keeps fewer points than there were scores, the value errs upwards.
    """

    def __init__(self, calibration: Calibration) -> None:
        self._scores = np.asarray(calibration.scores, np.float32)
        self._at_least = np.asarray([*calibration.at_least, 0], np.int64)
        self._records = calibration.records

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        """float64 [n] in (0, 1]; `scores` float32 [n]."""
        at_least = self._at_least[np.searchsorted(self._scores, scores, side="left")]
        values: np.ndarray = (1.0 + at_least) / (1.0 + self._records)
        return values
