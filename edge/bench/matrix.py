"""Where a model runs best: every provider that works, at several batch sizes and numbers of threads."""

from __future__ import annotations

from typing import Callable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import msgspec

from edge.bench.conditions import Observed
from edge.bench.reading import Reading
from edge.bench.sample import Sample
from edge.bench.scenarios import contents_of, stream
from edge.bench.stopwatch import Clock
from edge.errors import ProviderError
from edge.runtime.detector import Detector
from edge.runtime.session import PROVIDERS

ROUNDS = 3
"""Each cell is measured so many times, the cells in turn: what slows the machine down meanwhile meets all of them."""

CONTENTS_AT_ONCE = 2048
SAME = 0.05
"""Cells that are behind the fastest by no more than this share are as good as it: the frugal one is recommended."""

LATENCY_QUERIES = 100


class Cell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Distinct records encoded and computed a second, in all and in each round, and the latency of single lines.

    The latencies depend on provider and threads alone, and are the same for all batch sizes.
    """

    provider: str
    threads: int
    batch_size: int
    records: int
    records_per_second: float
    rounds: List[float]
    single_stream_p50_ms: float
    single_stream_p99_ms: float
    single_stream_queries: int


class Failure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a provider was not measured, or not at this batch size."""

    provider: str
    batch_size: Optional[int]
    why: str


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The recommended one of the cells."""

    provider: str
    batch_size: int
    threads: int


class Measured(NamedTuple):
    """All cells and what could not be measured."""

    cells: List[Cell]
    failures: List[Failure]


class Grid(NamedTuple):
    """What is tried. `threads` are for the CPU; elsewhere the number is left to the provider (0)."""

    providers: Sequence[str]
    batch_sizes: Sequence[int]
    threads: Sequence[int]


OpenDetector = Callable[[str, int, int], Detector]
"""A detector on a provider, with so many threads and rows at once; raises `ProviderError`."""


def thread_counts(cores: int) -> List[int]:
    """Powers of two up to the cores, and all of them."""
    return sorted({*(1 << power for power in range(cores.bit_length()) if 1 << power <= cores), cores})


def measure(
    open_detector: OpenDetector,
    reading: Reading,
    sample: Sample,
    grid: Grid,
    *,
    seconds: float,
    clock: Clock,
    observe: Callable[[], Observed],
    say: Callable[[str], None],
) -> Measured:
    """Measure each cell of the grid for `seconds`; a provider that does not work becomes a failure.

    Raises:
        ProviderError: not a single one works.
    """
    contents = list(dict.fromkeys(contents_of(reading.new_reader(), sample.lines, reading.at_once)))
    cells: List[Cell] = []
    failures: List[Failure] = []
    for provider in grid.providers:
        for threads in grid.threads if provider == "cpu" else [0]:
            opened = list(_open(open_detector, provider, threads, grid.batch_sizes, failures))
            if not opened:
                break
            name = f"{provider}, {threads} thread{'' if threads == 1 else 's'}" if threads else provider
            sizes = ", ".join(str(size) for size, _ in opened)
            say(f"{name}: batch sizes {sizes}, {seconds:g} s each")
            try:
                found = stream(
                    opened[0][1],
                    sample.lines,
                    reading.new_reader,
                    per_query=1,
                    seconds=seconds,
                    least_queries=LATENCY_QUERIES,
                    warm_up_seconds=seconds / 10,
                    clock=clock,
                    observe=observe,
                )
            except ProviderError as error:
                failures.append(Failure(provider, None, error.what))
                break
            for size, counts in _rounds(opened, contents, seconds, clock, provider, failures):
                records, taken = (sum(column) for column in zip(*counts))
                cells.append(
                    Cell(
                        provider=provider,
                        threads=threads,
                        batch_size=size,
                        records=records,
                        records_per_second=records / taken * 1e9,
                        rounds=[count / time * 1e9 for count, time in counts],
                        single_stream_p50_ms=found.latency.p50_ms,
                        single_stream_p99_ms=found.latency.p99_ms,
                        single_stream_queries=found.latency.queries,
                    )
                )
    if not cells:
        told = "; ".join(f"{one.provider}: {one.why}" for one in failures)
        raise ProviderError(f"no provider works ({told})", mend="run oddline doctor to see what works here")
    return Measured(cells, failures)


def best(cells: Sequence[Cell]) -> Cell:
    """The one to recommend: of those within 5 % of the fastest, CPU before GPU, few threads, a small batch."""
    fastest = max(cell.records_per_second for cell in cells)
    near = [cell for cell in cells if cell.records_per_second >= (1 - SAME) * fastest]
    order = ("cpu", "cuda", "tensorrt")
    return min(near, key=lambda cell: (order.index(cell.provider), cell.threads, cell.batch_size))


def providers_asked(names: Sequence[str]) -> List[str]:
    """The providers that a list of names means, ``all`` for each of them; in the project's order."""
    return [name for name in PROVIDERS if name in names or "all" in names]


def _open(
    open_detector: OpenDetector, provider: str, threads: int, sizes: Sequence[int], failures: List[Failure]
) -> Iterator[Tuple[int, Detector]]:
    for size in sizes:
        try:
            yield size, open_detector(provider, threads, size)
        except ProviderError as error:
            failures.append(Failure(provider, None, error.what))
            return  # one that cannot be opened cannot be opened with other sizes either


def _rounds(
    opened: Sequence[Tuple[int, Detector]],
    contents: Sequence[str],
    seconds: float,
    clock: Clock,
    provider: str,
    failures: List[Failure],
) -> Iterator[Tuple[int, List[Tuple[int, int]]]]:
    """For each batch size what its rounds gave: records that went through the model, and nanoseconds."""
    working = []
    for size, detector in opened:
        try:
            _score(detector, contents[:CONTENTS_AT_ONCE])
        except ProviderError as error:  # more rows than the device has memory for, perhaps
            failures.append(Failure(provider, size, error.what))
        else:
            working.append((size, detector))
    counts: List[List[Tuple[int, int]]] = [[] for _ in working]
    for _ in range(ROUNDS):
        for (_, detector), found in zip(working, counts):
            found.append(_round(detector, contents, seconds / ROUNDS, clock))
    return zip((size for size, _ in working), counts)


def _round(detector: Detector, contents: Sequence[str], seconds: float, clock: Clock) -> Tuple[int, int]:
    records = place = 0
    started = now = clock()
    end = started + int(seconds * 1e9)
    while not records or now < end:
        records += _score(detector, contents[place : place + CONTENTS_AT_ONCE])
        now = clock()
        place = place + CONTENTS_AT_ONCE if place + CONTENTS_AT_ONCE < len(contents) else 0
    return records, max(now - started, 1)


def _score(detector: Detector, contents: Sequence[str]) -> int:
    detector.scorer.forget(0)
    detector.score(contents)
    return detector.scorer.computed
