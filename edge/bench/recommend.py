"""One run of `bench --providers`: measure, recommend, write the recommendation down."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Callable, Dict, Optional, Sequence

from edge.bench.conditions import Instruments, Observed
from edge.bench.matrix import Choice, Grid, OpenDetector, best, measure, providers_asked, thread_counts
from edge.bench.notes import doubts
from edge.bench.providers_report import KIND, SCHEMA_VERSION, ProvidersReport, notes_on_cells
from edge.bench.reading import Reading
from edge.bench.report import bundle_facts, input_facts, machine_facts
from edge.bench.sample import Sample, as_file
from edge.bench.stopwatch import Clock
from edge.bundle.folder import Bundle
from edge.doctor.machine import Machine
from edge.engines.alive import on_stderr
from edge.engines.source import engine_source
from edge.recommendation import SCHEMA_VERSION as RECOMMENDATION_VERSION
from edge.recommendation import Recommendation, record, refuse_unwritable, setup_of
from edge.runtime.detector import Detector


def recommend(
    bundle: Bundle,
    sample: Sample,
    providers: Sequence[str],
    *,
    seconds: float,
    machine: Machine,
    gpus: Sequence[str],
    libraries: Dict[str, Optional[str]],
    instruments: Instruments,
    say: Callable[[str], None],
    clock: Clock = time.perf_counter_ns,
    cache: Optional[Path] = None,
    opener: Optional[OpenDetector] = None,
) -> ProvidersReport:
    """Measure the providers of these names, and record which one `score` is to take.

    Raises:
        ProviderError: none of them works.
        InputError: there is no record in the sample, or its reader refuses it.
        OutputError: the recommendation cannot be written; that is found out before anything is measured.
    """
    refuse_unwritable(cache)
    before = instruments.conditions()
    grid = Grid(
        providers_asked(providers), bundle.manifest.conversion.batch_sizes, thread_counts(machine.processor.usable)
    )
    with as_file(sample) as file:
        reading = Reading(bundle, sample, file.source)
        reading.check()
        found = measure(
            opener or _opener(bundle, say),
            reading,
            sample,
            grid,
            seconds=seconds,
            clock=clock,
            observe=lambda: Observed(instruments.meter(), clock),
            say=say,
        )
        read_as = reading.new_reader().name
    cell = best(found.cells)
    measured_at = datetime.now(timezone.utc).isoformat(timespec="seconds")
    path = record(
        Recommendation(
            schema_version=RECOMMENDATION_VERSION,
            measured_at=measured_at,
            oddline=machine.oddline,
            setup=setup_of(bundle.model_sha256, machine, list(gpus), before.power_mode),
            provider=cell.provider,
            batch_size=cell.batch_size,
            threads=cell.threads,
            records_per_second=cell.records_per_second,
            single_stream_p50_ms=cell.single_stream_p50_ms,
        ),
        cache,
    )
    facts = machine_facts(machine, list(gpus), libraries)
    after = instruments.conditions()
    return ProvidersReport(
        schema_version=SCHEMA_VERSION,
        kind=KIND,
        measured_at=measured_at,
        bundle=bundle_facts(bundle),
        machine=facts,
        input=input_facts(sample, read_as),
        seconds=seconds,
        before=before,
        after=after,
        cells=found.cells,
        failures=found.failures,
        recommended=Choice(cell.provider, cell.batch_size, cell.threads),
        notes=[*doubts(facts, before, after), *notes_on_cells(found.cells, cell, str(path))],
    )


def _opener(bundle: Bundle, say: Callable[[str], None]) -> OpenDetector:
    engines = engine_source(bundle, say=say, alive=on_stderr)

    def opened(provider: str, threads: int, rows: int) -> Detector:
        return Detector(
            bundle, provider=provider, threads=threads, batch_rows=rows, cache_texts=0, say=say, engines=engines
        )

    return opened
