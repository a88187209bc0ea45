"""One benchmark: its scenarios one after the other, on one sample and with one detector."""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Callable, Optional, Sequence

from edge.bench import notes
from edge.bench.conditions import Instruments, Observed
from edge.bench.end_to_end import EndToEnd, Passes, end_to_end
from edge.bench.reading import Reading
from edge.bench.report import KIND, SCHEMA_VERSION, MachineFacts, Report, Settings, bundle_facts, input_facts
from edge.bench.sample import Sample, SampleFile, as_file
from edge.bench.scenarios import MULTI_STREAM_LINES, Offline, Stream, offline, stream
from edge.bench.soak import Soak, soak
from edge.bench.stopwatch import Clock, Stopwatch
from edge.bundle.folder import Bundle
from edge.engines.alive import on_stderr
from edge.engines.source import engine_source
from edge.runtime.detector import Detector
from edge.runtime.session import DEFAULT_BATCH_ROWS

SCENARIOS = ("single-stream", "multi-stream", "offline", "end-to-end")
DEFAULT_MIN_QUERIES = 1000
_WARM_UP_DIVISOR = 10
_LONGEST_WARM_UP = 2.0


@dataclass(frozen=True)
class BenchOptions:
    """How a benchmark is run: `seconds` for each of the `scenarios`; `soak_minutes` 0 is none."""

    scenarios: Sequence[str] = SCENARIOS
    provider: str = "auto"
    threads: int = 0
    batch_size: int = DEFAULT_BATCH_ROWS
    seconds: float = 3.0
    min_queries: int = DEFAULT_MIN_QUERIES
    soak_minutes: float = 0.0

    @property
    def warm_up_seconds(self) -> float:
        """A tenth of the time, and not more than two seconds."""
        return min(self.seconds / _WARM_UP_DIVISOR, _LONGEST_WARM_UP)


def run_bench(
    bundle: Bundle,
    sample: Sample,
    options: BenchOptions,
    *,
    machine: MachineFacts,
    instruments: Instruments,
    say: Callable[[str], None],
    clock: Clock = time.perf_counter_ns,
) -> Report:
    """Measure as the options say.

    Raises:
        ProviderError: the model does not run as asked.
        InputError: there is no record in the sample, or its reader refuses it.
        OutputError: the sample or the records cannot be written to a temporary folder.
    """
    watch = Stopwatch(clock)
    before = instruments.conditions()
    detector = Detector(
        bundle,
        provider=options.provider,
        threads=options.threads,
        batch_rows=options.batch_size,
        say=say,
        watch=watch,
        engines=engine_source(bundle, say=say, alive=on_stderr),
    )
    with as_file(sample) as file:
        found = _Scenarios(bundle, sample, file, detector, watch, options, instruments, say, clock)
        found.run()
    settings = Settings(
        provider=detector.session.provider,
        threads=options.threads,
        batch_size=options.batch_size,
        seconds=options.seconds,
        warm_up_seconds=options.warm_up_seconds,
        min_queries=options.min_queries,
    )
    facts = input_facts(sample, found.read_as)
    after = instruments.conditions()
    return Report(
        schema_version=SCHEMA_VERSION,
        kind=KIND,
        measured_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        bundle=bundle_facts(bundle),
        machine=machine,
        settings=settings,
        input=facts,
        before=before,
        after=after,
        single_stream=found.single_stream,
        multi_stream=found.multi_stream,
        offline=found.offline,
        end_to_end=found.end_to_end,
        soak=found.soak,
        # Linux gives kibibytes.
        peak_resident_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        notes=[
            *notes.doubts(machine, before, after),
            *notes.notes_on(facts, settings, list(options.scenarios)),
            *notes.notes_on_stream("single-stream", found.single_stream, settings),
            *notes.notes_on_stream("multi-stream", found.multi_stream, settings),
            *notes.notes_on_end_to_end(found.end_to_end, facts),
            *notes.notes_on_soak(found.soak),
        ],
    )


class _Scenarios:
    """Runs the scenarios; what was not asked for stays None."""

    def __init__(
        self,
        bundle: Bundle,
        sample: Sample,
        file: SampleFile,
        detector: Detector,
        watch: Stopwatch,
        options: BenchOptions,
        instruments: Instruments,
        say: Callable[[str], None],
        clock: Clock,
    ) -> None:
        self.single_stream: Optional[Stream] = None
        self.multi_stream: Optional[Stream] = None
        self.offline: Optional[Offline] = None
        self.end_to_end: Optional[EndToEnd] = None
        self.soak: Optional[Soak] = None
        self._sample = sample
        self._file = file
        self._detector = detector
        self._watch = watch
        self._options = options
        self._instruments = instruments
        self._say = say
        self._clock = clock
        self.reading = Reading(bundle, sample, file.source)
        self.read_as = self.reading.new_reader().name

    def run(self) -> None:
        options = self._options
        self.reading.check()
        if "single-stream" in options.scenarios:
            self.single_stream = self._stream("single-stream", 1)
        if "multi-stream" in options.scenarios:
            self.multi_stream = self._stream("multi-stream", MULTI_STREAM_LINES)
        if "offline" in options.scenarios:
            self._say(f"offline: {options.seconds:g} s")
            self.offline = offline(
                self._detector,
                self._sample.lines,
                self.reading.new_reader,
                batch_rows=options.batch_size,
                seconds=options.seconds,
                clock=self._clock,
                observe=self._observe,
                at_once=self.reading.at_once,
            )
        if "end-to-end" in options.scenarios:
            self._say(f"end-to-end: {options.seconds:g} s")
            self.end_to_end = end_to_end(
                self._passes(), self._watch, seconds=options.seconds, clock=self._clock, observe=self._observe
            )
        if options.soak_minutes:
            self._say(f"soak: {options.soak_minutes:g} min")
            self.soak = soak(
                self._passes(), self._instruments, minutes=options.soak_minutes, clock=self._clock, say=self._say
            )

    def _stream(self, name: str, lines: int) -> Stream:
        options = self._options
        self._say(f"{name}: {options.seconds:g} s")
        return stream(
            self._detector,
            self._sample.lines,
            self.reading.new_reader,
            per_query=lines,
            seconds=options.seconds,
            least_queries=options.min_queries,
            warm_up_seconds=options.warm_up_seconds,
            clock=self._clock,
            observe=self._observe,
        )

    def _passes(self) -> Passes:
        reading, file = self.reading, self._file
        target = file.folder / "records.jsonl"
        return Passes(self._detector, self._watch, file.source, reading.choose, target, at_once=reading.at_once)

    def _observe(self) -> Observed:
        return Observed(self._instruments.meter(), self._clock)
