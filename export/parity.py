"""Keras against ONNX Runtime on held-out records: the proof that the exported model is the trained one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.bundle.manifest import Parity, ParityStep
from edge.errors import ParityError
from edge.runtime.verdicts import is_anomalous
from edge.runtime.verifying import relative_differences

LARGEST_RELATIVE_DIFFERENCE = 1e-5
LEAST_RECORDS = 5_000


@dataclass(frozen=True)
class Comparison:
    """Two backends' scores of the same records; `relative` is infinite where a score is no finite number."""

    records: int
    relative: np.ndarray
    flipped: np.ndarray

    def parity(self, tolerance: float) -> Parity:
        """What the manifest records."""
        return Parity(
            tolerance=tolerance,
            records=self.records,
            altered=0,
            steps=[
                ParityStep(
                    reference="Keras, float32",
                    compared="ONNX Runtime, fp32",
                    max_relative_difference=float(self.relative.max()),
                    median_relative_difference=float(np.median(self.relative)),
                    flipped_verdicts=int(self.flipped.sum()),
                    auroc_change=0.0,
                )
            ],
            max_flips=None,
        )


def compare(reference: np.ndarray, exported: np.ndarray, threshold: float) -> Comparison:
    """Compare scores float32 [n] of the trained and of the exported model."""
    relative = relative_differences(exported, reference, threshold)
    relative[~np.isfinite(relative)] = np.inf
    flipped = is_anomalous(reference, threshold) != is_anomalous(exported, threshold)
    return Comparison(len(reference), relative, flipped)


def prove(comparison: Comparison, *, where: str, tolerance: float = LARGEST_RELATIVE_DIFFERENCE) -> Parity:
    """The parity record, when every difference is within the tolerance and no verdict flips.

    Raises:
        ParityError: one is not; names the worst record by its index.
    """
    worst = int(np.argmax(comparison.relative))
    if comparison.relative[worst] > tolerance or comparison.flipped.any():
        raise ParityError(
            f"the exported model differs from the trained one: relative difference {comparison.relative[worst]:.2g} "
            f"(at most {tolerance:g}) on held-out record {worst}, {int(comparison.flipped.sum())} verdicts flipped",
            where=where,
            mend="report this with the versions of tensorflow, tf2onnx and onnxruntime",
        )
    return comparison.parity(tolerance)
