from __future__ import annotations

from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, Callable, Dict, List

import numpy as np
import pytest
from fake_instruments import FakeMeter
from small_bundle import LENGTH, LINES

from edge.bench.conditions import Observed
from edge.bench.scenarios import MOST_WINDOWS, Stream, offline, stream
from edge.bundle.folder import load_bundle
from edge.bundle.preprocessing import FormatSpec
from edge.encoders import Encoded
from edge.formats import Batch, Reader
from edge.reading import make_reader
from edge.runtime.detector import Detector
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
def detector(small_bundle: Path) -> Detector:
    return Detector(load_bundle(small_bundle), provider="cpu", threads=1, batch_rows=4)


def observe() -> Observed:
    return Observed(FakeMeter({"VDD_IN": 50.0}, 50.0), ticking())


def streamed(detector: Detector, **changes: Any) -> Stream:
    arguments: Dict[str, Any] = {
        "per_query": 1,
        "seconds": 0.05,
        "least_queries": 1,
        "warm_up_seconds": 0.01,
        "clock": ticking(),
        "observe": observe,
    }
    return stream(detector, ENCODED, new_reader, **{**arguments, **changes})


def test_single_stream_computes_every_line(detector: Detector) -> None:
    found = streamed(detector)
    assert found.lines_per_query == 1
    # Each query looks at the clock twice.
    assert found.lines == found.records == found.latency.queries == 25
    assert found.computed_records == found.lines, "no line may be answered from memory, though the lines repeat"
    assert found.latency.p50_ms == found.latency.highest_ms == 1.0
    assert found.seconds == pytest.approx(0.05)
    assert found.warm_up_queries == 10
    # The warm-up has had lines 0 to 6 and 0 to 2; 25 lines follow, two of the seven are anomalous.
    asked = [(10 + query) % len(LINES) for query in range(25)]
    assert found.anomalous_records == sum(line in (4, 5) for line in asked)
    assert found.energy is not None
    assert found.energy.joules_per_1000_records == 2000.0


def test_multi_stream_asks_for_eight_lines(detector: Detector) -> None:
    found = streamed(detector, per_query=8, seconds=0.02, warm_up_seconds=0)
    assert (found.lines_per_query, found.warm_up_queries) == (8, 1)
    assert found.lines == 8 * found.latency.queries == 80
    # Lines 0 to 6 and then as far as 8: the first two differ in their numbers, and only in those that are masked.
    assert 5 * found.latency.queries <= found.computed_records <= 7 * found.latency.queries


def test_a_stream_answers_once_however_short_the_time(detector: Detector) -> None:
    found = streamed(detector, seconds=0, least_queries=100, warm_up_seconds=0)
    assert (found.lines, found.warm_up_queries, found.blocks) == (1, 1, {})


def test_a_stream_goes_on_for_its_least_queries_and_not_for_ever(detector: Detector) -> None:
    assert streamed(detector, least_queries=40).latency.queries == 40
    # Ten times the time, two milliseconds a query.
    assert streamed(detector, least_queries=1000).latency.queries == 250


def test_a_stream_keeps_more_latencies_than_it_had_room_for(
    detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.bench.scenarios._ROOM", 4)
    found = streamed(detector)
    assert found.latency.queries == 25
    assert found.latency.lowest_ms == found.latency.highest_ms == 1.0


def test_the_blocks_of_a_stream_show_when_it_was_slow(detector: Detector) -> None:
    now, step = [0], [MILLISECOND]

    def slower() -> int:
        now[0] += step[0]
        if now[0] > 500 * MILLISECOND:
            step[0] = 3 * MILLISECOND
        return now[0]

    found = streamed(detector, seconds=1, warm_up_seconds=0, clock=slower)
    assert found.blocks["p50_ms"][0] == 1.0
    assert found.blocks["p50_ms"][-1] == 3.0
    assert len(found.blocks["mean_ms"]) == 10
    assert "p99_ms" not in found.blocks, "a block of so few queries has no p99 of its own"


def test_offline_runs_the_model_alone(detector: Detector, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: List[int] = []

    def scored(outputs: List[str], inputs: Dict[str, np.ndarray]) -> List[np.ndarray]:
        (ids,) = inputs.values()
        assert (outputs, ids.dtype) == (["score"], np.int32)
        assert ids.shape[1] == LENGTH
        runs.append(len(ids))
        return [np.zeros(len(ids), np.float32)]

    monkeypatch.setattr(detector.session, "run", scored)
    found = offline(detector, ENCODED, new_reader, batch_rows=3, seconds=0.01, clock=ticking(), observe=observe)
    # Seven lines make eight rows, since one is long: batches of 3, 3 and 2, of which the first and last warm up.
    assert runs[:5] == [3, 2, 3, 3, 2]
    assert found.warm_up_batches == 2
    assert found.rows == sum(runs[2:])
    assert found.records == int(found.rows * 7 / 8)
    assert found.seconds == pytest.approx(0.001 * len(runs[2:]), rel=0.2)
    assert found.rows_per_second == pytest.approx(found.rows / found.seconds)
    assert found.records_per_second == pytest.approx(found.rows_per_second * 7 / 8)
    # A tenth of the time is a millisecond, and so is a batch.
    rates = found.blocks["records_per_second"]
    assert rates[:3] == pytest.approx([3000 * 7 / 8, 3000 * 7 / 8, 2000 * 7 / 8])
    assert found.energy is not None
    assert found.energy.total_joules == 50.0


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

    offline(detector, lines, windows, batch_rows=4, seconds=0, clock=ticking(), observe=observe, at_once=256)
    assert encoded == [MOST_WINDOWS]
    assert read == [256] * 3, "the rest is not even read"
    offline(detector, lines, windows, batch_rows=4, seconds=0, clock=ticking(), observe=observe)
    assert encoded[1:] == [6000]
