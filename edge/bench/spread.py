"""How far figures agree with themselves: differences beyond the noise, and changes over time.

Both are judged with Student's t at 99 %, on the figures of consecutive blocks of a measurement. Blocks of one process
see less than what makes two processes differ (memory layout, clocks, heat), so what is beyond this noise may still not
repeat; what is within it is certainly not shown.
"""

from __future__ import annotations

import math
from typing import List, NamedTuple, Optional, Sequence

import numpy as np

# Two-sided 99 % quantiles of Student's t by degrees of freedom (NIST/SEMATECH e-Handbook of Statistical Methods,
# 1.3.6.7.2, column 0.995). Between two rows the lower one is taken, which errs towards "not shown".
_T_99 = {
    1: 63.657, 2: 9.925, 3: 5.841, 4: 4.604, 5: 4.032, 6: 3.707, 7: 3.499, 8: 3.355, 9: 3.250, 10: 3.169, 11: 3.106,
    12: 3.055, 13: 3.012, 14: 2.977, 15: 2.947, 20: 2.845, 25: 2.787, 30: 2.750, 40: 2.704, 60: 2.660, 100: 2.626,
}  # fmt: skip
FEWEST_BLOCKS = 3


class Interval(NamedTuple):
    """An estimate, and between which values it lies with 99 %."""

    value: float
    low: float
    high: float


def t_99(freedom: int) -> float:
    """How many standard errors the two-sided 99 % interval reaches; `freedom` is at least 1."""
    return _T_99[max(known for known in _T_99 if known <= freedom)]


def ratio_of(before: Sequence[float], after: Sequence[float]) -> Optional[Interval]:
    """The ratio of the geometric means of two measurements' blocks, `after` to `before`.

    The degrees of freedom are those of the shorter one, fewer than Welch's, so the interval is rather too wide. None
    where either has fewer than three blocks, or one that is not positive.
    """
    if min(len(before), len(after)) < FEWEST_BLOCKS or min(*before, *after) <= 0:
        return None
    old, new = np.log(np.asarray(before, np.float64)), np.log(np.asarray(after, np.float64))
    error = math.sqrt(old.var(ddof=1) / len(old) + new.var(ddof=1) / len(new))
    reach = t_99(min(len(old), len(new)) - 1) * error
    middle = float(new.mean() - old.mean())
    return Interval(math.exp(middle), math.exp(middle - reach), math.exp(middle + reach))


def slope_of(times: Sequence[float], values: Sequence[float]) -> Optional[Interval]:
    """The slope of the straight line of least squares; None for fewer than three moments, or all at one time."""
    when, what = np.asarray(times, np.float64), np.asarray(values, np.float64)
    if len(when) < FEWEST_BLOCKS or np.ptp(when) <= 0:
        return None
    centred = when - when.mean()
    square = float(centred @ centred)
    slope = float(centred @ (what - what.mean())) / square
    left: np.ndarray = what - what.mean() - slope * centred
    error = math.sqrt(float(left @ left) / (len(when) - 2) / square)
    reach = t_99(len(when) - 2) * error
    return Interval(slope, slope - reach, slope + reach)


def grouped(values: Sequence[Sequence[float]], groups: int) -> List[List[float]]:
    """Column sums of at most `groups` groups of consecutive rows, as equal in size as can be."""
    rows = np.asarray(values, np.float64)
    return [part.sum(axis=0).tolist() for part in np.array_split(rows, min(groups, len(rows)))] if len(rows) else []
