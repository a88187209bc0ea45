"""A report as headed tables for people."""

from __future__ import annotations

from typing import List, Optional, Tuple

from edge.bench.conditions import Conditions, Energy, Garbage
from edge.bench.end_to_end import EndToEnd
from edge.bench.plot import histogram, line
from edge.bench.report import MachineFacts, Report
from edge.bench.scenarios import Stream
from edge.bench.soak import Soak
from edge.bench.stopwatch import STAGES

Row = Tuple[str, ...]
Section = Tuple[str, List[Row], Tuple[int, ...]]
"""A head, rows, and the columns that are numbers."""

_SHOWN_SAMPLES = 12


def report_sections(report: Report, *, unicode: bool) -> List[Section]:
    """Headed tables; plots are of ASCII alone without `unicode`."""
    sections: List[Section] = [
        ("machine", machine_rows(report.machine), ()),
        ("measured", _measured(report), ()),
        ("state of the machine", condition_rows(report.before, report.after, unicode=unicode), ()),
    ]
    streams = [("single-stream", report.single_stream), ("multi-stream", report.multi_stream)]
    found = [(name, result) for name, result in streams if result is not None]
    if found:
        head = ("", "queries", "mean", "p50", "p90", "p99", "p99.9", "highest", "outliers", "records/s")
        rows = [head, *[_latency_row(name, result) for name, result in found]]
        sections.append(("latency in ms", rows, tuple(range(1, len(head)))))
    for name, result in found:
        fence = f"{result.latency.outlier_above_ms:.4g}"
        title = f"{name}: queries by latency in ms (outliers: above {fence}, ten times the median)"
        sections.append((title, list(histogram(result.latency.bins, unicode=unicode)), (1,)))
    rates = _rates(report)
    if rates:
        sections.append(("throughput", [("", "records", "seconds", "records/s", ""), *rates], (1, 2, 3)))
    if report.end_to_end is not None:
        sections.append(("end-to-end by stage", _stages(report.end_to_end, unicode), (1, 2, 3)))
    beside = _beside(report)
    if len(beside) > 1:
        sections.append(("beside", beside, tuple(range(1, len(beside[0])))))
    if report.soak is not None:
        sections.append(("soak", _soak(report.soak, unicode), (0, 1, 2, 3)))
    sections.append(("notes", [(note,) for note in report.notes], ()))
    return sections


def machine_rows(machine: MachineFacts) -> List[Row]:
    """What was measured on."""
    usable = "" if machine.usable_cores == machine.cores else f", {machine.usable_cores} of them usable"
    rows: List[Row] = [
        ("oddline", f"{machine.oddline}, Python {machine.python}"),
        ("packages", ", ".join(f"{name} {version}" for name, version in machine.packages.items() if version)),
        ("system", f"{machine.system}, kernel {machine.kernel}, {machine.architecture}"),
        ("CPU", f"{machine.cpu}, {machine.cores} cores{usable}"),
    ]
    if machine.board or machine.l4t:
        rows.append(
            ("board", ", ".join(part for part in (machine.board, machine.l4t and f"L4T {machine.l4t}") if part))
        )
    rows += [("GPU", gpu) for gpu in machine.gpus]
    libraries = ", ".join(f"{kind} {version}" for kind, version in machine.libraries.items() if version)
    if libraries:
        rows.append(("libraries", libraries))
    if machine.memory_bytes is not None:
        rows.append(("memory", f"{machine.memory_bytes / (1 << 20):,.0f} MiB"))
    return rows


def condition_rows(before: Conditions, after: Conditions, *, unicode: bool) -> List[Row]:
    """What is known of the machine's state, before and after, and where nothing is."""
    rows: List[Row] = [
        (name, old if old == new else f"{old}, then {new}")
        for name, old, new in zip(_CONDITIONS, _conditions(before, unicode), _conditions(after, unicode))
        if old or new
    ]
    return rows or [("", "this machine tells nothing of it")]


_CONDITIONS = ("load", "governor", "power mode", "clocks", "clocks locked", "temperature", "slowed down by", "events")


