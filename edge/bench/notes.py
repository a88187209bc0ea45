"""What a reader must know to understand the figures of a report."""

from __future__ import annotations

from typing import List, Optional

from edge.bench.conditions import Conditions, is_busy
from edge.bench.end_to_end import EndToEnd
from edge.bench.report import InputFacts, MachineFacts, Settings
from edge.bench.scenarios import Stream
from edge.bench.soak import Soak

FEWEST_FOR_P99_9 = 1000
MLPERF_SECONDS = 600.0


def doubts(machine: MachineFacts, before: Conditions, after: Conditions) -> List[str]:
    """Why the figures may be worth little: a busy machine, one that was slowed down, or one that changed meanwhile."""
    found = []
    if is_busy(before, machine.cores):
        found.append(
            f"the machine was busy before: a load of {before.load_average:.2f} on {machine.cores} cores; "
            "figures of a busy machine are worth little, measure again on a quiet one"
        )
    slow = sorted({*before.throttled, *after.throttled})
    if slow:
        found.append(f"the machine was slowed down: {'; '.join(slow)}")
    events = sum(after.over_current_events.values()) - sum(before.over_current_events.values())
    if events > 0:
        found.append(f"the board's over-current protection took effect {events} times meanwhile")
    for what, was, now in (
        ("power mode", before.power_mode, after.power_mode),
        ("governor", before.governor, after.governor),
    ):
        if was != now:
            found.append(f"the {what} changed meanwhile, from {was} to {now}: measure again")
    if before.governor not in (None, "performance") and not before.clocks_locked:
        found.append(f"the clocks were left to the governor {before.governor}: latencies hold its delays")
    return found


def notes_on(sample: InputFacts, settings: Settings, scenarios: List[str]) -> List[str]:
    """How it was measured."""
    notes = []
    if settings.changed:
        notes.append(
            f"what was used did not stay the same ({'; '.join(settings.changed)}): the figures of that scenario mix "
            "both, and compare with no others; measure again"
        )
    if scenarios:
        notes.append(
            f"warm-up is not counted: {settings.warm_up_seconds:g} s of queries, a batch of each size, a block of "
            "lines; Python's garbage is collected before each scenario, and its collector stays on"
        )
    if "single-stream" in scenarios or "multi-stream" in scenarios:
        notes.append("single-stream and multi-stream: from raw lines to verdicts, the memory of earlier lines is off")
    if "offline" in scenarios:
        notes.append("offline: encoded records through the model alone")
    if scenarios and settings.seconds < MLPERF_SECONDS:
        notes.append(
            f"MLPerf Inference asks for {MLPERF_SECONDS:g} s a scenario (--seconds {MLPERF_SECONDS:g}); these are "
            f"{settings.seconds:g} s"
        )
    if sample.kind == "golden":
        notes.append("the bundle's golden lines, repeated, are no real log: name one to see how it really goes")
    elif not sample.complete:
        notes.append(f"only the first {sample.lines:,} lines were measured with")
    return notes


def notes_on_stream(name: str, result: Optional[Stream], settings: Settings) -> List[str]:
    """Of too few queries, and of sessions."""
    if result is None:
        return []
    notes = []
    count = result.latency.queries
    if count < settings.min_queries:
        notes.append(
            f"{name}: {count:,} queries and not the {settings.min_queries:,} asked for, which would have taken more "
            "than ten times the seconds: give more --seconds"
        )
    if count < FEWEST_FOR_P99_9:
        notes.append(f"{name}: a p99.9 of {count:,} queries is their highest latency; it takes 1,000 or more")
    if result.records != result.lines:
        notes.append(
            f"{name}: {result.lines:,} lines gave {result.records:,} records: sessions are put "
            "together, or lines are none, as a header"
        )
    return notes


def notes_on_end_to_end(result: Optional[EndToEnd], sample: InputFacts) -> List[str]:
    """Of the memory of earlier lines, of the output, and of a file that was not read to its end."""
    if result is None:
        return []
    share = result.known_records / max(result.records, 1)
    notes = []
    if result.lines < sample.lines:
        notes.append(
            f"end-to-end: the time was over after the first {result.lines:,} of {sample.lines:,} lines, where less is "
            "answered from memory than later on: give more --seconds"
        )
    return [
        *notes,
        f"end-to-end: {share:.1%} of the records were, once masked, equal to earlier ones and not computed again; the "
        f"file was in the page cache; {result.written_records:,} anomalous records were written with their reasons, as "
        "JSON lines, to a temporary file that was not synced",
    ]


def notes_on_soak(result: Optional[Soak]) -> List[str]:
    """Whether memory grew, throughput drifted, the machine was slowed down."""
    if result is None:
        return []
    notes = []
    if result.interrupted:
        notes.append(f"the soak was ended after {result.seconds / 60:.1f} of {result.minutes:g} min")
    for what, trend, unit in (
        ("resident memory", result.memory, 1 << 20),
        ("throughput", result.throughput, 1),
    ):
        name = "MiB" if unit > 1 else "records/s"
        if trend is None:
            notes.append(f"{what}: too few samples to see a trend")
            continue
        verb = "shows no sure change that matters" if not trend.changed else "grew" if trend.change > 0 else "fell"
        low, high = trend.low / unit, trend.high / unit
        notes.append(
            f"{what} {verb}: {trend.change / unit:+,.2f} {name} over the time watched, {trend.per_hour / unit:+,.2f} "
            f"an hour (99 %: {low:+,.2f} to {high:+,.2f}), after the first fifth of the samples"
        )
    slow = "; ".join(result.throttled) or "nothing that this machine tells of"
    notes.append(f"slowed down by: {slow}; {result.over_current_events} over-current events")
    return notes
