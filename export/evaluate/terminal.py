"""The report as a short table and sentences for the terminal."""

from __future__ import annotations

from edge.commands.table import align
from edge.errors import escape_control
from export.evaluate.audit import describe
from export.evaluate.bootstrap import FEW_CLUSTERS
from export.evaluate.report import BASELINE, Report, Row
from export.evaluate.samples import without_label

_SHOWN_KINDS = 12


def render(report: Report) -> str:
    """The report as a plain table and sentences, safe to print to a terminal."""
    lines = [counts(report), "", *table(*figures(report))]
    if len(report.rows[0].kinds) > 1 or any(kind.trained is not None for kind in report.rows[0].kinds):
        heads, rows = kind_figures(report)
        lines += ["", "By kind of anomaly", *table(heads, rows[:_SHOWN_KINDS])]
        if len(rows) > _SHOWN_KINDS:
            lines.append(f"... and {len(rows) - _SHOWN_KINDS} kinds more")
    lines += ["", *notes(report), *report.conclusions]
    return "\n".join(escape_control(line) for line in lines)


def table(heads: list[str], rows: list[list[str]]) -> list[str]:
    """Rows of cells as lines: the first column flush left, the others flush right."""
    return align([heads, *rows], right=range(1, len(heads)))


def figures(report: Report) -> tuple[list[str], list[list[str]]]:
    """Heads and rows of the main table."""
    f1 = "F1" if report.base_rate is None else f"F1 at {report.base_rate:.3g}"
    heads = [
        "",
        "AUROC",
        "95 % interval",
        "AP",
        f"recall at {report.max_fpr:.0%}",
        "recall",
        "FPR",
        f1,
        "95 % interval",
    ]
    return [*heads, "AUROC distinct"], [
        [
            row.name,
            f"{row.records.auroc:.4f}",
            f"{row.records.auroc_low:.4f}-{row.records.auroc_high:.4f}",
            f"{row.records.average_precision:.4f}",
            f"{row.records.tpr_at_max_fpr:.2%}",
            f"{row.records.tpr:.2%}",
            f"{row.records.fpr:.2%}",
            f"{row.records.shown_f1:.4f}",
            "{:.4f}-{:.4f}".format(*row.records.shown_f1_interval),
            f"{row.distinct.auroc:.4f}",
        ]
        for row in report.rows
    ]


def kind_figures(report: Report) -> tuple[list[str], list[list[str]]]:
    """Heads and rows of the table of kinds: the first detector's recall and area, and the best baseline's area."""
    first = report.rows[0]
    best = best_baseline(report)
    heads = ["kind", "records", "in training", "recall", "AUROC"]
    if best is not None:
        heads.append(f"AUROC of {best.name}")
    others = {} if best is None else {kind.name: f"{kind.auroc:.4f}" for kind in best.kinds}
    rows = []
    for kind in first.kinds:
        trained = {None: "-", True: "yes", False: "never"}[kind.trained]
        row = [kind.name, f"{kind.records:,}", trained, f"{kind.recall:.2%}", f"{kind.auroc:.4f}"]
        rows.append(row if best is None else [*row, others.get(kind.name, "-")])
    return heads, rows


def best_baseline(report: Report) -> Row | None:
    """The baseline with the largest area, None where there is none."""
    baselines = [row for row in report.rows if row.kind == BASELINE]
    return max(baselines, key=lambda row: row.records.auroc, default=None)


def counts(report: Report) -> str:
    """How many records of each class there are."""
    first = report.rows[0].records
    parts = [
        f"{records:,} {kind} records ({distinct:,} distinct)"
        for kind, records, distinct in (
            ("normal", first.normal, first.distinct_normal),
            ("anomalous", first.anomalous, first.distinct_anomalous),
        )
    ]
    return " and ".join(parts)


def notes(report: Report) -> list[str]:
    """What a reader must know of the figures."""
    found = [
        "Recall and FPR: anomalous and normal records flagged at each row's own threshold, set on normal records. "
        f"Recall at {report.max_fpr:.0%}: at most that share of normal records flagged, for all rows."
    ]
    name, first = report.rows[0].name, report.rows[0].records
    found.append(
        f"{name} at its threshold of {report.rows[0].threshold:.6g}, on this mixture of records: accuracy "
        f"{first.accuracy:.4f}, precision {first.precision:.4f}, recall {first.tpr:.4f}, F1 {first.f1:.4f}."
    )
    if min(first.distinct_normal, first.distinct_anomalous) < FEW_CLUSTERS:
        found.append(
            f"Intervals resample distinct records, and one side has fewer than {FEW_CLUSTERS}: they are a guess."
        )
    for row in report.rows:
        if row.unscored:
            found.append(f"{row.unscored:,} records cannot be scored by {row.name}, and are in none of its figures.")
    if report.unlabelled:
        found.append(f"Left out: {without_label(report.unlabelled)}.")
    found += describe(report.audit)
    if report.baselines_left_out is not None:
        found.append(report.baselines_left_out + ".")
    return found
