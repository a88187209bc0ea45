"""Which records belong to one session."""

from __future__ import annotations

from typing import List, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.bundle.preprocessing import SessionSpec
from edge.errors import FormatError
from edge.sequence import grouping
from edge.sequence.grouping import Event, Grouping, Session, compile_key, make_grouping, seconds_of


def spec(
    key: Optional[str] = None,
    idle: Optional[int] = None,
    length: Optional[int] = None,
    step: Optional[int] = None,
    seconds: Optional[float] = None,
) -> SessionSpec:
    return SessionSpec(key=key, idle_records=idle, length=length, step=step, seconds=seconds)


def feed(made: Grouping, contents: List[str], stamps: Optional[List[Optional[str]]] = None) -> List[Session]:
    sessions = []
    for number, content in enumerate(contents):
        stamp = None if stamps is None else stamps[number]
        sessions += made.add(Event(content, number, 10 * number, content, content, lambda stamp=stamp: stamp))  # type: ignore[misc]
    return sessions + made.finish()


def lines(sessions: List[Session]) -> List[List[int]]:
    return [list(session.lines) for session in sessions]


def test_by_key() -> None:
    made = make_grouping(spec(key=r"(blk_\d+)", idle=100))
    sessions = feed(made, ["a blk_1", "b blk_2", "no key", "c blk_1 blk_2"])
    assert [(session.key, list(session.lines)) for session in sessions] == [
        ("", [2]),
        ("blk_1", [0, 3]),
        ("blk_2", [1]),
    ]
    assert [session.offset for session in sessions] == [20, 0, 10]
    assert made.notes() == ["1 of 4 lines hold no session key; each is a session by itself"]


def test_a_session_that_is_idle_has_ended() -> None:
    made = make_grouping(spec(key=r"(\w)", idle=2))
    assert lines(feed(made, ["a", "b", "b", "b", "a"])) == [[0], [1, 2, 3], [4]]


def test_memory_is_bounded_by_idle_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    made = grouping.KeyGrouping(r"(\d+)", 50)
    for number in range(1000):
        made.add(Event("x", number, 0, "", str(number), lambda: None))
        assert len(made._open) <= 50
    assert len(made._last) == len(made._open)
    monkeypatch.setattr(grouping, "MOST_EVENTS", 3)
    assert lines(feed(grouping.KeyGrouping(r"(\w)", 50), ["a"] * 7)) == [[0, 1, 2], [3, 4, 5], [6]]


@pytest.mark.parametrize(
    ("key", "what"),
    [("(", "is not a regular expression"), ("blk", "has 0 groups where one"), ("(a)(b)", "has 2 groups")],
)
def test_a_key_has_one_group(key: str, what: str) -> None:
    with pytest.raises(FormatError, match=what):
        compile_key(key)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (0, []),
        (1, [[0]]),
        (3, [[0, 1, 2]]),
        (4, [[0, 1, 2], [1, 2, 3]]),
        (5, [[0, 1, 2], [2, 3, 4]]),
        (6, [[0, 1, 2], [2, 3, 4], [3, 4, 5]]),
    ],
)
def test_windows_of_events_end_with_the_source(events: int, expected: List[List[int]]) -> None:
    assert lines(feed(make_grouping(spec(length=3, step=2)), ["x"] * events)) == expected


@given(st.integers(0, 40), st.integers(1, 9), st.integers(1, 9))
def test_no_event_is_in_no_window(events: int, length: int, step: int) -> None:
    sessions = lines(feed(make_grouping(spec(length=length, step=min(step, length))), ["x"] * events))
    assert {line for session in sessions for line in session} == set(range(events))
    assert all(len(session) == min(length, events) for session in sessions)


def at(second: int) -> str:
    return f"2024-01-01T00:{second // 60:02}:{second % 60:02}"


def test_windows_of_time() -> None:
    made = make_grouping(spec(seconds=10))
    stamps = [None, at(1), at(5), at(11), None, at(40), at(49)]
    assert lines(feed(made, ["x"] * 7, list(stamps))) == [[0, 1, 2], [3, 4], [5, 6]]
    assert made.notes() == ["2 lines have no time stamp; they belong to the window that they stand in"]


def test_a_line_that_is_late_belongs_to_the_window_that_it_stands_in() -> None:
    made = make_grouping(spec(seconds=10))
    assert lines(feed(made, ["x"] * 5, [at(0), at(20), at(3), at(25), at(31)])) == [[0], [1, 2, 3], [4]]
    assert made.notes() == ["1 lines are older than the window that they stand in"]


def test_a_clock_that_was_set_back_begins_a_new_window() -> None:
    stamps: List[Optional[str]] = [at(1000), *(at(second) for second in range(40))]
    sessions = lines(feed(make_grouping(spec(seconds=10)), ["x"] * len(stamps), stamps))
    assert sorted(line for session in sessions for line in session) == list(range(41))
    assert [len(session) for session in sessions] == [16, 10, 10, 5]


@pytest.mark.parametrize(
    ("stamp", "seconds"),
    [
        ("1970-01-01T00:00:01.25", 1.25),
        ("1970-01-01T01:00:00+01:00", 0.0),
        ("1970-01-01T00:00:60Z", 59.0),
        ("1970-01-01 00:00:02,5", 2.5),
        ("yesterday", None),
        ("2024-02-30T00:00:00", None),
    ],
)
def test_seconds_of_stamps(stamp: str, seconds: Optional[float]) -> None:
    assert seconds_of(stamp) == seconds


def test_only_the_first_lines_texts_are_kept() -> None:
    (session,) = feed(make_grouping(spec(length=1000, step=1)), ["x" * 5000] * 300)
    assert len(session.words) == len(session.lines) == 300
    assert len(session.texts) == grouping.KEPT_LINES
    assert {len(text) for text in session.texts} == {grouping.KEPT_CHARACTERS}
