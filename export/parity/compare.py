"""Two backends' scores of the same inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from edge.bundle.manifest import ParityStep
from edge.errors import ParityError
from edge.runtime.verdicts import is_anomalous
from edge.runtime.verifying import relative_differences
from export.parity.limits import Limits
from export.parity.sample import Sample

_SHOWN = 3


@dataclass(frozen=True)
class Comparison:
    """How far the scores of `compared` are from those of `reference`, float32 [n] both.

    `relative`, float64 [n], is infinite where one is no finite number; `flipped`, bool [n], says which verdicts differ.
    The first `records` are held-out records, the others altered copies. `auroc_change` is that of the area under the
    curve.
    """

    reference: np.ndarray
    compared: np.ndarray
    relative: np.ndarray
    flipped: np.ndarray
    records: int
    auroc_change: float

    def step(self, reference: str, compared: str) -> ParityStep:
        """What the manifest records; the names say whose scores they are."""
        return ParityStep(
            reference=reference,
            compared=compared,
            max_relative_difference=float(self.relative.max()),
            median_relative_difference=float(np.median(self.relative)),
            flipped_verdicts=int(self.flipped.sum()),
            flipped_records=int(self.flipped[: self.records].sum()),
            auroc_change=self.auroc_change,
        )

    def broken(self, limits: Limits) -> list[str]:
        """Which limits are passed, in words."""
        found = []
        largest = float(self.relative.max())
        if not np.isfinite(largest):
            found.append("a score is no finite number")
        elif limits.relative is not None and largest > limits.relative:
            found.append(f"a relative difference of {largest:.2g} (at most {limits.relative:g})")
        # Altered copies are mostly far from the threshold: they must not make up for records.
        for what, flipped in (
            ("records", self.flipped[: self.records]),
            ("altered copies", self.flipped[self.records :]),
        ):
            if flipped.sum() > limits.flips * len(flipped):
                found.append(
                    f"the verdicts of {int(flipped.sum()):,} of {len(flipped):,} {what} flipped "
                    f"(at most {limits.flips:.2%})"
                )
        if limits.auroc is not None and abs(self.auroc_change) > limits.auroc:
            found.append(f"the AUROC changed by {self.auroc_change:+.4f} (at most {limits.auroc:g})")
        return found

    def only_flips(self, limits: Limits) -> bool:
        """Whether the share of flipped verdicts is all that is too much."""
        return bool(self.broken(limits)) and not self.broken(replace(limits, flips=1.0))

    def worst(self, content_of: Callable[[int], int]) -> list[int]:
        """The places of the inputs that differ most: those whose verdict flipped first, then by the difference.

        One for each content.
        """
        found: dict[int, int] = {}
        for place in np.lexsort((-self.relative, ~self.flipped)).tolist():
            found.setdefault(content_of(place), place)
            if len(found) == _SHOWN:
                break
        return list(found.values())


def compare(reference: np.ndarray, compared: np.ndarray, threshold: float, sample: Sample) -> Comparison:
    """Compare two scores of a sample, float32 [n]."""
    odd, normal = sample.odd_and_normal()
    relative = relative_differences(compared, reference, threshold)
    relative[~np.isfinite(relative)] = np.inf
    return Comparison(
        reference,
        compared,
        relative,
        is_anomalous(reference, threshold) != is_anomalous(compared, threshold),
        sample.records,
        _auroc(compared, odd, normal) - _auroc(reference, odd, normal) if np.isfinite(relative).all() else 0.0,
    )


def prove(comparison: Comparison, limits: Limits, *, sample: Sample, what: str, where: str, mend: str) -> None:
    """Make sure that a comparison is within its limits.

    Raises:
        ParityError: it is not; names the limits that are passed and the worst inputs.
    """
    broken = comparison.broken(limits)
    if broken:
        reference, compared = comparison.reference, comparison.compared
        worst = [
            f"{sample.name_of(place)} scores {compared[place]:.9g} instead of {reference[place]:.9g}"
            for place in comparison.worst(sample.content_of)
        ]
        raise ParityError(f"{what}: {', '.join(broken)}; worst: {'; '.join(worst)}", where=where, mend=mend)


def _auroc(scores: np.ndarray, odd: np.ndarray, normal: np.ndarray) -> float:
    """The area under the curve; 0 where there is nothing to tell apart."""
    from export.evaluate.metrics import auroc

    return auroc(scores[normal], scores[odd]) if odd.any() and normal.any() else 0.0
