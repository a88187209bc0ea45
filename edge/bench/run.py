"""One benchmark: its scenarios one after the other, on one sample and with one detector."""

from __future__ import annotations

import resource
import time
from datetime import datetime, timezone
from typing import Callable, List, Optional, Sequence

from edge.bench.end_to_end import EndToEnd, end_to_end
from edge.bench.report import SCHEMA_VERSION, BundleFacts, InputFacts, Report, Settings, notes_on
from edge.bench.sample import Sample, as_file, holds_a_record
from edge.bench.scenarios import MULTI_STREAM_LINES, Offline, Stream, offline, stream
from edge.bench.stopwatch import Clock, Stopwatch
from edge.bundle.folder import Bundle
from edge.doctor.machine import Machine
from edge.errors import InputError
from edge.files.paths import Source
from edge.formats import Reader
from edge.reading import sessions_of
from edge.runtime.detector import Detector
from edge.runtime.pipeline import FormatChoice
from edge.sequence.reader import Sessions, lines_at_once
from edge.text.clean import decode_block

SCENARIOS = ("single-stream", "multi-stream", "offline", "end-to-end")
DEFAULT_SCENARIOS = ("single-stream", "offline", "end-to-end")
_WARM_UP_DIVISOR = 10
_LONGEST_WARM_UP = 2.0


def run_bench(
    bundle: Bundle,
    sample: Sample,
    scenarios: Sequence[str],
    *,
    provider: str,
    threads: int,
    batch_size: int,
    seconds: float,
    machine: Machine,
    say: Callable[[str], None],
    clock: Clock = time.perf_counter_ns,
) -> Report:
    """Measure each of the `scenarios` for `seconds`.

    Raises:
        ProviderError: the model does not run as asked.
        InputError: there is no record in the sample, or its reader refuses it.
        OutputError: the sample cannot be written to a temporary file.
    """
    watch = Stopwatch(clock)
    detector = Detector(bundle, provider=provider, threads=threads, batch_rows=batch_size, say=say, watch=watch)
    settings = Settings(
        provider=detector.session.provider,
        threads=threads,
        batch_size=batch_size,
        seconds=seconds,
        warm_up_seconds=min(seconds / _WARM_UP_DIVISOR, _LONGEST_WARM_UP),
    )
    streams: List[Optional[Stream]] = [None, None]
    model_alone: Optional[Offline] = None
    whole: Optional[EndToEnd] = None
    sessions = sessions_of(bundle.manifest.preprocessing, bundle.read)
    at_once = lines_at_once(sessions)
    with as_file(sample) as source:
        choose = _chooser(bundle, sample, source, sessions)
        head = decode_block(sample.lines[:1000])
        if not holds_a_record(choose(head), sample.lines):
            raise InputError(
                f"there is no record in its {len(sample.lines):,} lines to measure with",
                where=source.name,
                mend="name a log that has some",
            )
        for index, (name, lines) in enumerate((("single-stream", 1), ("multi-stream", MULTI_STREAM_LINES))):
            if name in scenarios:
                say(f"{name}: {seconds:g} s")
                streams[index] = stream(
                    detector,
                    sample.lines,
                    lambda: choose(head),
                    per_query=lines,
                    seconds=seconds,
                    warm_up_seconds=settings.warm_up_seconds,
                    clock=clock,
                )
        if "offline" in scenarios:
            say(f"offline: {seconds:g} s")
            model_alone = offline(
                detector,
                sample.lines,
                lambda: choose(head),
                batch_rows=batch_size,
                seconds=seconds,
                clock=clock,
                at_once=at_once,
            )
        if "end-to-end" in scenarios:
            say(f"end-to-end: {seconds:g} s")
            whole = end_to_end(detector, watch, source, choose, seconds=seconds, clock=clock, at_once=at_once)
        read_as = choose(head).name
    facts = _input_facts(sample, read_as)
    return Report(
        schema_version=SCHEMA_VERSION,
        measured_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        bundle=_bundle_facts(bundle),
        machine=machine,
        settings=settings,
        input=facts,
        single_stream=streams[0],
        multi_stream=streams[1],
        offline=model_alone,
        end_to_end=whole,
        # Linux gives kibibytes.
        peak_resident_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        notes=notes_on(facts, settings, whole),
    )


def _chooser(
    bundle: Bundle, sample: Sample, source: Source, sessions: Optional[Sessions]
) -> Callable[[List[str]], Reader]:
    """Makes a reader as `score` would; golden lines are in the bundle's own format, whatever else they look like."""
    spec = bundle.manifest.preprocessing.format
    choice = FormatChoice(spec, sessions=sessions)
    if sample.golden:
        choice = FormatChoice(spec, spec.name, spec.layout, sessions=sessions)
    return lambda texts: choice.choose(source, texts, lambda _: None)


def _bundle_facts(bundle: Bundle) -> BundleFacts:
    manifest = bundle.manifest
    return BundleFacts(
        name=manifest.name,
        detector=manifest.detector,
        preset=manifest.preset,
        target=manifest.target,
        precision=manifest.precision,
        manifest_sha256=bundle.manifest_sha256,
        model_sha256=bundle.model_sha256,
    )


def _input_facts(sample: Sample, read_as: str) -> InputFacts:
    return InputFacts(
        kind="golden" if sample.golden else "logs",
        names=sample.names,
        format=read_as,
        lines=len(sample.lines),
        distinct_lines=sample.distinct,
        bytes=sum(map(len, sample.lines)) + len(sample.lines),
        complete=sample.complete,
    )
