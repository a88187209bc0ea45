"""Where a model runs best: every provider that works, at several batch sizes and numbers of threads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import msgspec

from edge.bench.conditions import Observed
from edge.bench.reading import Reading
from edge.bench.sample import Sample
from edge.bench.scenarios import Stream, contents_of, stream
from edge.bench.stopwatch import Clock
from edge.errors import ProviderError
from edge.recommendation import with_threads
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

    Where each line is one row, the latencies do not depend on the batch size, are measured once, and are the same for
    all; lines of several rows are measured with each batch size.
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
    """Measure each cell of the grid for `seconds`; what does not work, or not to the end, becomes a failure.

    Raises:
        ProviderError: not a single one works.
    """
    contents = list(dict.fromkeys(contents_of(reading.new_reader(), sample.lines, reading.at_once)))
    cells: List[Cell] = []
    failures: List[Failure] = []

    def single_lines(detector: Detector) -> Stream:
        return stream(
            detector,
            sample.lines,
            reading.new_reader,
            per_query=1,
            seconds=seconds,
            least_queries=LATENCY_QUERIES,
            warm_up_seconds=seconds / 10,
            clock=clock,
            observe=observe,
        )

    for provider in grid.providers:
        for threads in grid.threads if provider == "cpu" else [0]:
            opened = list(_open(open_detector, provider, threads, grid.batch_sizes, failures))
            if not opened:
                break
            sizes = ", ".join(str(one.size) for one in opened)
            say(f"{with_threads(provider, threads)}: batch sizes {sizes}, {seconds:g} s each")
            failures += _answer(opened, contents, single_lines, provider)
            if not any(one.works for one in opened):
                break
            failures += _rounds(opened, contents, seconds, clock, provider)
            cells += [_cell(one, one.single, provider, threads) for one in opened if one.works and one.single]
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


@dataclass
class _Tried:
    """One batch size of a provider; `single` is of single lines, `counts` has records and nanoseconds of each round."""

    size: int
    detector: Detector
    single: Optional[Stream] = None
    counts: List[Tuple[int, int]] = field(default_factory=list)
    works: bool = True


def _open(
    open_detector: OpenDetector, provider: str, threads: int, sizes: Sequence[int], failures: List[Failure]
) -> Iterator[_Tried]:
    for size in sizes:
        try:
            yield _Tried(size, open_detector(provider, threads, size))
        except ProviderError as error:
            failures.append(Failure(provider, None, error.what))
            return  # one that cannot be opened cannot be opened with other sizes either


def _answer(
    opened: Sequence[_Tried], contents: Sequence[str], single_lines: Callable[[Detector], Stream], provider: str
) -> List[Failure]:
    """Measure single lines: once where a line is a row, else with each batch size; the first must work."""
    some = contents[:CONTENTS_AT_ONCE]
    once = len(opened[0].detector.scorer.encode(some).owners) == len(some)
    failures: List[Failure] = []
    for one in opened:
        try:
            one.single = opened[0].single if once and one is not opened[0] else single_lines(one.detector)
        except ProviderError as error:
            if one is opened[0]:
                for each in opened:
                    each.works = False
                return [Failure(provider, None, error.what)]
            one.works = False
            failures.append(Failure(provider, one.size, error.what))
    return failures


def _rounds(
    opened: Sequence[_Tried], contents: Sequence[str], seconds: float, clock: Clock, provider: str
) -> List[Failure]:
    """Measure the batch sizes in turn; one that fails works no longer. Round 0 is a warm-up."""
    failures: List[Failure] = []
    for number in range(1 + ROUNDS):
        for one in [one for one in opened if one.works]:
            try:
                if number == 0:
                    _score(one.detector, contents[:CONTENTS_AT_ONCE])
                else:
                    one.counts.append(_round(one.detector, contents, seconds / ROUNDS, clock))
            except ProviderError as error:  # more rows than the device has memory for, or a GPU that was lost
                one.works = False
                failures.append(Failure(provider, one.size, error.what))
            else:
                left = one.detector.session.batch_sizes[-1:]
                if left and left[0] < one.size:
                    one.works = False
                    why = f"it has too little memory for so many rows at once, and ran {left[0]:,}"
                    failures.append(Failure(provider, one.size, why))
    return failures


def _cell(one: _Tried, single: Stream, provider: str, threads: int) -> Cell:
    records, taken = (sum(column) for column in zip(*one.counts))
    return Cell(
        provider=provider,
        threads=threads,
        batch_size=one.size,
        records=records,
        records_per_second=records / taken * 1e9,
        rounds=[count / time * 1e9 for count, time in one.counts],
        single_stream_p50_ms=single.latency.p50_ms,
        single_stream_p99_ms=single.latency.p99_ms,
        single_stream_queries=single.latency.queries,
    )


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
