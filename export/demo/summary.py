"""The last page of the demo: what a person should take away from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from edge.commands.table import align
from edge.errors import escape_control
from edge.runtime.records import Record
from edge.sinks.render import TextRenderer
from edge.text.masks import Masker
from export.demo.steps import Outcome
from export.evaluate.report import BASELINE, Row
from export.evaluate.report import Report as EvaluationReport
from export.line.presets import DEFAULT_MASKS

SHOWN_RECORDS = 3
_SHOWN_CHARACTERS = 400


def summarise(outcomes: Sequence[Outcome], *, colour: bool) -> list[str]:
    """The page, line by line; with `colour`, odd parts are marked as on a terminal."""
    page = ["", f"oddline demo, done in {sum(outcome.seconds for outcome in outcomes):.0f} s"]
    for outcome in outcomes:
        page += ["", outcome.plan.detector, *_detector(outcome, colour=colour)]
    return [
        *page,
        "",
        "how well odd records are told from normal ones, beside the best of the methods that need no network",
        *align(
            [("", "area", "at 1 %", "baseline", "area", "at 1 %"), *map(_quality, outcomes)],
            right=(1, 2, 4, 5),
            indent="  ",
        ),
        "  area: under the ROC curve, 0.5 is guessing and 1 perfect; at 1 %: odd ones flagged at 1 false alarm in 100",
        *[f"  {escape_control(line)}" for outcome in outcomes for line in outcome.evaluation.conclusions],
        "",
        f"speed on this machine ({escape_control(_machine(outcomes[0]))})",
        *align(
            [("", "lines/s", "median", "99th percentile", "bundle"), *map(_speed, outcomes)],
            right=(1, 2, 3, 4),
            indent="  ",
        ),
        "  lines/s: from the raw file to verdicts; median and 99th percentile: ms for one line",
        "",
        "next, with logs of your own",
        *[
            f"  oddline train {outcome.plan.detector} {outcome.plan.own_log} -o runs/{outcome.plan.detector}"
            for outcome in outcomes
        ],
        f"the whole evaluations, with pictures: {outcomes[0].files.report.parent.parent}/*/report/report.html",
    ]


def read_records(data: bytes) -> list[Record]:
    """The records of a JSON-lines file."""
    decoder = msgspec.json.Decoder(Record)
    return [decoder.decode(line) for line in data.splitlines()]


def pick_oddest(records: Iterable[Record], most: int) -> list[Record]:
    """The records with the highest scores, at most `most` of them, no two of them much alike.

    Records are alike when their first odd parts are, numbers masked.
    """
    masker = Masker(DEFAULT_MASKS)
    oddest: dict[str, Record] = {}
    for record in sorted(records, key=lambda record: -(record.score or 0.0)):
        (what,) = masker.apply([record.reasons[0].text if record.reasons else record.text])
        oddest.setdefault(what, record)
    return list(oddest.values())[:most]


def _detector(outcome: Outcome, *, colour: bool) -> list[str]:
    records = [record for record in read_records(outcome.files.alerts.read_bytes()) if record.anomalous]
    renderer = TextRenderer(colour=colour)
    training, threshold = outcome.bundle.manifest.training, outcome.bundle.manifest.threshold
    facts = [
        ("learnt from", f"{training.records:,} records, {training.distinct_inputs:,} distinct as the model sees them"),
        ("threshold", f"{threshold.value:.2f}, set on {threshold.records:,} held-out records: {threshold.method}"),
        ("in use", _found(outcome.evaluation)),
        ("oddest", f"of {len(records):,} that were flagged; all are in {outcome.files.alerts}"),
    ]
    shown = [(f"{record.score:.2f}", _shorten(renderer, record)) for record in pick_oddest(records, SHOWN_RECORDS)]
    return [*align(facts, indent="  "), *align(shown, right=(0,), indent="    ")]


def _shorten(renderer: TextRenderer, record: Record) -> str:
    """The record as text has it, behind its place and its score."""
    text = renderer.render([record]).decode("utf-8").rstrip("\n").split("  ", 2)[2].split("  ", 1)[-1]
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + " ..."


def _found(report: EvaluationReport) -> str:
    figures = report.rows[0].records
    return (
        f"{round(figures.tpr * figures.anomalous):,} of {figures.anomalous:,} odd records that were never seen before "
        f"are flagged, and {round(figures.fpr * figures.normal):,} false alarms in {figures.normal:,} normal ones"
    )


def _quality(outcome: Outcome) -> tuple[str, ...]:
    rows = outcome.evaluation.rows
    best = max((row for row in rows if row.kind == BASELINE), key=lambda row: row.records.auroc)
    return (outcome.plan.detector, *_figures(rows[0]), best.name, *_figures(best))


def _figures(row: Row) -> tuple[str, str]:
    return f"{row.records.auroc:.4f}", f"{row.records.tpr_at_max_fpr:.1%}"


def _speed(outcome: Outcome) -> tuple[str, ...]:
    bench = outcome.bench
    size = sum(entry.size for entry in outcome.bundle.manifest.files)
    return (
        outcome.plan.detector,
        f"{bench.end_to_end.lines_per_second:,.0f}" if bench.end_to_end is not None else "",
        *(
            (f"{bench.single_stream.latency.p50_ms:.2f}", f"{bench.single_stream.latency.p99_ms:.2f}")
            if bench.single_stream is not None
            else ("", "")
        ),
        f"{size / 1e6:.1f} MB",
    )


def _machine(outcome: Outcome) -> str:
    machine = outcome.bench.machine
    return f"{machine.cpu}, {machine.usable_cores} cores, {outcome.bench.settings.provider}"
