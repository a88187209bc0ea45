"""How well scores tell anomalous records from normal ones. Equal scores count as half an inversion, everywhere."""

from __future__ import annotations

import msgspec
import numpy as np

from edge.runtime.verdicts import is_anomalous

MAX_FPR = 0.01
CONFIDENCE = 0.95
REPLICATES = 1000
# Cells of the bootstrap's count matrices that are in memory at a time.
_CELLS = 1 << 21


class Metrics(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Figures of one scorer on one set of records; all but the counts are shares in [0, 1].

    `auroc` is the area under the ROC curve, the chance that an anomalous record scores above a normal one (Hanley and
    McNeil, Radiology 1982); `auroc_low` and `auroc_high` are its 95 % bootstrap percentile interval (Efron and
    Tibshirani, An Introduction to the Bootstrap, 1993). `pauc` is the area up to a false-positive rate of 1 %, put on
    a scale where guessing is 0.5 and perfection 1 (McClish, Medical Decision Making 1989). `tpr_at_max_fpr` is the
    share of anomalous records that score above all but 1 % of the normal ones. `tpr` and `fpr` are the shares of
    anomalous and of normal records that are flagged at the scorer's own threshold.
    """

    normal: int
    anomalous: int
    auroc: float
    auroc_low: float
    auroc_high: float
    average_precision: float
    pauc: float
    tpr_at_max_fpr: float
    tpr: float
    fpr: float


def measure(normal: np.ndarray, anomalous: np.ndarray, threshold: float, *, seed: int) -> Metrics:
    """All figures; `normal` and `anomalous` are scores, float32, neither of them empty."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    labels = np.concatenate([np.zeros(len(normal), np.int8), np.ones(len(anomalous), np.int8)])
    scores = np.concatenate([normal, anomalous]).astype(np.float64)
    low, high = bootstrap_auroc(normal, anomalous, seed=seed)
    return Metrics(
        normal=len(normal),
        anomalous=len(anomalous),
        auroc=float(roc_auc_score(labels, scores)),
        auroc_low=low,
        auroc_high=high,
        average_precision=float(average_precision_score(labels, scores)),
        pauc=float(roc_auc_score(labels, scores, max_fpr=MAX_FPR)),
        tpr_at_max_fpr=tpr_at(normal, anomalous, MAX_FPR),
        tpr=float(np.mean(is_anomalous(anomalous, threshold))),
        fpr=float(np.mean(is_anomalous(normal, threshold))),
    )


def auroc(normal: np.ndarray, anomalous: np.ndarray) -> float:
    """The area under the ROC curve; neither array is empty."""
    below, equal = _counts(normal, anomalous)
    return float((np.sum(below) + 0.5 * np.sum(equal)) / (len(normal) * len(anomalous)))


def tpr_at(normal: np.ndarray, anomalous: np.ndarray, max_fpr: float) -> float:
    """The share of `anomalous` scores above the lowest value that at most a share of `max_fpr` of `normal` exceeds."""
    allowed = int(max_fpr * len(normal) + 1e-9)
    return float(np.mean(anomalous > np.sort(normal)[len(normal) - 1 - allowed]))


def bootstrap_auroc(
    normal: np.ndarray, anomalous: np.ndarray, *, seed: int, replicates: int = REPLICATES
) -> tuple[float, float]:
    """The 95 % percentile interval of the area under the ROC curve; normal and anomalous lines are resampled apart.

    Drawing n lines with replacement and counting the distinct scores among them is one multinomial draw, so the cost
    depends on the number of distinct scores only.
    """
    values = np.unique(np.concatenate([normal, anomalous]))
    shares = [_histogram(values, scores) / len(scores) for scores in (normal, anomalous)]
    random = np.random.default_rng(seed)
    areas: list[np.ndarray] = []
    step = max(1, _CELLS // len(values))
    for start in range(0, replicates, step):
        size = min(step, replicates - start)
        negatives = random.multinomial(len(normal), shares[0], size=size).astype(np.float64)
        positives = random.multinomial(len(anomalous), shares[1], size=size).astype(np.float64)
        not_above = np.cumsum(negatives, axis=1) - 0.5 * negatives
        areas.append(np.sum(positives * not_above, axis=1) / (len(normal) * len(anomalous)))
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(np.concatenate(areas), [tail, 1 - tail])
    return float(low), float(high)


def percentile(normal: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """float64 [n] in [0, 1]: the share of `normal` scores that lie strictly below each of `scores`."""
    below: np.ndarray = np.searchsorted(np.sort(normal), scores, side="left") / len(normal)
    return below


def _counts(normal: np.ndarray, anomalous: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each anomalous score, how many normal ones lie below it and how many are equal."""
    ordered = np.sort(normal)
    below = np.searchsorted(ordered, anomalous, side="left")
    return below, np.searchsorted(ordered, anomalous, side="right") - below


def _histogram(values: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """int64 [values]: how often each of the distinct ascending `values` stands in `scores`."""
    return np.bincount(np.searchsorted(values, scores), minlength=len(values))
