"""How far a model of each precision may be from the one that it was made of."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Limits:
    """The largest relative difference of a score, share of flipped verdicts, and change of the AUROC; None is any."""

    relative: float | None
    flips: float
    auroc: float | None


LARGEST_RELATIVE_DIFFERENCE = 1e-5
LIMITS = {
    "fp32": Limits(relative=LARGEST_RELATIVE_DIFFERENCE, flips=0.0, auroc=None),
    "fp16": Limits(relative=None, flips=0.0005, auroc=None),
    "int8": Limits(relative=None, flips=0.002, auroc=0.002),
}
# What `verify` allows: another backend rounds as much as the lower precision itself does.
_LEAST_TOLERANCE = {"fp16": 1e-3, "int8": 1e-2}
_MOST_TOLERANCE = 0.1
_ROOM = 2.0


def limits_for(precision: str, max_flips: float | None = None) -> Limits:
    """The limits of a precision; `max_flips` raises the share of flipped verdicts where it is more."""
    limits = LIMITS[precision]
    return limits if max_flips is None else replace(limits, flips=max(limits.flips, max_flips))


def tolerance_of(precision: str, largest: float) -> float:
    """The relative difference that `verify` allows; `largest` is the one that the precision made."""
    if precision == "fp32":
        return LARGEST_RELATIVE_DIFFERENCE
    return min(max(_ROOM * largest, _LEAST_TOLERANCE[precision]), _MOST_TOLERANCE)
