"""What an evaluation says in words: whether the detector is worth more than the trivial baselines."""

from __future__ import annotations

from collections.abc import Sequence

from export.evaluate.report import BASELINE, DETECTOR, Row


def conclude(rows: Sequence[Row]) -> list[str]:
    """One sentence for each baseline that beats a detector, and one for each detector that none beats.

    A baseline beats a detector when its area under the ROC curve is larger, over the whole curve or up to the highest
    false-positive rate that is looked at; nothing without baselines.
    """
    baselines = [row for row in rows if row.kind == BASELINE]
    if not baselines:
        return []
    sentences: list[str] = []
    for row in rows:
        if row.kind == DETECTOR:
            beaten = [sentence for baseline in baselines if (sentence := _beats(baseline, row)) is not None]
            sentences += beaten or [_unbeaten(row, baselines)]
    return sentences


def _beats(baseline: Row, detector: Row) -> str | None:
    ours, theirs = detector.lines, baseline.lines
    won = []
    if theirs.auroc > ours.auroc:
        overlap = " (their intervals overlap)" if theirs.auroc_low <= ours.auroc_high else ""
        won.append(f"AUROC {theirs.auroc:.4f} against {ours.auroc:.4f}{overlap}")
    if theirs.pauc > ours.pauc:
        won.append(f"pAUC {theirs.pauc:.4f} against {ours.pauc:.4f}")
    if not won:
        return None
    return f"The baseline '{baseline.name}' beats '{detector.name}' on these lines: {', '.join(won)}."


def _unbeaten(detector: Row, baselines: Sequence[Row]) -> str:
    best = max(baselines, key=lambda row: row.lines.auroc)
    return (
        f"No baseline beats '{detector.name}' on these lines: AUROC {detector.lines.auroc:.4f}, "
        f"the best baseline is '{best.name}' with {best.lines.auroc:.4f}."
    )
