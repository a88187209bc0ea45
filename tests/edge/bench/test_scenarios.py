from __future__ import annotations

from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Callable, Dict, List

import numpy as np
import pytest
from small_bundle import LENGTH, LINES

from edge.bench.end_to_end import end_to_end
from edge.bench.sample import Sample, as_file
from edge.bench.scenarios import MOST_WINDOWS, offline, stream
from edge.bench.stopwatch import STAGES, Stopwatch
from edge.bundle.folder import load_bundle
from edge.bundle.preprocessing import FormatSpec
from edge.encoders import Encoded
from edge.formats import Batch, Reader
from edge.reading import make_reader
from edge.runtime.detector import Detector
from edge.runtime.pipeline import FormatChoice, score_source
from edge.sequence.events import EventsReader
from edge.sequence.reader import WindowReader

ENCODED = [line.encode() for line in LINES]
MILLISECOND = 1_000_000


def ticking() -> Callable[[], int]:
    """A clock that goes on by a millisecond each time one looks."""
    ticks = count(0, MILLISECOND)
    return lambda: next(ticks)


def new_reader() -> Reader:
    spec = FormatSpec(name="syslog", layout=None, fields=None, header=None, skip_characters=0)
    return make_reader(spec, reference=datetime(2024, 1, 1))


@pytest.fixture
def watch() -> Stopwatch:
    return Stopwatch(ticking())


@pytest.fixture
def detector(small_bundle: Path, watch: Stopwatch) -> Detector:
    bundle = load_bundle(small_bundle)
    return Detector(bundle, provider="cpu", threads=1, batch_rows=4, watch=watch)


def test_single_stream_computes_every_line(detector: Detector) -> None:
    found = stream(detector, ENCODED, new_reader, per_query=1, seconds=0.05, warm_up_seconds=0.01, clock=ticking())
    assert found.lines_per_query == 1
    # Each query looks at the clock twice.
    assert found.lines == found.latency.queries == 25
    assert found.computed_lines == found.lines, "no line may be answered from memory, though the lines repeat"
    assert found.latency.p50_ms == found.latency.highest_ms == 1.0
    assert found.seconds == pytest.approx(0.05)
    assert found.warm_up_queries == 10
    # The warm-up has had lines 0 to 6 and 0 to 2; 25 lines follow, two of the seven are anomalous.
    asked = [(10 + query) % len(LINES) for query in range(25)]
    assert found.anomalous_lines == sum(line in (4, 5) for line in asked)


def test_multi_stream_asks_for_eight_lines(detector: Detector) -> None:
    found = stream(detector, ENCODED, new_reader, per_query=8, seconds=0.02, warm_up_seconds=0, clock=ticking())
    assert (found.lines_per_query, found.warm_up_queries) == (8, 1)
    assert found.lines == 8 * found.latency.queries == 80
    # Lines 0 to 6 and then as far as 8: the first two differ in their numbers, and only in those that are masked.
    assert 5 * found.latency.queries <= found.computed_lines <= 7 * found.latency.queries


def test_a_stream_answers_once_however_short_the_time(detector: Detector) -> None:
    found = stream(detector, ENCODED, new_reader, per_query=1, seconds=0, warm_up_seconds=0, clock=ticking())
    assert (found.lines, found.warm_up_queries) == (1, 1)


