"""Precision and F1 as they would be at another share of anomalous records than that of the test data.

A test set that was put together holds far more anomalies than a log does, and its precision is that of the mixture.
What a detector does to records of each class, recall and false-positive rate, stays the same in any mixture, and gives
precision and F1 for every other base rate (Axelsson, The Base-Rate Fallacy and the Difficulty of Intrusion Detection,
ACM TISSEC 2000).
"""

from __future__ import annotations

from typing import Any

import numpy as np


def precision_at(tpr: Any, fpr: Any, base_rate: float) -> Any:
    """``b tpr / (b tpr + (1 - b) fpr)`` for the base rate b, element by element; 0 where nothing is flagged.

    `tpr` and `fpr` are shares in [0, 1], numbers or arrays of one shape; float64 of that shape.
    """
    hits = base_rate * np.asarray(tpr, np.float64)
    flagged = hits + (1 - base_rate) * np.asarray(fpr, np.float64)
    return np.divide(hits, flagged, out=np.zeros_like(flagged), where=flagged > 0)


def f1_at(tpr: Any, fpr: Any, base_rate: float) -> Any:
    """The harmonic mean of recall and `precision_at`: ``2 b tpr / (b + b tpr + (1 - b) fpr)``."""
    recall = np.asarray(tpr, np.float64)
    flagged = base_rate * recall + (1 - base_rate) * np.asarray(fpr, np.float64)
    return 2 * base_rate * recall / (base_rate + flagged)
