"""What `bench --providers` found, as it is kept on disk and shown."""

from __future__ import annotations

from typing import List, Tuple, Union

import msgspec

from edge.bench.conditions import Conditions
from edge.bench.matrix import Cell, Choice, Failure
from edge.bench.report import BundleFacts, InputFacts, MachineFacts
from edge.bench.tables import Section, condition_rows, machine_rows
from edge.recommendation import with_threads

SCHEMA_VERSION = 2
KIND = "providers"


class ProvidersReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every cell that was measured, for `seconds` each, and which of them is recommended for throughput."""

    schema_version: int
    kind: str
    measured_at: str
    bundle: BundleFacts
    machine: MachineFacts
    input: InputFacts
    seconds: float
    before: Conditions
    after: Conditions
    cells: List[Cell]
    failures: List[Failure]
    recommended: Choice
    notes: List[str]


def notes_on_cells(cells: List[Cell], recommended: Cell, where: str) -> List[str]:
    """How it was measured, and what follows."""
    fastest = max(cells, key=lambda cell: cell.records_per_second)
    notes = [
        "records/s: distinct records encoded and computed, the memory of earlier ones off; reading, parsing and "
        "writing are no part of it, and do not depend on the provider",
        "latency: single lines, from bytes to verdicts; measured once for all batch sizes where each line is one row",
    ]
    if fastest is not recommended:
        notes.append(
            f"the fastest is {_name(fastest)}, by less than 5 %, which is as good as the same: the more frugal one is "
            "recommended"
        )
    quick = min(cells, key=lambda cell: cell.single_stream_p50_ms)
    if (quick.provider, quick.threads) != (recommended.provider, recommended.threads):
        notes.append(
            f"single lines are answered sooner by {with_threads(quick.provider, quick.threads)} "
            f"({quick.single_stream_p50_ms:.3f} ms): a choice for watching a quiet log"
        )
    notes.append(f"recorded in {where}: oddline score --provider auto uses it from now on")
    return notes


def providers_sections(report: ProvidersReport, *, unicode: bool) -> List[Section]:
    """Headed tables for people; the recommended cell is marked."""
    head = ("", "provider", "threads", "batch", "records/s", "lowest", "highest", "p50 ms", "p99 ms")
    rows: List[Tuple[str, ...]] = [head]
    chosen = report.recommended
    for cell in report.cells:
        mark = (cell.provider, cell.threads, cell.batch_size) == (chosen.provider, chosen.threads, chosen.batch_size)
        rows.append(
            (
                ">" if mark else "",
                cell.provider,
                str(cell.threads or "auto"),
                str(cell.batch_size),
                f"{cell.records_per_second:,.0f}",
                f"{min(cell.rounds):,.0f}",
                f"{max(cell.rounds):,.0f}",
                f"{cell.single_stream_p50_ms:.3f}",
                f"{cell.single_stream_p99_ms:.3f}",
            )
        )
    sections: List[Section] = [
        ("machine", machine_rows(report.machine), ()),
        ("state of the machine", condition_rows(report.before, report.after, unicode=unicode), ()),
        ("providers", rows, tuple(range(2, len(head)))),
    ]
    if report.failures:
        failed: List[Tuple[str, ...]] = [
            (one.provider, "" if one.batch_size is None else f"batch {one.batch_size}", one.why)
            for one in report.failures
        ]
        sections.append(("not measured", failed, ()))
    sections.append(("recommended", [(_name(chosen),)], ()))
    sections.append(("notes", [(note,) for note in report.notes], ()))
    return sections


def _name(cell: Union[Cell, Choice]) -> str:
    return with_threads(f"{cell.provider}, batch {cell.batch_size}", cell.threads)
