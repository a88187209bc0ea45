from __future__ import annotations

import pytest

from edge.bench.stopwatch import Stopwatch


class Clock:
    now = 100

    def __call__(self) -> int:
        return self.now


def test_time_goes_to_the_innermost_stage_and_adds_up() -> None:
    clock = Clock()
    watch = Stopwatch(clock)
    watch.start()
    clock.now += 1
    with watch.stage("outer"):
        clock.now += 10
        with watch.stage("inner"):
            clock.now += 100
        clock.now += 1000
    with watch.stage("inner"):
        clock.now += 10_000
    watch.stop()
    clock.now += 99
    assert watch.nanoseconds == {"other": 1, "outer": 1010, "inner": 10_100}


def test_a_stage_ends_with_an_error_too() -> None:
    clock = Clock()
    watch = Stopwatch(clock)
    watch.start()

    def fail() -> None:
        with watch.stage("failing"):
            clock.now += 5
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    clock.now += 7
    watch.stop()
    assert watch.nanoseconds == {"failing": 5, "other": 7}


def test_nothing_is_charged_while_it_stands() -> None:
    watch = Stopwatch(Clock())
    with watch.stage("early"):
        pass
    assert watch.nanoseconds == {}
    watch.start()
    watch.stop()
    watch.start()
    watch.stop()
    assert watch.nanoseconds == {"other": 0}
