"""What an evaluation says in words: whether the detector is worth more than the trivial baselines."""

from __future__ import annotations

from collections.abc import Sequence

from export.evaluate.report import BASELINE, DETECTOR, Row


def conclude(rows: Sequence[Row]) -> list[str]:
    """One sentence for each detector: which baselines beat it, or that none does; nothing without baselines.

    A baseline beats a detector when its area under the ROC curve, over the whole curve or up to the highest
    false-positive rate that is looked at, or its F1 (at the base rate, if one was stated) is larger by so much that
    four decimals show it.
    """
    baselines = [row for row in rows if row.kind == BASELINE]
    return [_sentence(row, baselines) for row in rows if row.kind == DETECTOR and baselines]


def _sentence(detector: Row, baselines: Sequence[Row]) -> str:
    won = [(row, figures) for row in baselines if (figures := _ahead(row, detector))]
    if won:
        listed = "; ".join(f"'{row.name}' ({', '.join(figures)})" for row, figures in won)
        return f"'{detector.name}' IS BEATEN on these records by {len(won)} of {len(baselines)} baselines: {listed}."
    best = max(baselines, key=lambda row: row.records.auroc)
    return (
        f"No baseline beats '{detector.name}' on these records: AUROC {detector.records.auroc:.4f}, "
        f"the best baseline is '{best.name}' with {best.records.auroc:.4f}."
    )


def _ahead(baseline: Row, detector: Row) -> list[str]:
    """The figures in which the baseline is ahead, in words."""
    ours, theirs = detector.records, baseline.records
    figures = []
    if _shown(theirs.auroc) > _shown(ours.auroc):
        overlap = ", intervals overlap" if theirs.auroc_low <= ours.auroc_high else ""
        figures.append(f"AUROC {theirs.auroc:.4f} against {ours.auroc:.4f}{overlap}")
    if _shown(theirs.pauc) > _shown(ours.pauc):
        figures.append(f"pAUC {theirs.pauc:.4f} against {ours.pauc:.4f}")
    if _shown(theirs.shown_f1) > _shown(ours.shown_f1):
        overlap = ", intervals overlap" if theirs.shown_f1_interval[0] <= ours.shown_f1_interval[1] else ""
        figures.append(f"F1 {theirs.shown_f1:.4f} against {ours.shown_f1:.4f}{overlap}")
    return figures


def _shown(share: float) -> float:
    return round(share, 4)
