"""The last page of the demo: what a person should take away from it."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from edge.commands.table import align
from edge.errors import escape_control
from edge.runtime.records import Record
from edge.sinks.render import TextRenderer
from edge.text.masks import Masker
from export.demo.steps import Outcome
from export.evaluate.report import Report as EvaluationReport

SHOWN_LINES = 6


def summarise(outcome: Outcome, *, colour: bool) -> list[str]:
    """The page, line by line; with `colour`, odd parts are marked as on a terminal."""
    records = read_records(outcome.files.alerts.read_bytes())
    preprocessing = outcome.bundle.manifest.preprocessing
    renderer = TextRenderer(colour=colour)
    oddest = pick_oddest(records, Masker(preprocessing.masks), SHOWN_LINES)
    return [
        "",
        f"oddline demo, done in {outcome.seconds:.0f} s",
        "",
        "what was learnt",
        *align(_learnt(outcome), indent="  "),
        "",
        f"the most anomalous lines, one of each program ({len(records):,} were flagged, all in {outcome.files.alerts})",
        *align([(f"{record.score:.2f}", renderer.mark(record)) for record in oddest], right=(0,), indent="  "),
        "",
        "how well the odd lines are told from the normal ones, beside methods that need no training to speak of",
        *align(_areas(outcome.evaluation), right=(1, 2), indent="  "),
        "  area: under the ROC curve, 0.5 is guessing and 1 perfect; at 1 %: odd lines flagged at 1 false alarm in 100",
        "",
        "speed on this machine",
        *align(_speed(outcome), indent="  "),
        "",
        "next, with a log of your own",
        "  oddline train line YOUR.log -o runs/mine",
    ]


def read_records(data: bytes) -> list[Record]:
    """The records of a JSON-lines file."""
    decoder = msgspec.json.Decoder(Record)
    return [decoder.decode(line) for line in data.splitlines()]


def pick_oddest(records: Iterable[Record], masker: Masker, most: int) -> list[Record]:
    """The records with the highest scores, one for each program, at most `most` of them.

    The program is what stands behind the time stamp and the host of a syslog line, numbers masked.
    """
    oddest: dict[str, Record] = {}
    for record in sorted(records, key=lambda record: -(record.score or 0.0)):
        words = record.text.split(maxsplit=5)
        (program,) = masker.apply([words[4] if len(words) > 4 else record.text])
        oddest.setdefault(program, record)
    return list(oddest.values())[:most]


def _learnt(outcome: Outcome) -> list[tuple[str, str]]:
    manifest = outcome.bundle.manifest
    training, threshold = manifest.training, manifest.threshold
    return [
        ("from", f"{training.records:,} lines of syslog, {training.distinct_inputs:,} distinct without their numbers"),
        ("model", f"{training.parameters['weights']:,} weights, a bundle of {_size(outcome) / 1e6:.1f} MB"),
        ("threshold", f"{threshold.value:.2f}, set on {threshold.records:,} later lines: {threshold.method}"),
        ("in use", _found(outcome.evaluation)),
    ]


def _size(outcome: Outcome) -> int:
    return sum(entry.size for entry in outcome.bundle.manifest.files)


def _found(report: EvaluationReport) -> str:
    figures = report.rows[0].records
    return (
        f"{round(figures.tpr * figures.anomalous):,} of {figures.anomalous:,} odd lines that were never seen before "
        f"are flagged, and {round(figures.fpr * figures.normal):,} false alarms in {figures.normal:,} normal ones"
    )


def _areas(report: EvaluationReport) -> list[tuple[str, str, str]]:
    rows = [("", "area", "at 1 %")]
    for place, row in enumerate(report.rows):
        rows.append((row.name if place else "oddline", f"{row.records.auroc:.4f}", f"{row.records.tpr_at_max_fpr:.1%}"))
    return rows


def _speed(outcome: Outcome) -> list[tuple[str, str]]:
    bench = outcome.bench
    rows = []
    if bench.end_to_end is not None:
        rows.append(("throughput", f"{bench.end_to_end.lines_per_second:,.0f} lines/s, from the raw file to verdicts"))
    if bench.single_stream is not None:
        latency = bench.single_stream.latency
        rows.append(
            ("latency", f"{latency.p50_ms:.2f} ms median, {latency.p99_ms:.2f} ms 99th percentile, one line at a time")
        )
    rows.append(
        (
            "on",
            escape_control(
                f"{bench.machine.processor.model}, {bench.machine.processor.usable} cores, {bench.settings.provider}"
            ),
        )
    )
    return rows
