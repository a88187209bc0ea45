"""The scenarios that put single queries or the model alone to the test.

Definitions as in the MLPerf Inference rules (github.com/mlcommons/inference_policies, inference_rules.adoc, 3
"Scenarios"; Reddi et al., MLPerf Inference Benchmark, ISCA 2020): *single-stream* sends the next query when the last is
answered, one sample a query; *multi-stream* sends eight samples a query; *offline* has all samples at hand and asks
for throughput only. A sample is a line. Percentiles are those that occurred, not the rules' early-stopping estimates,
and LoadGen's accuracy mode (which `verify` stands for) is not part of it, so no figure is an MLPerf result.
"""

from __future__ import annotations

from array import array
from typing import Callable, Dict, Iterator, List, Optional, Tuple

import msgspec
import numpy as np

from edge.bench.conditions import Energy, Garbage, Observe
from edge.bench.latency import BLOCKS, Latency, figures_by_block, summarise
from edge.bench.sample import repeat
from edge.bench.stopwatch import Clock
from edge.files.lines import BLOCK_LINES
from edge.formats import Reader
from edge.runtime.detector import Detector
from edge.text.clean import decode_block

MULTI_STREAM_LINES = 8
LONGEST_FACTOR = 10
"""A stream that has not had its least number of queries goes on for at most so many times the asked seconds."""

MOST_WINDOWS = 2048
"""Of windows that overlap, as many are enough to measure with; all of them would not fit into memory."""

_ROOM = 1 << 16


