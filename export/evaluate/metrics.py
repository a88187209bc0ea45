"""How well scores tell anomalous records from normal ones: scikit-learn's metrics, with bootstrap intervals."""

from __future__ import annotations

from typing import Optional

import msgspec
import numpy as np

from edge.runtime.verdicts import is_anomalous
from export.evaluate.base_rate import f1_at, precision_at
from export.evaluate.bootstrap import Side, interval, resample

MAX_FPR = 0.01


class Metrics(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Figures of one scorer on one set of records; all but the counts are shares in [0, 1].

    `normal` and `anomalous` count the records, `distinct_normal` and `distinct_anomalous` the distinct ones,
    `flagged_normal` and `flagged_anomalous` those that are flagged at the scorer's own threshold; `fpr`, `tpr` (the
    recall), `precision` and `f1` are made of these. `precision_at_base_rate` and `f1_at_base_rate` are what they would
    be where anomalous records have the stated share (see `export.evaluate.base_rate`); None where none was stated.

    `auroc` is the area under the ROC curve, the chance that an anomalous record scores above a normal one, equal scores
    counting half (Hanley and McNeil, Radiology 1982). `average_precision` is the area under the precision-recall
    curve, as steps. `pauc` is the area under the ROC curve up to a false-positive rate of 1 %, put on a scale where
    guessing is 0.5 and perfection 1 (McClish, Medical Decision Making 1989). `tpr_at_max_fpr` is the share of
    anomalous records found by the lowest threshold that flags at most 1 % of the normal ones.

    `..._low` and `..._high` are 95 % bootstrap intervals that resample distinct records.
    """

    normal: int
    anomalous: int
    distinct_normal: int
    distinct_anomalous: int
    flagged_normal: int
    flagged_anomalous: int
    auroc: float
    auroc_low: float
    auroc_high: float
    average_precision: float
    pauc: float
    tpr_at_max_fpr: float
    tpr: float
    tpr_low: float
    tpr_high: float
    fpr: float
    fpr_low: float
    fpr_high: float
    precision: float
    f1: float
    f1_low: float
    f1_high: float
    precision_at_base_rate: Optional[float]
    f1_at_base_rate: Optional[float]
    f1_at_base_rate_low: Optional[float]
    f1_at_base_rate_high: Optional[float]

    @property
    def accuracy(self) -> float:
        """The share of the records whose verdict is right, at the scorer's own threshold and in this mixture."""
        return (self.normal - self.flagged_normal + self.flagged_anomalous) / (self.normal + self.anomalous)

    @property
    def shown_f1(self) -> float:
        """The F1 at the stated base rate, or else that of the records as they are."""
        return self.f1 if self.f1_at_base_rate is None else self.f1_at_base_rate

    @property
    def shown_f1_interval(self) -> tuple[float, float]:
        """The interval of `shown_f1`."""
        if self.f1_at_base_rate_low is None or self.f1_at_base_rate_high is None:
            return self.f1_low, self.f1_high
        return self.f1_at_base_rate_low, self.f1_at_base_rate_high


def measure(normal: Side, anomalous: Side, threshold: float, *, seed: int, base_rate: float | None = None) -> Metrics:
    """All figures; neither side is empty, and no score is NaN."""
    from sklearn.metrics import average_precision_score, precision_recall_fscore_support, roc_auc_score

    labels, scores = as_labelled(normal.scores, anomalous.scores)
    flagged = is_anomalous(scores, threshold)
    precision, tpr, f1, _ = precision_recall_fscore_support(labels, flagged, average="binary", zero_division=0)
    drawn = resample(normal, anomalous, threshold, seed=seed)
    auroc_low, auroc_high = interval(drawn.auroc)
    tpr_low, tpr_high = interval(drawn.tpr)
    fpr_low, fpr_high = interval(drawn.fpr)
    f1_low, f1_high = interval(f1_at(drawn.tpr, drawn.fpr, len(anomalous.scores) / len(labels)))
    fpr = float(np.mean(flagged[labels == 0]))
    corrected = None if base_rate is None else interval(f1_at(drawn.tpr, drawn.fpr, base_rate))
    return Metrics(
        normal=len(normal.scores),
        anomalous=len(anomalous.scores),
        distinct_normal=len(np.unique(normal.clusters)),
        distinct_anomalous=len(np.unique(anomalous.clusters)),
        flagged_normal=int(flagged[labels == 0].sum()),
        flagged_anomalous=int(flagged[labels == 1].sum()),
        auroc=float(roc_auc_score(labels, scores)),
        auroc_low=auroc_low,
        auroc_high=auroc_high,
        average_precision=float(average_precision_score(labels, scores)),
        pauc=float(roc_auc_score(labels, scores, max_fpr=MAX_FPR)),
        tpr_at_max_fpr=tpr_at(normal.scores, anomalous.scores, MAX_FPR),
        tpr=float(tpr),
        tpr_low=tpr_low,
        tpr_high=tpr_high,
        fpr=fpr,
        fpr_low=fpr_low,
        fpr_high=fpr_high,
        precision=float(precision),
        f1=float(f1),
        f1_low=f1_low,
        f1_high=f1_high,
        precision_at_base_rate=None if base_rate is None else float(precision_at(tpr, fpr, base_rate)),
        f1_at_base_rate=None if base_rate is None else float(f1_at(tpr, fpr, base_rate)),
        f1_at_base_rate_low=None if corrected is None else corrected[0],
        f1_at_base_rate_high=None if corrected is None else corrected[1],
    )


def auroc(normal: np.ndarray, anomalous: np.ndarray) -> float:
    """The area under the ROC curve; neither array of scores is empty."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(*as_labelled(normal, anomalous)))


def tpr_at(normal: np.ndarray, anomalous: np.ndarray, max_fpr: float) -> float:
    """The largest share of `anomalous` scores that a threshold flags with at most a share of `max_fpr` of `normal`."""
    from sklearn.metrics import roc_curve

    fpr, tpr, _ = roc_curve(*as_labelled(normal, anomalous), drop_intermediate=False)
    return float(tpr[fpr <= max_fpr + 1e-12].max())


def percentile(normal: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """float64 [n] in [0, 1]: the share of `normal` scores that lie strictly below each of `scores`."""
    below: np.ndarray = np.searchsorted(np.sort(normal), scores, side="left") / len(normal)
    return below


def as_labelled(normal: np.ndarray, anomalous: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Labels, int8 [n] of 0 and 1, and scores, float32 [n], as scikit-learn takes them."""
    labels = np.concatenate([np.zeros(len(normal), np.int8), np.ones(len(anomalous), np.int8)])
    return labels, np.concatenate([normal, anomalous])
