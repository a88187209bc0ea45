"""Two backends' scores of the same inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edge.bundle.manifest import ParityStep
from edge.errors import ParityError
from edge.runtime.verdicts import is_anomalous
from edge.runtime.verifying import relative_differences
from export.parity.limits import Limits

_SHOWN = 3


@dataclass(frozen=True)
class Comparison:
    """How far the scores of `compared` are from those of `reference`, float32 [n] both.

    `relative`, float64 [n], is infinite where one is no finite number; `flipped`, bool [n], says which verdicts differ.
    `auroc_change` is that of the area under the curve.
    """

    reference: np.ndarray
    compared: np.ndarray
    relative: np.ndarray
    flipped: np.ndarray
    auroc_change: float

    def step(self, reference: str, compared: str) -> ParityStep:
        """What the manifest records; the names say whose scores they are."""
        return ParityStep(
            reference=reference,
            compared=compared,
            max_relative_difference=float(self.relative.max()),
            median_relative_difference=float(np.median(self.relative)),
            flipped_verdicts=int(self.flipped.sum()),
            auroc_change=self.auroc_change,
        )

    def broken(self, limits: Limits) -> list[str]:
        """Which limits are passed, in words."""
        found = []
        largest, flips = float(self.relative.max()), int(self.flipped.sum())
        if not np.isfinite(largest):
            found.append("a score is no finite number")
        elif limits.relative is not None and largest > limits.relative:
            found.append(f"a relative difference of {largest:.2g} (at most {limits.relative:g})")
        if flips > limits.flips * len(self.flipped):
            found.append(f"{flips:,} of {len(self.flipped):,} verdicts flipped (at most {limits.flips:.2%})")
        if limits.auroc is not None and abs(self.auroc_change) > limits.auroc:
            found.append(f"the AUROC changed by {self.auroc_change:+.4f} (at most {limits.auroc:g})")
        return found

    def worst(self) -> list[int]:
        """The places of the inputs that differ most: those whose verdict flipped first, then by the difference."""
        order = np.lexsort((-self.relative, ~self.flipped))
        return [int(place) for place in order[:_SHOWN]]


def compare(
    reference: np.ndarray, compared: np.ndarray, threshold: float, odd: np.ndarray, normal: np.ndarray
) -> Comparison:
    """Compare scores float32 [n]; `odd` and `normal`, bool [n], say which the curve is to tell apart."""
    relative = relative_differences(compared, reference, threshold)
    relative[~np.isfinite(relative)] = np.inf
    return Comparison(
        reference,
        compared,
        relative,
        is_anomalous(reference, threshold) != is_anomalous(compared, threshold),
        _auroc(compared, odd, normal) - _auroc(reference, odd, normal) if np.isfinite(relative).all() else 0.0,
    )


def prove(
    comparison: Comparison, limits: Limits, *, name_of: Callable[[int], str], what: str, where: str, mend: str
) -> None:
    """Make sure that a comparison is within its limits.

    Raises:
        ParityError: it is not; names the limits that are passed and the worst inputs.
    """
    broken = comparison.broken(limits)
    if broken:
        worst = "; ".join(
            f"{name_of(place)} scores {comparison.compared[place]:.9g} instead of {comparison.reference[place]:.9g}"
            for place in comparison.worst()
        )
        raise ParityError(f"{what}: {', '.join(broken)}; worst: {worst}", where=where, mend=mend)


def _auroc(scores: np.ndarray, odd: np.ndarray, normal: np.ndarray) -> float:
    """The area under the curve; 0 where there is nothing to tell apart."""
    from export.evaluate.metrics import auroc

    return auroc(scores[normal], scores[odd]) if odd.any() and normal.any() else 0.0
