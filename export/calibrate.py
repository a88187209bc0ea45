"""The threshold, from a budget of false alarms on held-out normal records that are later than the training ones."""

from __future__ import annotations

import math

import numpy as np

from edge.bundle.manifest import Calibration, Threshold
from edge.errors import InputError
from edge.runtime.verdicts import is_anomalous

# More points than this are thinned out, except at the upper end, where verdicts are made.
_EXACT_TAIL = 1024
_BULK_POINTS = 1024


def choose_threshold(
    scores: np.ndarray, *, target_fpr: float | None, alerts_per_day: float | None, days: float | None
) -> Threshold:
    """The lowest threshold that keeps the budget on `scores`, float32 [n], of normal records.

    With `target_fpr` a record is flagged when its conformal p-value is at most that: then the expected share of false
    alarms is within the budget as long as the normal records stay alike (Vovk et al., 2005; Bates et al., Testing for
    outliers with conformal p-values, 2023). With `alerts_per_day`, the budget is that many of the `days` of the slice.
    The value lies halfway between two scores, so that no rounding of a backend moves a record over it. Where the slice
    is too short for the budget, it lies above all of its scores.

    Raises:
        InputError: a score is not finite, as after a training that diverged.
        ValueError: not exactly one budget was given, or a budget by the day without `days`.
    """
    n = len(scores)
    broken = int(np.count_nonzero(~np.isfinite(scores)))
    if broken:
        raise InputError(
            f"{broken:,} of {n:,} held-out scores are no finite numbers", mend="train it with another --seed"
        )
    if (target_fpr is None) == (alerts_per_day is None):
        raise ValueError("give one of target_fpr and alerts_per_day")
    if target_fpr is not None:
        allowed = math.floor(target_fpr * (n + 1) + 1e-9) - 1
        method = f"conformal: at most a share of {target_fpr:g} of normal records"
    else:
        if not days or alerts_per_day is None:
            raise ValueError("alerts_per_day needs the number of days")
        allowed = math.floor(alerts_per_day * days + 1e-9)
        method = f"at most {alerts_per_day:g} alerts a day on {days:.2f} days of normal records"
    distinct = np.unique(scores.astype(np.float32))
    at_least = n - np.searchsorted(np.sort(scores), distinct, side="left")
    within = np.flatnonzero(at_least <= allowed)
    if len(within):
        first = int(within[0])
        above = float(distinct[first])
        below = float(distinct[first - 1]) if first else above - abs(above)
        expected = int(at_least[first])
    else:
        below = float(distinct[-1])
        above = below + 0.02 * max(abs(below), 1.0)
        expected = 0
        if target_fpr is not None and (n + 1) * target_fpr < 1:
            method += f"; {n:,} held-out records are too few for that, {math.ceil(1 / target_fpr) - 1:,} are needed"
    value = (above + below) / 2
    # Verdicts are in float32, where the middle of two neighbours is one of them.
    if np.float32(value) <= below:
        value = above
    return Threshold(
        value=value,
        method=method,
        target_fpr=target_fpr,
        alerts_per_day=alerts_per_day,
        records=n,
        expected_fpr=(expected + 1) / (n + 1),
    )


def expected_share(scores: np.ndarray, value: float) -> float:
    """The share of normal records that a threshold flags, as `scores`, float32 [n], of such records let expect."""
    return (int(is_anomalous(scores, value).sum()) + 1) / (len(scores) + 1)


def summarise(scores: np.ndarray) -> Calibration:
    """The survival function of `scores`, float32 [n]: exact at the upper end, at most 2,048 points in all."""
    ordered = np.sort(scores.astype(np.float32))
    distinct = np.unique(ordered)
    if len(distinct) > _EXACT_TAIL + _BULK_POINTS:
        bulk = distinct[:-_EXACT_TAIL]
        picked = bulk[np.linspace(0, len(bulk) - 1, _BULK_POINTS).round().astype(int)]
        distinct = np.concatenate([np.unique(picked), distinct[-_EXACT_TAIL:]])
    above_previous = len(ordered) - np.searchsorted(ordered, distinct[:-1], side="right")
    return Calibration(
        records=len(ordered),
        scores=[float(score) for score in distinct],
        at_least=[len(ordered), *above_previous.tolist()],
    )
