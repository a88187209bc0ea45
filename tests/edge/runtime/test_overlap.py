"""The next batch is made while this one is computed."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Iterator, List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.runtime.overlap import AHEAD, Overlap


@given(st.lists(st.integers()))
def test_results_come_in_order(items: List[int]) -> None:
    assert list(Overlap().map(lambda item: item * 2, items)) == [item * 2 for item in items]


def test_the_next_item_is_taken_while_one_is_computed() -> None:
    taken = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        taken.set()  # only reached when the first is not waited for
        yield 2

    assert list(Overlap().map(lambda item: (item, taken.wait(10)), items())) == [(1, True), (2, True)]


def test_all_is_computed_in_one_other_thread() -> None:
    overlap = Overlap()
    names = {
        *overlap.map(lambda _: threading.get_ident(), range(5)),
        *overlap.map(lambda _: threading.get_ident(), "x"),
    }
    assert len(names) == 1
    assert threading.get_ident() not in names


def test_few_items_are_under_way() -> None:
    taken = done = most = 0

    def items() -> Iterator[int]:
        nonlocal taken, most
        for item in range(50):
            taken += 1
            most = max(most, taken - done)
            yield item

    def work(item: int) -> int:
        nonlocal done
        time.sleep(0.001)
        done += 1
        return item

    assert list(Overlap().map(work, items())) == list(range(50))
    assert most <= AHEAD + 1, "those under way, and the one that is being made"


def test_what_the_work_raises_is_raised_in_its_place() -> None:
    overlap = Overlap()
    seen: List[int] = []

    def work(item: int) -> int:
        if item == 3:
            raise KeyError("lost")
        return item

    with pytest.raises(KeyError, match="lost"):
        seen.extend(overlap.map(work, range(10)))
    assert list(overlap.map(work, [1, 2])) == [1, 2], "it can be used again"


def test_what_the_items_raise_ends_the_work() -> None:
    overlap = Overlap()
    done: List[int] = []

    def items() -> Iterator[int]:
        yield 1
        raise OSError("no such file")

    with pytest.raises(OSError, match="no such file"):
        list(overlap.map(done.append, items()))
    assert list(overlap.map(lambda item: item, [5])) == [5]


def test_what_is_computed_has_ended_before_an_error_is_told() -> None:
    """Nobody may close a file, or end the process, beneath an inference."""
    begun, ended = threading.Event(), threading.Event()

    def items() -> Iterator[int]:
        yield 1
        assert begun.wait(10)
        raise OSError("no such file")

    def work(item: int) -> None:
        begun.set()
        time.sleep(0.3)
        ended.set()

    with pytest.raises(OSError, match="no such file"):
        list(Overlap().map(work, items()))
    assert ended.is_set()


def test_ctrl_c_while_it_waits() -> None:
    """It comes at once when what is computed has ended; nothing is started after it."""
    overlap = Overlap()
    begun: List[int] = []
    release = threading.Event()

    def work(item: int) -> None:
        begun.append(item)
        assert release.wait(30)

    def interrupt() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.1)
        release.set()

    timer = threading.Timer(0.2, interrupt)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        list(overlap.map(work, range(10)))
    timer.join()
    assert begun == [0]


def test_who_stops_asking_stops_the_work() -> None:
    begun: List[int] = []

    def work(item: int) -> int:
        begun.append(item)
        return item

    results = Overlap().map(work, range(100))
    assert next(results) == 0
    results.close()
    assert len(begun) <= AHEAD
