"""The report of an evaluation: its file, with one writer and one reader, and its table for people."""

from __future__ import annotations

from pathlib import Path
from typing import List, Optional

import msgspec

from edge.errors import InputError, SchemaError, escape_control
from edge.files.atomic import AtomicFile
from export.evaluate.metrics import Metrics

REPORT_SCHEMA_VERSION = 1
DETECTOR = "detector"
BASELINE = "baseline"
_COLUMNS_A_BLOCK = 5
_WIDEST_COLUMN = 18


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of the report's structures: immutable, and closed to fields that it does not name."""


class FileReport(_Strict, frozen=True):
    """A file that was evaluated on."""

    name: str
    lines: int


class FileAuroc(_Strict, frozen=True):
    """The area under the ROC curve of one anomalous file against all normal lines; None when the file is empty."""

    name: str
    lines: int
    auroc: Optional[float]


class Row(_Strict, frozen=True):
    """One scorer. `kind` is ``detector`` or ``baseline``.

    `lines` counts every line; `distinct` counts lines that are equal after masking once.
    """

    name: str
    kind: str
    threshold: float
    lines: Metrics
    distinct: Metrics
    files: List[FileAuroc]


class Report(_Strict, frozen=True):
    """A whole evaluation.

    `seed` and `replicates` are the bootstrap's. `known` is the share of normal lines whose masked content the training
    part held too, None for a bundle; `shared` is how many distinct masked lines stand among the normal and among the
    anomalous ones; `conclusions` are sentences for people.
    """

    schema_version: int
    created_by: str
    subject: str
    seed: int
    replicates: int
    confidence: float
    max_fpr: float
    normal: List[FileReport]
    anomalous: List[FileReport]
    known: Optional[float]
    shared: int
    rows: List[Row]
    baselines_left_out: Optional[str]
    conclusions: List[str]


class _Versioned(msgspec.Struct):
    schema_version: int


def write_report(path: Path, report: Report) -> None:
    """Write the report as indented JSON; the name holds all of it or what it held before.

    Raises:
        OutputError: it cannot be written.
    """
    with AtomicFile(path) as file:
        file.write(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")


def read_report(path: Path) -> Report:
    """Read a report.

    Raises:
        InputError: there is none.
        SchemaError: it is damaged or of another schema version.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=str(path), mend="check the path") from error
    try:
        version = msgspec.json.decode(data, type=_Versioned).schema_version
        if version != REPORT_SCHEMA_VERSION:
            raise SchemaError(f"report schema version {version}", where=str(path), mend="evaluate again")
        return msgspec.json.decode(data, type=Report)
    except msgspec.DecodeError as error:
        raise SchemaError(f"malformed report ({error})", where=str(path), mend="evaluate again") from error


def render(report: Report) -> str:
    """The report as a plain table and sentences, safe to print to a terminal."""
    lines = [_counts(report), ""]
    lines += table(
        [
            "",
            "AUROC",
            "95 % interval",
            "AP",
            f"pAUC {report.max_fpr:.0%}",
            f"TPR at {report.max_fpr:.0%}",
            "TPR",
            "FPR",
            "AUROC distinct",
        ],
        [
            [
                row.name,
                f"{row.lines.auroc:.4f}",
                f"{row.lines.auroc_low:.4f}-{row.lines.auroc_high:.4f}",
                f"{row.lines.average_precision:.4f}",
                f"{row.lines.pauc:.4f}",
                f"{row.lines.tpr_at_max_fpr:.2%}",
                f"{row.lines.tpr:.2%}",
                f"{row.lines.fpr:.2%}",
                f"{row.distinct.auroc:.4f}",
            ]
            for row in report.rows
        ],
    )
    if len(report.anomalous) > 1:
        lines += ["", *_by_file(report)]
    lines += ["", *_notes(report), *report.conclusions]
    return "\n".join(escape_control(line) for line in lines)


def table(heads: list[str], rows: list[list[str]]) -> list[str]:
    """Rows of cells as lines: the first column flush left, the others flush right."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    return [
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))])
        for row in [heads, *rows]
    ]


def _counts(report: Report) -> str:
    first = report.rows[0]
    parts = [
        f"{lines:,} {kind} lines ({distinct:,} distinct after masking)"
        for kind, lines, distinct in (
            ("normal", first.lines.normal, first.distinct.normal),
            ("anomalous", first.lines.anomalous, first.distinct.anomalous),
        )
    ]
    return " and ".join(parts)


def _by_file(report: Report) -> list[str]:
    """AUROC for each anomalous file, a few columns below the other where there are many."""
    lines = ["AUROC by file"]
    names = _short_names([file.name for file in report.anomalous])
    for start in range(0, len(names), _COLUMNS_A_BLOCK):
        part = slice(start, start + _COLUMNS_A_BLOCK)
        rows = [
            [row.name, *("-" if file.auroc is None else f"{file.auroc:.4f}" for file in row.files[part])]
            for row in report.rows
        ]
        lines += table(["", *names[part]], rows)
    return lines


def _short_names(names: list[str]) -> list[str]:
    """File names without their folders, unless that makes two equal; cut in front to a column's width."""
    short = [Path(name).name or name for name in names]
    if len(set(short)) < len(short):
        short = names
    return [name if len(name) <= _WIDEST_COLUMN else "..." + name[3 - _WIDEST_COLUMN :] for name in short]


def _notes(report: Report) -> list[str]:
    notes = [
        "TPR and FPR: anomalous and normal lines flagged at each row's own threshold. "
        f"TPR at {report.max_fpr:.0%}: at most that share of normal lines flagged, for all rows."
    ]
    if report.known is not None:
        notes.append(f"{report.known:.1%} of the normal lines stood in the training part too, after masking.")
    if report.shared:
        notes.append(
            f"{report.shared:,} distinct masked lines stand among the normal lines and among the anomalous ones: "
            "no method that sees one line at a time can tell those apart."
        )
    if report.baselines_left_out is not None:
        notes.append(report.baselines_left_out + ".")
    return notes