def _conditions(now: Conditions, unicode: bool) -> Row:
    clocks = [value for value in now.clocks_mhz.values() if value is not None]
    others = [f"{name} {value:,.0f}" for name, value in now.clocks_mhz.items() if value and not name.startswith("cpu")]
    cores = [value for name, value in now.clocks_mhz.items() if value and name.startswith("cpu")]
    shown = [f"cpu {min(cores):,.0f} to {max(cores):,.0f}"] if cores else []
    return (
        "" if now.load_average is None else f"{now.load_average:.2f}",
        now.governor or "",
        now.power_mode or "",
        f"{', '.join([*shown, *others])} MHz" if clocks else "",
        "" if now.clocks_locked is None else "yes" if now.clocks_locked else "no",
        ", ".join(f"{name} {value:.1f}" for name, value in now.temperatures.items())
        + (f" {_degrees(unicode)}" if now.temperatures else ""),
        "; ".join(now.throttled),
        f"{sum(now.over_current_events.values())} over-current" if any(now.over_current_events.values()) else "",
    )


def _degrees(unicode: bool) -> str:
    return "°C" if unicode else "C"


def _measured(report: Report) -> List[Row]:
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


def _latency_row(name: str, result: Stream) -> Row:
    latency = result.latency
    values = (
        latency.mean_ms, latency.p50_ms, latency.p90_ms, latency.p99_ms, latency.p99_9_ms, latency.highest_ms
    )  # fmt: skip
    rate = f"{result.records / result.seconds:,.0f}"
    return (name, f"{latency.queries:,}", *[f"{value:.3f}" for value in values], f"{latency.outliers:,}", rate)


def _rates(report: Report) -> List[Row]:
    rows: List[Row] = []
    if report.offline is not None:
        result = report.offline
        rows.append(_rate("offline", result.records, result.seconds, f"{result.rows_per_second:,.0f} rows/s"))
    if report.end_to_end is not None:
        whole = report.end_to_end
        extra = f"{whole.megabytes_per_second:,.2f} MB/s, {whole.computed_records:,} records computed"
        rows.append(_rate("end-to-end", whole.records, whole.seconds, extra))
    return rows


def _rate(name: str, records: int, seconds: float, extra: str) -> Row:
    return (name, f"{records:,}", f"{seconds:.2f}", f"{records / seconds:,.0f}", extra)


def _stages(result: EndToEnd, unicode: bool) -> List[Row]:
    rows: List[Row] = [("", "seconds", "share", "µs/record" if unicode else "us/record", "")]
    for stage, seconds in result.stage_seconds.items():
        inner = STAGES.get(stage, ())
        parts = ", ".join(f"{part} {result.part_seconds[part]:.3f}" for part in inner if len(inner) > 1)
        each = f"{1e6 * seconds / max(result.records, 1):.3f}"
        rows.append((stage, f"{seconds:.3f}", f"{seconds / result.seconds:.1%}", each, parts))
    return rows


def _beside(report: Report) -> List[Row]:
    """Collections of garbage, and energy where it could be measured."""
    found: List[Tuple[str, Garbage, Optional[Energy]]] = [
        (name, result.garbage, result.energy)
        for name, result in (
            ("single-stream", report.single_stream),
            ("multi-stream", report.multi_stream),
            ("offline", report.offline),
            ("end-to-end", report.end_to_end),
        )
        if result is not None
    ]
    with_energy = any(energy is not None for _, _, energy in found)
    rows: List[Row] = [("", "garbage collections", "ms in them", *(["J per 1,000 records"] if with_energy else []))]
    for name, garbage, energy in found:
        each = None if energy is None else energy.joules_per_1000_records
        more = ["unknown" if each is None else f"{each:.4g}"] if with_energy else []
        rows.append((name, f"{garbage.collections:,}", f"{1e3 * garbage.seconds:.2f}", *more))
    return rows


def _soak(result: Soak, unicode: bool) -> List[Row]:
    rows: List[Row] = [("min", "records/s", "MiB", _degrees(unicode), "slowed down by")]
    step = max(1, -(-len(result.samples) // _SHOWN_SAMPLES))
    for one in result.samples[::step]:
        memory = "" if one.resident_bytes is None else f"{one.resident_bytes / (1 << 20):,.1f}"
        heat = "" if one.temperature is None else f"{one.temperature:.1f}"
        rows.append(
            (f"{one.at_seconds / 60:.2f}", f"{one.records_per_second:,.0f}", memory, heat, "; ".join(one.throttled))
        )
    resident = [float(one.resident_bytes) for one in result.samples if one.resident_bytes is not None]
    rates = [one.records_per_second for one in result.samples]
    for name, values in (("records/s, lowest to highest", rates), ("MiB, lowest to highest", resident)):
        if len(values) > 1:
            rows.append(("", "", "", "", f"{name}: {line(values, unicode=unicode)}"))
    return rows
