"""What other thresholds would give: recall, precision, and how many false alarms a day."""

from __future__ import annotations

from typing import List, Optional

import msgspec
import numpy as np

from edge.runtime.verdicts import is_anomalous
from export.evaluate.base_rate import precision_at
from export.evaluate.metrics import as_labelled

RATES = (0.0, 0.0001, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1)


class TradeOff(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One threshold. `own` is set for the detector's.

    `precision` is that of the test records, `precision_at_base_rate` that at the stated base rate, if there is one.
    `alerts_per_day` are false alarms: as many of the normal records of a day as the false-positive rate says; None
    where the records say no time.
    """

    threshold: float
    own: bool
    recall: float
    fpr: float
    precision: float
    precision_at_base_rate: Optional[float]
    alerts_per_day: Optional[float]


def trade_offs(
    normal: np.ndarray, anomalous: np.ndarray, threshold: float, *, base_rate: float | None, per_day: float | None
) -> List[TradeOff]:
    """For each of some false-positive rates the lowest threshold that keeps it, and the detector's own, descending.

    `normal` and `anomalous` are scores, float32; `per_day` is how many normal records a day has.
    """
    from sklearn.metrics import roc_curve

    fpr, _, thresholds = roc_curve(*as_labelled(normal, anomalous), drop_intermediate=False)
    # The first point of the curve flags nothing, at a threshold that is infinite.
    wanted = {
        float(thresholds[kept[-1]]) for rate in RATES if len(kept := np.flatnonzero(fpr <= rate + 1e-12)) and kept[-1]
    }
    wanted.discard(threshold)

    def at(value: float, own: bool) -> TradeOff:
        recall, rate = (float(is_anomalous(scores, value).mean()) for scores in (anomalous, normal))
        share = len(anomalous) / (len(anomalous) + len(normal))
        return TradeOff(
            threshold=value,
            own=own,
            recall=recall,
            fpr=rate,
            precision=float(precision_at(recall, rate, share)),
            precision_at_base_rate=None if base_rate is None else float(precision_at(recall, rate, base_rate)),
            alerts_per_day=None if per_day is None else rate * per_day,
        )

    rows = [at(value, False) for value in wanted] + [at(threshold, True)]
    return sorted(rows, key=lambda row: (-row.threshold, not row.own))
