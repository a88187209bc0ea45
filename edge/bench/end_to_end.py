"""A whole file from its bytes to written records, as `score` does it, with the time split by stage."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Optional

import msgspec
import numpy as np

from edge.bench.conditions import Energy, Garbage, Observe
from edge.bench.latency import BLOCKS
from edge.bench.spread import grouped
from edge.bench.stopwatch import Clock, Stopwatch
from edge.files.atomic import AtomicFile
from edge.files.lines import BLOCK_LINES, LineBlock, read_blocks
from edge.files.paths import Source
from edge.formats import Batch, Reader
from edge.runtime.detector import Detector
from edge.runtime.pipeline import ScoredBlock, make_records
from edge.runtime.scorer import DEFAULT_CACHE_TEXTS
from edge.sinks.output import Output
from edge.sinks.render import JsonlRenderer
from edge.text.clean import decode_block


class EndToEnd(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`passes` over the file, each beginning with an empty memory; the last of them may have been cut off by the time.

    `computed_records` went through the model; the `known_records` were equal to one of the same block, or remembered.
    `stage_seconds` add up to `seconds`, and so do `part_seconds`. Bytes are those of the file, line ends included; MB
    are 1,000,000 of them. `blocks` are figures of groups of whole passes, empty for fewer than three.
    """

    passes: int
    lines: int
    records: int
    bytes: int
    seconds: float
    records_per_second: float
    lines_per_second: float
    megabytes_per_second: float
    computed_records: int
    known_records: int
    anomalous_records: int
    unparsed_records: int
    written_records: int
    written_bytes: int
    warm_up_lines: int
    stage_seconds: Dict[str, float]
    part_seconds: Dict[str, float]
    blocks: Dict[str, List[float]]
    garbage: Garbage
    energy: Optional[Energy]


class Passes:
    """The way of one file through a detector, over and over; the counts are those of all passes so far."""

    def __init__(
        self,
        detector: Detector,
        watch: Stopwatch,
        source: Source,
        choose: Callable[[List[str]], Reader],
        target: Path,
        *,
        at_once: int = BLOCK_LINES,
    ) -> None:
        """`choose` gives the reader, from the first lines, for each pass anew; `at_once` are the lines of a block.

        Records are written to `target`, which never comes to be: each pass writes anew, and what it wrote is discarded.
        """
        self.lines = self.records = self.bytes = self.computed = 0
        self.anomalous = self.unparsed = self.written_records = self.written_bytes = 0
        self._detector = detector
        self._watch = watch
        self._source = source
        self._choose = choose
        self._target = target
        self._at_once = at_once
        self._renderer = JsonlRenderer()

    def warm_up(self) -> int:
        """Score the first block; how many lines it has."""
        self._detector.scorer.forget(DEFAULT_CACHE_TEXTS)
        block = next(read_blocks(self._source, max_lines=self._at_once))
        texts = decode_block(block.lines)
        batch = self._choose(texts[:1000]).read(texts, block.first_line, block.offsets)
        with _discarded(self._target) as out:
            self._judge(batch, block, out)
        self.records = self.anomalous = self.unparsed = self.written_records = self.written_bytes = 0
        return len(block.lines)

    def one(self, over: Callable[[], bool]) -> bool:
        """One pass with an empty memory; False when it was cut off, since it was `over` after a block.

        Raises:
            OutputError: the records cannot be written.
        """
        self._detector.scorer.forget(DEFAULT_CACHE_TEXTS)
        try:
            with _discarded(self._target) as out:
                return self._blocks(out, over)
        finally:
            self.computed += self._detector.scorer.computed

    def _blocks(self, out: Output, over: Callable[[], bool]) -> bool:
        reader = None
        for block in self._read():
            with self._watch.stage("parse"):
                texts = decode_block(block.lines)
                if reader is None:
                    reader = self._choose(texts[:1000])
                batch = reader.read(texts, block.first_line, block.offsets)
            self.lines += len(block.lines)
            self.bytes += int(block.offsets[-1] - block.offsets[0]) + len(block.lines[-1]) + 1
            self._judge(batch, block, out)
            if over():
                return False
        if reader is not None:
            with self._watch.stage("parse"):
                batch = reader.finish()
            self._judge(batch, None, out)
        return True

    def _read(self) -> Iterator[LineBlock]:
        blocks = read_blocks(self._source, max_lines=self._at_once)
        while True:
            with self._watch.stage("read"):
                block = next(blocks, None)
            if block is None:
                return
            yield block

    def _judge(self, batch: Batch, block: Optional[LineBlock], out: Output) -> None:
        scores = self._detector.score(batch.records.contents)
        with self._watch.stage("verdict"):
            scored = ScoredBlock(self._source.name, block, batch, scores, self._detector.verdicts(scores))
        with self._watch.stage("record"):
            records = make_records(scored, self._detector, everything=False)
        if records:
            with self._watch.stage("render"):
                rendered = self._renderer.render(records)
            with self._watch.stage("output"):
                out.write(rendered)
                out.flush()
            self.written_records += len(records)
            self.written_bytes += len(rendered)
        self.records += len(batch)
        self.anomalous += int(np.count_nonzero(scored.anomalous))
        self.unparsed += int(np.count_nonzero(batch.records.unparsed))


@contextmanager
def _discarded(path: Path) -> Iterator[AtomicFile]:
    """A file that is written as `score` writes it, and goes away at the end; it is not synced."""
    file = AtomicFile(path)
    try:
        yield file
    finally:
        file.discard()


def end_to_end(passes: Passes, watch: Stopwatch, *, seconds: float, clock: Clock, observe: Observe) -> EndToEnd:
    """Score the file over and over for `seconds`, after a first block that does not count.

    A pass that has begun is finished, except for the first one, which ends with the block in which the time is over.
    """
    warm_up = passes.warm_up()
    whole: List[List[float]] = []
    done = 0
    with observe() as observed:
        watch.start()
        now = clock()
        end = now + int(seconds * 1e9)
        while done == 0 or now < end:
            before = (passes.records, passes.bytes, now)
            finished = passes.one((lambda: clock() >= end) if done == 0 else (lambda: False))
            now = clock()
            done += 1
            if finished:
                whole.append([after - since for after, since in zip((passes.records, passes.bytes, now), before)])
        watch.stop()
    taken = max(sum(watch.nanoseconds.values()), 1) / 1e9
    return EndToEnd(
        passes=done,
        lines=passes.lines,
        records=passes.records,
        bytes=passes.bytes,
        seconds=taken,
        records_per_second=passes.records / taken,
        lines_per_second=passes.lines / taken,
        megabytes_per_second=passes.bytes / taken / 1e6,
        computed_records=passes.computed,
        known_records=passes.records - passes.computed,
        anomalous_records=passes.anomalous,
        unparsed_records=passes.unparsed,
        written_records=passes.written_records,
        written_bytes=passes.written_bytes,
        warm_up_lines=warm_up,
        stage_seconds=watch.by_stage(),
        part_seconds=watch.by_part(),
        blocks=_by_block(whole),
        garbage=observed.garbage(),
        energy=observed.energy(passes.records),
    )


def _by_block(passes: List[List[float]]) -> Dict[str, List[float]]:
    if len(passes) < 3:
        return {}
    groups = grouped(passes, BLOCKS)
    return {
        "records_per_second": [records / max(taken, 1) * 1e9 for records, _, taken in groups],
        "megabytes_per_second": [size / max(taken, 1) * 1e3 for _, size, taken in groups],
    }
