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

from edge.bench.detector import MeasuredDetector
from edge.bench.latency import Latency, summarise
from edge.bench.sample import repeat
from edge.bench.stopwatch import Clock
from edge.formats import Format
from edge.text.clean import decode_block

MULTI_STREAM_LINES = 8


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
    detector: MeasuredDetector,
    lines: List[bytes],
    new_format: Callable[[], Format],
    *,
    per_query: int,
    seconds: float,
    warm_up_seconds: float,
    clock: Clock,
) -> Stream:
    """Query for `seconds`, after a warm-up that does not count; at least one query each."""
    detector.forget(remember=False)
    queries = _queries(repeat(lines, per_query), new_format, per_query)
    warm_up = 0
    end = clock() + int(warm_up_seconds * 1e9)
    while warm_up == 0 or clock() < end:
        _answer(detector, *next(queries))
        warm_up += 1
    detector.forget(remember=False)
    taken: List[int] = []
    anomalous = 0
    started = now = clock()
    end = started + int(seconds * 1e9)
    while not taken or now < end:
        line_format, query = next(queries)
        asked = clock()
        verdicts = _answer(detector, line_format, query)
        now = clock()
        taken.append(now - asked)
        anomalous += int(np.count_nonzero(verdicts))
    return Stream(
        lines_per_query=per_query,
        lines=len(taken) * per_query,
        computed_lines=detector.computed,
        anomalous_lines=anomalous,
        seconds=(now - started) / 1e9,
        warm_up_queries=warm_up,
        latency=summarise(taken),
    )


def offline(
    detector: MeasuredDetector,
    lines: List[bytes],
    new_format: Callable[[], Format],
    *,
    batch_rows: int,
    seconds: float,
    clock: Clock,
) -> Offline:
    """Run batches of `batch_rows` rows for `seconds`, at least one; the model has seen every batch size before."""
    contents = new_format().parse(decode_block(lines)).contents
    skip = detector.skip_characters
    ids = detector.encoder.encode(detector.masker.apply([content[skip:] for content in contents])).ids
    batches = [ids[start : start + batch_rows] for start in range(0, len(ids), batch_rows)]
    warm_up = batches if len(batches) < 2 else [batches[0], batches[-1]]
    for batch in warm_up:
        detector.score_rows(batch)
    rows = 0
    started = now = clock()
    end = started + int(seconds * 1e9)
    while now < end or rows == 0:
        for batch in batches:
            detector.score_rows(batch)
            rows += len(batch)
            now = clock()
            if now >= end:
                break
    taken = max(now - started, 1) / 1e9
    lines_done = rows * len(lines) / len(ids)
    return Offline(
        lines=int(lines_done),
        rows=rows,
        seconds=taken,
        lines_per_second=lines_done / taken,
        rows_per_second=rows / taken,
        warm_up_batches=len(warm_up),
    )


def _queries(
    lines: List[bytes], new_format: Callable[[], Format], per_query: int
) -> Iterator[Tuple[Format, List[bytes]]]:
    """The lines in their order, `per_query` at a time, over and over; each time round is a new source of its format."""
    while True:
        line_format = new_format()
        for start in range(0, len(lines) - per_query + 1, per_query):
            yield line_format, lines[start : start + per_query]


def _answer(detector: MeasuredDetector, line_format: Format, query: List[bytes]) -> np.ndarray:
    return detector.verdicts(detector.score(line_format.parse(decode_block(query)).contents))
