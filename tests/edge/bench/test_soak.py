from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Callable, List, Optional

import pytest
from fake_instruments import conditions, instruments
from small_bundle import LINES

from edge.bench.conditions import Conditions
from edge.bench.end_to_end import Passes
from edge.bench.sample import Sample, as_file
from edge.bench.soak import Soak, SoakSample, memory_trend, soak, throughput_trend
from edge.bench.stopwatch import Stopwatch
from edge.bundle.folder import load_bundle
from edge.bundle.preprocessing import FormatSpec
from edge.formats import Reader
from edge.reading import make_reader
from edge.runtime.detector import Detector

SECOND = 1_000_000_000
MIB = 1 << 20


def new_reader(_: List[str]) -> Reader:
    spec = FormatSpec(name="syslog", layout=None, fields=None, header=None, skip_characters=0)
    return make_reader(spec, reference=datetime(2024, 1, 1))


def run(
    small_bundle: Path,
    clock: Callable[[], int],
    states: Optional[List[Conditions]] = None,
    minutes: float = 0.5,
    **changes: Any,
) -> Soak:
    watch = Stopwatch(clock)
    detector = Detector(load_bundle(small_bundle), provider="cpu", threads=1, watch=watch)
    lines = [line.encode() for line in LINES]
    said: List[str] = []
    with as_file(Sample(lines, ["x"], golden=False, complete=True)) as file:
        passes = Passes(detector, watch, file.source, new_reader, file.folder / "records.jsonl")
        found = soak(passes, instruments(states, **changes), minutes=minutes, clock=clock, say=said.append)
    assert len(said) == len(found.samples)
    return found


def a_second_each() -> Callable[[], int]:
    now = [0]

    def look() -> int:
        now[0] += SECOND // 2
        return now[0]

    return look


def test_it_samples_as_it_goes_and_ends(small_bundle: Path) -> None:
    resident = iter(range(10 * MIB, 1000 * MIB, MIB))
    found = run(small_bundle, a_second_each(), resident=lambda: next(resident))
    assert not found.interrupted
    assert found.seconds <= 30
    assert found.passes > 5
    assert found.records == found.passes * len(LINES)
    times = [one.at_seconds for one in found.samples]
    assert times == sorted(times)
    assert len(times) >= 10
    assert all(one.records_per_second > 0 for one in found.samples)
    assert found.samples[-1].records <= found.records
    assert found.memory is not None
    assert found.memory.changed
    assert found.memory.per_hour > 0


def test_heat_and_throttling_are_kept(small_bundle: Path) -> None:
    states = [
        conditions(over_current_events={"OC1": 2}),
        conditions(temperatures={"CPU": 60.0, "GPU": 70.0}),
        conditions(temperatures={"CPU": 97.5}, throttled=["heat"], over_current_events={"OC1": 5}),
    ]
    found = run(small_bundle, a_second_each(), states)
    assert found.highest_temperature == 97.5
    assert found.samples[0].temperature == 70.0
    assert found.throttled == ["heat"]
    assert found.over_current_events == 3


def test_ctrl_c_ends_it_with_what_there_is(small_bundle: Path) -> None:
    looks = [0]

    def interrupted() -> int:
        looks[0] += 1
        if looks[0] == 400:
            raise KeyboardInterrupt
        return looks[0] * SECOND // 20

    found = run(small_bundle, interrupted, minutes=60)
    assert found.interrupted
    assert found.seconds < 60
    assert found.records > 0
    assert found.samples == [] or found.samples[-1].at_seconds < 60


def samples(memory: List[Optional[int]], rates: List[float]) -> List[SoakSample]:
    return [
        SoakSample(60.0 * place, 0, rate, resident, None, [])
        for place, (resident, rate) in enumerate(zip(memory, rates))
    ]


def test_memory_that_settles_has_not_grown() -> None:
    # The first fifth fills the memory of earlier lines; then it wavers.
    filling: List[Optional[int]] = [10 * MIB, 60 * MIB, 90 * MIB, 99 * MIB]
    wavering: List[Optional[int]] = [100 * MIB + (place % 2) * MIB for place in range(16)]
    found = memory_trend(samples(filling + wavering, [1.0] * 20))
    assert found is not None
    assert not found.changed


def test_memory_that_grows_is_found() -> None:
    growing: List[Optional[int]] = [100 * MIB + place * MIB + (place % 3) * MIB // 4 for place in range(20)]
    found = memory_trend(samples(growing, [1.0] * 20))
    assert found is not None
    assert found.changed
    assert found.low < found.per_hour < found.high
    assert found.per_hour == pytest.approx(60 * MIB, rel=0.05)
    assert found.change == pytest.approx(15 * MIB, rel=0.05)


def test_throughput_that_falls_is_found_and_a_percent_is_not() -> None:
    found = throughput_trend(samples([None] * 20, [1000 - 10.0 * place for place in range(20)]))
    assert found is not None
    assert (found.changed, found.per_hour) == (True, pytest.approx(-600))
    little = throughput_trend(samples([None] * 20, [1000 - 0.5 * place for place in range(20)]))
    assert little is not None
    assert not little.changed


def test_too_few_samples_show_no_trend() -> None:
    assert memory_trend(samples([None] * 20, [1.0] * 20)) is None
    assert throughput_trend(samples([None] * 2, [1.0] * 2)) is None
