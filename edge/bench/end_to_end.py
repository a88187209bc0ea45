"""A whole file from its bytes to verdicts, as `score` does it, with the time split by stage."""

from __future__ import annotations

from typing import Callable, Dict, Iterator, List

import msgspec
import numpy as np

from edge.bench.stopwatch import STAGES, Clock, Stopwatch
from edge.files.lines import BLOCK_LINES, LineBlock, read_blocks
from edge.files.paths import Source
from edge.formats import Batch, Reader
from edge.runtime.detector import Detector
from edge.runtime.scorer import DEFAULT_CACHE_TEXTS
from edge.text.clean import decode_block


class EndToEnd(msgspec.Struct, frozen=True):
    """`passes` over the file, each beginning with an empty memory; the last of them may have been cut off by the time.

    `computed_lines` are the records that went through the model; the `known_lines` were equal to one of the same block,
    or remembered.
    `stage_seconds` add up to `seconds`. Bytes are those of the file, line ends included; MB are 1,000,000 of them.
    """

    passes: int
    lines: int
    bytes: int
    seconds: float
    lines_per_second: float
    megabytes_per_second: float
    computed_lines: int
    known_lines: int
    anomalous_lines: int
    unparsed_lines: int
    warm_up_lines: int
    stage_seconds: Dict[str, float]


def end_to_end(
    detector: Detector,
    watch: Stopwatch,
    source: Source,
    choose: Callable[[List[str]], Reader],
    *,
    seconds: float,
    clock: Clock,
    at_once: int = BLOCK_LINES,
) -> EndToEnd:
    """Score the file over and over for `seconds`, after a first block that does not count.

    A pass that has begun is finished, except for the first one, which ends with the block in which the time is over.
    `choose` gives the reader, from the first lines, for each pass anew; `at_once` are the lines of a block.
    """
    detector.scorer.forget(DEFAULT_CACHE_TEXTS)
    warm_up = next(read_blocks(source, max_lines=at_once))
    _verdicts(detector, watch, _read(choose(decode_block(warm_up.lines)[:1000]), warm_up))
    counts = _Counts()
    computed = passes = 0
    watch.start()
    started = clock()
    end = started + int(seconds * 1e9)
    while passes == 0 or clock() < end:
        detector.scorer.forget(DEFAULT_CACHE_TEXTS)
        reader = None
        for block in _watched(read_blocks(source, max_lines=at_once), watch):
            with watch.stage("parse"):
                if reader is None:
                    reader = choose(decode_block(block.lines[:1000]))
                batch = _read(reader, block)
            counts.lines += len(block.lines)
            counts.bytes += int(block.offsets[-1] - block.offsets[0]) + len(block.lines[-1]) + 1
            counts.add(batch, _verdicts(detector, watch, batch))
            if passes == 0 and clock() >= end:
                break
        else:
            if reader is not None:
                with watch.stage("parse"):
                    batch = reader.finish()
                counts.add(batch, _verdicts(detector, watch, batch))
        computed += detector.scorer.computed
        passes += 1
    watch.stop()
    taken = max(sum(watch.nanoseconds.values()), 1) / 1e9
    return EndToEnd(
        passes=passes,
        lines=counts.lines,
        bytes=counts.bytes,
        seconds=taken,
        lines_per_second=counts.lines / taken,
        megabytes_per_second=counts.bytes / taken / 1e6,
        computed_lines=computed,
        known_lines=counts.records - computed,
        anomalous_lines=counts.anomalous,
        unparsed_lines=counts.unparsed,
        warm_up_lines=len(warm_up.lines),
        stage_seconds={stage: watch.nanoseconds.get(stage, 0) / 1e9 for stage in STAGES},
    )


class _Counts:
    def __init__(self) -> None:
        self.lines = 0
        self.records = 0
        self.bytes = 0
        self.anomalous = 0
        self.unparsed = 0

    def add(self, batch: Batch, verdicts: np.ndarray) -> None:
        self.records += len(batch)
        self.anomalous += int(np.count_nonzero(verdicts))
        self.unparsed += int(np.count_nonzero(batch.records.unparsed))


def _watched(blocks: Iterator[LineBlock], watch: Stopwatch) -> Iterator[LineBlock]:
    while True:
        with watch.stage("read"):
            block = next(blocks, None)
        if block is None:
            return
        yield block


def _read(reader: Reader, block: LineBlock) -> Batch:
    return reader.read(decode_block(block.lines), block.first_line, block.offsets)


def _verdicts(detector: Detector, watch: Stopwatch, batch: Batch) -> np.ndarray:
    """Bool [records]."""
    scores = detector.score(batch.records.contents)
    with watch.stage("verdict"):
        return detector.verdicts(scores)
