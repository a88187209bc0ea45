"""What a benchmark found, for programs and for people."""

from __future__ import annotations

from typing import List, Optional, Tuple

import msgspec

from edge.bench.end_to_end import EndToEnd
from edge.bench.scenarios import Offline, Stream
from edge.doctor.machine import Machine, machine_rows

SCHEMA_VERSION = 1


class BundleFacts(msgspec.Struct, frozen=True):
    """Which bundle was measured."""

    name: str
    detector: str
    preset: str
    target: str
    precision: str
    manifest_sha256: str
    model_sha256: str


class InputFacts(msgspec.Struct, frozen=True):
    """The lines that were measured with; `kind` is ``logs`` or ``golden``, `format` what they were read as."""

    kind: str
    names: List[str]
    format: str
    lines: int
    distinct_lines: int
    bytes: int
    complete: bool


class Settings(msgspec.Struct, frozen=True):
    """`threads` 0 is one for each core; `seconds` are for each scenario."""

    provider: str
    threads: int
    batch_size: int
    seconds: float
    warm_up_seconds: float


class Report(msgspec.Struct, frozen=True):
    """A scenario that was not asked for is None."""

    schema_version: int
    measured_at: str
    bundle: BundleFacts
    machine: Machine
    settings: Settings
    input: InputFacts
    single_stream: Optional[Stream]
    multi_stream: Optional[Stream]
    offline: Optional[Offline]
    end_to_end: Optional[EndToEnd]
    peak_resident_bytes: int
    notes: List[str]


Section = Tuple[str, List[Tuple[str, ...]], Tuple[int, ...]]
"""A head, rows, and the columns that are numbers."""


def notes_on(sample: InputFacts, settings: Settings, end_to_end: Optional[EndToEnd]) -> List[str]:
    """What a reader must know to understand the numbers."""
    notes = [
        f"warm-up is not counted: {settings.warm_up_seconds:g} s of queries, a batch of each size, a block of lines",
        "single-stream and multi-stream: from raw lines to verdicts, the memory of earlier lines is off",
        "offline: encoded lines through the model alone",
    ]
    if end_to_end is not None:
        share = end_to_end.known_lines / end_to_end.lines
        notes.append(
            f"end-to-end: {share:.1%} of the lines were, once masked, equal to earlier ones and not computed again; "
            "the file was in the page cache; reasons and output are not part of it"
        )
    if sample.kind == "golden":
        notes.append("the bundle's golden lines, repeated, are no real log: name one to see how it really goes")
    elif not sample.complete:
        notes.append(f"only the first {sample.lines:,} lines were measured with")
    return notes


def report_sections(report: Report) -> List[Section]:
    """Headed tables for people."""
    sections: List[Section] = [
        ("machine", list(machine_rows(report.machine)), ()),
        ("measured", _measured(report), ()),
    ]
    streams = [("single-stream", report.single_stream), ("multi-stream", report.multi_stream)]
    latencies = [_latency_row(name, result) for name, result in streams if result is not None]
    if latencies:
        head = ("", "queries", "mean", "p50", "p90", "p99", "p99.9", "highest", "lines/s")
        sections.append(("latency in ms", [head, *latencies], tuple(range(1, len(head)))))
    rates = _rates(report)
    if rates:
        sections.append(("throughput", [("", "lines", "seconds", "lines/s", ""), *rates], (1, 2, 3)))
    if report.end_to_end is not None:
        sections.append(("end-to-end by stage", _stages(report.end_to_end), (1, 2, 3)))
    sections.append(("notes", [(note,) for note in report.notes], ()))
    return sections


def _measured(report: Report) -> List[Tuple[str, ...]]:
    bundle, settings, sample = report.bundle, report.settings, report.input
    threads = str(settings.threads) if settings.threads else "one for each core"
    return [
        ("bundle", f"{bundle.name}, {bundle.detector} {bundle.preset}, {bundle.target} {bundle.precision}"),
        ("manifest", f"sha256 {bundle.manifest_sha256}"),
        ("provider", f"{settings.provider}, threads: {threads}, batch size {settings.batch_size}"),
        ("input", ", ".join(sample.names)),
        (
            "",
            f"{sample.lines:,} lines, {sample.distinct_lines:,} distinct, {sample.bytes / 1e6:,.2f} MB, "
            f"read as {sample.format}",
        ),
        ("peak", f"{report.peak_resident_bytes / (1 << 20):,.0f} MiB resident in this process"),
    ]


def _latency_row(name: str, result: Stream) -> Tuple[str, ...]:
    latency = result.latency
    values = (
        latency.mean_ms, latency.p50_ms, latency.p90_ms, latency.p99_ms, latency.p99_9_ms, latency.highest_ms
    )  # fmt: skip
    return (
        name,
        f"{latency.queries:,}",
        *[f"{value:.3f}" for value in values],
        f"{result.lines / result.seconds:,.0f}",
    )


def _rates(report: Report) -> List[Tuple[str, ...]]:
    rows: List[Tuple[str, ...]] = []
    if report.offline is not None:
        result = report.offline
        extra = f"{result.rows_per_second:,.0f} rows/s"
        rows.append(("offline", f"{result.lines:,}", f"{result.seconds:.2f}", f"{result.lines_per_second:,.0f}", extra))
    if report.end_to_end is not None:
        whole = report.end_to_end
        extra = f"{whole.megabytes_per_second:,.2f} MB/s, {whole.computed_lines:,} lines computed"
        rows.append(("end-to-end", f"{whole.lines:,}", f"{whole.seconds:.2f}", f"{whole.lines_per_second:,.0f}", extra))
    return rows


def _stages(result: EndToEnd) -> List[Tuple[str, ...]]:
    rows: List[Tuple[str, ...]] = [("", "seconds", "share", "µs/line")]
    for stage, seconds in result.stage_seconds.items():
        share = f"{seconds / result.seconds:.1%}"
        rows.append((stage, f"{seconds:.3f}", share, f"{1e6 * seconds / result.lines:.3f}"))
    return rows