def test_offline_runs_the_model_alone(detector: Detector, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: List[int] = []

    def scored(outputs: List[str], inputs: Dict[str, np.ndarray]) -> List[np.ndarray]:
        (ids,) = inputs.values()
        assert (outputs, ids.dtype) == (["score"], np.int32)
        assert ids.shape[1] == LENGTH
        runs.append(len(ids))
        return [np.zeros(len(ids), np.float32)]

    monkeypatch.setattr(detector.session, "run", scored)
    found = offline(detector, ENCODED, new_reader, batch_rows=3, seconds=0.01, clock=ticking())
    # Seven lines make eight rows, since one is long: batches of 3, 3 and 2, of which the first and last warm up.
    assert runs[:5] == [3, 2, 3, 3, 2]
    assert found.warm_up_batches == 2
    assert found.rows == sum(runs[2:])
    assert found.lines == int(found.rows * 7 / 8)
    assert found.seconds == pytest.approx(0.001 * len(runs[2:]), rel=0.2)
    assert found.rows_per_second == pytest.approx(found.rows / found.seconds)
    assert found.lines_per_second == pytest.approx(found.rows_per_second * 7 / 8)


def test_offline_takes_a_part_of_many_windows(detector: Detector, monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: List[int] = []
    encode = detector.scorer.encode
    read: List[int] = []

    class Watched(WindowReader):
        def read(self, texts: List[str], first_line: int, offsets: np.ndarray) -> Batch:
            read.append(len(texts))
            return super().read(texts, first_line, offsets)

    def watched(contents: List[str]) -> Encoded:
        encoded.append(len(contents))
        return encode(contents)

    monkeypatch.setattr(detector.scorer, "encode", watched)
    lines = [b"5 22 9 5"] * 2000

    def windows() -> Reader:
        return Watched(EventsReader(), 2, 1)

    offline(detector, lines, windows, batch_rows=4, seconds=0, clock=ticking(), at_once=256)
    assert encoded == [MOST_WINDOWS]
    assert read == [256] * 3, "the rest is not even read"
    offline(detector, lines, windows, batch_rows=4, seconds=0, clock=ticking())
    assert encoded[1:] == [6000]


def test_end_to_end_reads_as_many_lines_at_once_as_it_is_told(detector: Detector, watch: Stopwatch) -> None:
    with as_file(Sample(ENCODED * 100, ["x"], golden=False, complete=True)) as source:
        found = end_to_end(detector, watch, source, lambda texts: new_reader(), seconds=0, clock=ticking(), at_once=300)
    assert (found.warm_up_lines, found.lines) == (300, 300)


def test_end_to_end_finds_what_score_finds(small_bundle: Path, detector: Detector, watch: Stopwatch) -> None:
    choice = FormatChoice(load_bundle(small_bundle).manifest.preprocessing.format)
    sample = Sample(ENCODED * 3000, ["x"], golden=False, complete=True)
    with as_file(sample) as source:
        found = end_to_end(
            detector,
            watch,
            source,
            lambda texts: choice.choose(source, texts, lambda _: None),
            seconds=0,
            clock=ticking(),
        )
        usual = Detector(load_bundle(small_bundle), provider="cpu")
        blocks = list(score_source(source, usual, choice, say=lambda _: None))
    # No time at all: the first pass ends with its first block.
    assert (found.passes, found.lines) == (1, len(blocks[0].scores))
    assert found.lines < len(sample.lines)
    assert found.anomalous_lines == int(blocks[0].anomalous.sum())
    assert found.unparsed_lines == int(blocks[0].batch.records.unparsed.sum())
    assert found.bytes == sum(len(line) + 1 for line in blocks[0].lines.lines)
    assert found.computed_lines + found.known_lines == found.lines
    assert found.computed_lines == 7, "equal lines are computed once, and what the warm-up saw is forgotten"


def test_end_to_end_splits_all_of_its_time(detector: Detector, watch: Stopwatch) -> None:
    with as_file(Sample(ENCODED * 2, ["x"], golden=False, complete=True)) as source:
        found = end_to_end(detector, watch, source, lambda texts: new_reader(), seconds=0.004, clock=ticking())
    assert found.passes > 1
    assert found.lines == found.passes * 14, "a pass that has begun is finished"
    assert found.computed_lines == found.passes * 7, "each pass begins with an empty memory"
    assert found.warm_up_lines == 14
    assert tuple(found.stage_seconds) == STAGES
    assert all(seconds > 0 for seconds in found.stage_seconds.values())
    assert sum(found.stage_seconds.values()) == pytest.approx(found.seconds)
    assert found.lines_per_second == pytest.approx(found.lines / found.seconds)
    assert found.megabytes_per_second == pytest.approx(found.bytes / found.seconds / 1e6)
