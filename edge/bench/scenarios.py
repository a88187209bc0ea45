"""The scenarios that put single queries or the model alone to the test.

Definitions as in MLPerf Inference's LoadGen (Reddi et al., MLPerf Inference Benchmark, ISCA 2020): *single-stream*
sends the next query when the last one is answered, one sample a query; *multi-stream* sends eight samples a query;
*offline* has all samples at hand and asks for throughput only. A sample is a line. LoadGen's minimum durations and
query counts, and its accuracy mode (which `verify` stands for), are not part of it.
"""

from __future__ import annotations

from typing import Callable, Iterator, List, Tuple

import msgspec
import numpy as np

from edge.bench.latency import Latency, summarise
from edge.bench.sample import repeat
from edge.bench.stopwatch import Clock
from edge.files.lines import BLOCK_LINES
from edge.formats import Reader
from edge.runtime.detector import Detector
from edge.text.clean import decode_block

MULTI_STREAM_LINES = 8
MOST_WINDOWS = 2048
"""Of windows that overlap, as many are enough to measure with; all of them would not fit into memory."""


class Stream(msgspec.Struct, frozen=True):
    """Queries one after the other, each from raw lines to verdicts, nothing answered from the memory of earlier ones.

    `computed_lines` is lower than `lines` only where a query of several lines held equal ones.
    """

    lines_per_query: int
    lines: int
    computed_lines: int
    anomalous_lines: int
    seconds: float
    warm_up_queries: int
    latency: Latency


class Offline(msgspec.Struct, frozen=True):
    """Encoded lines through the model alone; a long line has several rows."""

    lines: int
    rows: int
    seconds: float
    lines_per_second: float
    rows_per_second: float
    warm_up_batches: int


def stream(
    detector: Detector,
    lines: List[bytes],
    new_reader: Callable[[], Reader],
    *,
    per_query: int,
    seconds: float,
    warm_up_seconds: float,
    clock: Clock,
) -> Stream:
    """Query for `seconds`, after a warm-up that does not count; at least one query each."""
    detector.scorer.forget(0)
    queries = _queries(repeat(lines, per_query), new_reader, per_query)
    warm_up = 0
    end = clock() + int(warm_up_seconds * 1e9)
    while warm_up == 0 or clock() < end:
        _answer(detector, *next(queries))
        warm_up += 1
    detector.scorer.forget(0)
    taken: List[int] = []
    anomalous = 0
    started = now = clock()
    end = started + int(seconds * 1e9)
    while not taken or now < end:
        query = next(queries)
        asked = clock()
        verdicts = _answer(detector, *query)
        now = clock()
        taken.append(now - asked)
        anomalous += int(np.count_nonzero(verdicts))
    return Stream(
        lines_per_query=per_query,
        lines=len(taken) * per_query,
        computed_lines=detector.scorer.computed,
        anomalous_lines=anomalous,
        seconds=(now - started) / 1e9,
        warm_up_queries=warm_up,
        latency=summarise(taken),
    )


def offline(
    detector: Detector,
    lines: List[bytes],
    new_reader: Callable[[], Reader],
    *,
    batch_rows: int,
    seconds: float,
    clock: Clock,
    at_once: int = BLOCK_LINES,
) -> Offline:
    """Run batches of `batch_rows` rows for `seconds`, at least one; the model has seen every batch size before.

    The lines are read `at_once`; where that is less than a whole block, the first `MOST_WINDOWS` contents are taken.
    """
    contents = _contents(new_reader(), lines, at_once)
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
    started = now = clock()
    end = started + int(seconds * 1e9)
    while now < end or rows == 0:
        for batch in batches:
            (scores,) = detector.session.run(["score"], batch)
            rows += len(scores)
            now = clock()
            if now >= end:
                break
    taken = max(now - started, 1) / 1e9
    lines_done = rows * len(contents) / total
    return Offline(
        lines=int(lines_done),
        rows=rows,
        seconds=taken,
        lines_per_second=lines_done / taken,
        rows_per_second=rows / taken,
        warm_up_batches=len(warm_up),
    )


def _contents(reader: Reader, lines: List[bytes], at_once: int) -> List[str]:
    """The contents of the lines, as many as are encoded together."""
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
