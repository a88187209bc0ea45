"""One benchmark: its scenarios one after the other, on one sample and with one detector."""

from __future__ import annotations

import resource
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Callable, Iterator, List, NamedTuple, Optional, Sequence

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
    seconds: float = 3.0
    min_queries: int = DEFAULT_MIN_QUERIES
    soak_minutes: float = 0.0

    @property
    def warm_up_seconds(self) -> float:
        """A tenth of the time, and not more than two seconds."""
        return min(self.seconds / _WARM_UP_DIVISOR, _LONGEST_WARM_UP)


class Opened(NamedTuple):
    """What is measured; `threads` and `batch_size` are what was asked of it."""

    detector: Detector
    threads: int
    batch_size: int


Open = Callable[[Stopwatch], Opened]
"""Opens the detector, which tells the stopwatch of its stages; raises `ProviderError`."""


def opener(
    bundle: Bundle,
    *,
    say: Callable[[str], None],
    provider: str = "auto",
    threads: int = 0,
    batch_size: int = DEFAULT_BATCH_ROWS,
    may_fall_back: bool = False,
) -> Open:
    """Opens the bundle as `score` does."""

    def opened(watch: Stopwatch) -> Opened:
        detector = Detector(
            bundle,
            provider=provider,
            threads=threads,
            batch_rows=batch_size,
            say=say,
            watch=watch,
            engines=engine_source(bundle, say=say, alive=on_stderr),
            may_fall_back=may_fall_back,
        )
        return Opened(detector, threads, batch_size)

    return opened


def run_bench(
    bundle: Bundle,
    sample: Sample,
    options: BenchOptions,
    open_detector: Open,
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
    opened = open_detector(watch)
    with as_file(sample) as file:
        found = _Scenarios(bundle, sample, file, opened, watch, options, instruments, say, clock)
        found.run()
    settings = Settings(
        provider=" then ".join(found.used.providers),
        threads=opened.threads,
        batch_size=found.used.batch_size,
        changed=found.used.changed,
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
            *found.used.notes,
            *notes.notes_on_stream("single-stream", found.single_stream, settings),
            *notes.notes_on_stream("multi-stream", found.multi_stream, settings),
            *notes.notes_on_end_to_end(found.end_to_end, facts),
            *notes.notes_on_soak(found.soak),
        ],
    )


class _Used:
    """Which provider and how many rows at once really ran; a GPU may be lost meanwhile, or have too little memory."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self.changed: List[str] = []
        self.providers = [opened.detector.session.provider]
        self.batch_size = self._rows()
        self.notes: List[str] = []
        if self.batch_size < opened.batch_size:
            self.notes.append(
                f"{opened.batch_size:,} rows at once are more than the bundle's largest batch: "
                f"{self.batch_size:,} ran at once"
            )

    @contextmanager
    def during(self, name: str) -> Iterator[None]:
        """Around each scenario."""
        yield
        provider, rows = self._opened.detector.session.provider, self._rows()
        if provider != self.providers[-1]:
            self.changed.append(f"provider in {name}: {self.providers[-1]}, then {provider}")
            self.providers.append(provider)
        if rows != self.batch_size:
            self.changed.append(f"batch size in {name}: {self.batch_size:,}, then {rows:,}")
            self.batch_size = rows

    def _rows(self) -> int:
        return min([self._opened.batch_size, *self._opened.detector.session.batch_sizes[-1:]])


class _Scenarios:
    """Runs the scenarios; what was not asked for stays None."""

    def __init__(
        self,
        bundle: Bundle,
        sample: Sample,
        file: SampleFile,
        opened: Opened,
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
        self._detector = opened.detector
        self._batch_rows = opened.batch_size
        self.used = _Used(opened)
        self._watch = watch
        self._options = options
        self._instruments = instruments
        self._say = say
        self._clock = clock
        self.reading = Reading(bundle, sample, file.source)
        self.read_as = self.reading.new_reader().name

    def run(self) -> None:
        asked, seconds, minutes = self._options.scenarios, self._options.seconds, self._options.soak_minutes
        self.reading.check()
        if "single-stream" in asked:
            with self._part("single-stream", f"{seconds:g} s"):
                self.single_stream = self._stream(1)
        if "multi-stream" in asked:
            with self._part("multi-stream", f"{seconds:g} s"):
                self.multi_stream = self._stream(MULTI_STREAM_LINES)
        if "offline" in asked:
            with self._part("offline", f"{seconds:g} s"):
                self.offline = self._offline()
        if "end-to-end" in asked:
            with self._part("end-to-end", f"{seconds:g} s"):
                self.end_to_end = end_to_end(
                    self._passes(), self._watch, seconds=seconds, clock=self._clock, observe=self._observe
                )
        if minutes:
            with self._part("soak", f"{minutes:g} min"):
                self.soak = soak(self._passes(), self._instruments, minutes=minutes, clock=self._clock, say=self._say)

    @contextmanager
    def _part(self, name: str, length: str) -> Iterator[None]:
        self._say(f"{name}: {length}")
        with self.used.during(name):
            yield

    def _offline(self) -> Offline:
        return offline(
            self._detector,
            self._sample.lines,
            self.reading.new_reader,
            batch_rows=self._batch_rows,
            seconds=self._options.seconds,
            clock=self._clock,
            observe=self._observe,
            at_once=self.reading.at_once,
        )

    def _stream(self, lines: int) -> Stream:
        options = self._options
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