class Stream(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Queries one after the other, each from raw lines to verdicts, nothing answered from the memory of earlier ones.

    `records` differ from `lines` where lines are put together to sessions. `computed_records` is lower than `records`
    only where a query of several lines held equal ones. `blocks` are figures of consecutive tenths.
    """

    lines_per_query: int
    lines: int
    records: int
    computed_records: int
    anomalous_records: int
    seconds: float
    warm_up_queries: int
    latency: Latency
    blocks: Dict[str, List[float]]
    garbage: Garbage
    energy: Optional[Energy]


class Offline(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Encoded records through the model alone; a long one has several rows. `blocks` are as in `Stream`."""

    records: int
    rows: int
    seconds: float
    records_per_second: float
    rows_per_second: float
    warm_up_batches: int
    blocks: Dict[str, List[float]]
    garbage: Garbage
    energy: Optional[Energy]


def stream(
    detector: Detector,
    lines: List[bytes],
    new_reader: Callable[[], Reader],
    *,
    per_query: int,
    seconds: float,
    least_queries: int,
    warm_up_seconds: float,
    clock: Clock,
    observe: Observe,
) -> Stream:
    """Query for `seconds` and until there were `least_queries`, after a warm-up that does not count.

    With slow queries it ends after ten times the seconds, whatever their number, but not without one.
    """
    detector.scorer.forget(0)
    queries = _queries(repeat(lines, per_query), new_reader, per_query)
    warm_up = 0
    end = clock() + int(warm_up_seconds * 1e9)
    while warm_up == 0 or clock() < end:
        _answer(detector, *next(queries))
        warm_up += 1
    detector.scorer.forget(0)
    # Plain numbers in room that was made before: nothing is left over for the collector of garbage to look through.
    taken = array("q", bytes(8 * _ROOM))
    count = records = anomalous = 0
    with observe() as observed:
        started = now = clock()
        end, last = started + int(seconds * 1e9), started + int(LONGEST_FACTOR * seconds * 1e9)
        while not count or now < end or (count < least_queries and now < last):
            query = next(queries)
            asked = clock()
            verdicts = _answer(detector, *query)
            now = clock()
            if count == len(taken):
                taken.frombytes(bytes(8 * len(taken)))
            taken[count] = now - asked
            count += 1
            records += len(verdicts)
            anomalous += int(np.count_nonzero(verdicts))
    measured = np.frombuffer(taken, np.int64)[:count]
    return Stream(
        lines_per_query=per_query,
        lines=count * per_query,
        records=records,
        computed_records=detector.scorer.computed,
        anomalous_records=anomalous,
        seconds=max(now - started, 1) / 1e9,
        warm_up_queries=warm_up,
        latency=summarise(measured),
        blocks=figures_by_block(measured),
        garbage=observed.garbage(),
        energy=observed.energy(records),
    )


def offline(
    detector: Detector,
    lines: List[bytes],
    new_reader: Callable[[], Reader],
    *,
    batch_rows: int,
    seconds: float,
    clock: Clock,
    observe: Observe,
    at_once: int = BLOCK_LINES,
) -> Offline:
    """Run batches of `batch_rows` rows for `seconds`, at least one; the model has seen every batch size before.

    The lines are read `at_once`; where that is less than a whole block, the first `MOST_WINDOWS` contents are taken.
    """
    contents = contents_of(new_reader(), lines, at_once)
    inputs = detector.scorer.encode(contents).inputs
    total = len(next(iter(inputs.values())))
    batches = [
        {name: values[start : start + batch_rows] for name, values in inputs.items()}
        for start in range(0, total, batch_rows)
    ]
    warm_up = batches if len(batches) < 2 else [batches[0], batches[-1]]
    for batch in warm_up:
        detector.session.run(["score"], batch)
    rows = 0
    rates = _Rates(seconds)
    with observe() as observed:
        started = now = clock()
        rates.start(now)
        end = started + int(seconds * 1e9)
        while now < end or rows == 0:
            for batch in batches:
                (scores,) = detector.session.run(["score"], batch)
                rows += len(scores)
                now = clock()
                rates.add(now, rows)
                if now >= end:
                    break
    taken = max(now - started, 1) / 1e9
    done = rows * len(contents) / total
    return Offline(
        records=int(done),
        rows=rows,
        seconds=taken,
        records_per_second=done / taken,
        rows_per_second=rows / taken,
        warm_up_batches=len(warm_up),
        blocks={"records_per_second": [rate * len(contents) / total for rate in rates.of_blocks]},
        garbage=observed.garbage(),
        energy=observed.energy(int(done)),
    )


class _Rates:
    """Rows a second of the blocks of a measurement: tenths of its time, up to the end of the batch in hand."""

    def __init__(self, seconds: float) -> None:
        self.of_blocks: List[float] = []
        self._length = max(int(seconds * 1e9) // BLOCKS, 1)
        self._since = self._rows = 0

    def start(self, now: int) -> None:
        self._since = now

    def add(self, now: int, rows: int) -> None:
        if now - self._since >= self._length:
            self.of_blocks.append((rows - self._rows) / (now - self._since) * 1e9)
            self._since, self._rows = now, rows


def contents_of(reader: Reader, lines: List[bytes], at_once: int) -> List[str]:
    """The contents of the lines, read `at_once`; of windows, the first `MOST_WINDOWS`."""
    contents: List[str] = []
    for start in range(0, len(lines), at_once):
        if at_once < BLOCK_LINES and len(contents) >= MOST_WINDOWS:
            return contents[:MOST_WINDOWS]
        texts = decode_block(lines[start : start + at_once])
        contents += reader.read(texts, start + 1, np.zeros(len(texts), np.int64)).records.contents
    contents += reader.finish().records.contents
    return contents[:MOST_WINDOWS] if at_once < BLOCK_LINES else contents


def _queries(
    lines: List[bytes], new_reader: Callable[[], Reader], per_query: int
) -> Iterator[Tuple[Reader, int, List[bytes]]]:
    """The lines in their order, `per_query` at a time, over and over; each time round is a new source.

    Gives its reader, the number of the first line, and the lines.
    """
    while True:
        reader = new_reader()
        for start in range(0, len(lines) - per_query + 1, per_query):
            yield reader, start + 1, lines[start : start + per_query]


def _answer(detector: Detector, reader: Reader, first_line: int, query: List[bytes]) -> np.ndarray:
    batch = reader.read(decode_block(query), first_line, np.zeros(len(query), np.int64))
    return detector.verdicts(detector.score(batch.records.contents))
