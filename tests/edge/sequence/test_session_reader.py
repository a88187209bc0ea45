"""Lines to sessions, and sessions to windows."""

from __future__ import annotations

from datetime import datetime
from typing import Any, List, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from edge.bundle.preprocessing import FormatSpec, SessionSpec
from edge.errors import FormatError
from edge.formats.plain import PlainFormat
from edge.formats.records import Batch, LineReader, Reader, read_all
from edge.reading import make_reader
from edge.sequence.reader import SessionReader, Sessions, WindowReader, lines_at_once, window_starts

PLAIN = FormatSpec(name="plain", layout=None, fields=None, header=None, skip_characters=0)
EVENTS = FormatSpec(name="events", layout=None, fields=None, header=None, skip_characters=0)
BY_KEY = SessionSpec(key=r"job=(\w+)", idle_records=100, length=None, step=None, seconds=None)
LINES = ["start job=a", "start job=b", "copy job=a", "noise", "stop job=a"]


def windows(length: int, step: int) -> SessionSpec:
    return SessionSpec(key=None, idle_records=None, length=length, step=step, seconds=None)


def wrap_windows(sessions: Reader) -> Reader:
    return WindowReader(sessions, 3, 3)


class FirstWords:
    """Events by a line's first word."""

    def words(self, contents: Sequence[str]) -> List[str]:
        return [{"start": "1", "copy": "2", "stop": "3"}.get(content.split(" ")[0], "new") for content in contents]


def read(lines: Sequence[str], spec: SessionSpec, line_format: FormatSpec = PLAIN) -> Batch:
    events = None if line_format is EVENTS else FirstWords()
    return read_all(make_reader(line_format, reference=datetime(2024, 1, 1), sessions=Sessions(spec, events)), lines)


def test_a_session_is_its_events() -> None:
    batch = read(LINES, BY_KEY)
    assert batch.records.contents == ["new", "1 2 3", "1"]
    assert batch.records.texts == ["noise", "a: start job=a | copy job=a | stop job=a", "b: start job=b"]
    assert batch.lines.tolist() == [4, 1, 2]
    assert batch.offsets.tolist() == [35, 0, 12]
    assert [batch.lines_of(place) for place in range(3)] == [[4], [1, 3, 5], [2]]


def test_an_odd_event_is_shown_as_its_line() -> None:
    records = read(LINES, BY_KEY).records
    start, end = records.span_in_text(1, 2, 3)
    assert records.contents[1][2:3] == "2"
    assert records.texts[1][start:end] == "copy job=a"


def test_time_stamps_are_those_of_the_first_lines() -> None:
    batch = read(["2024-01-01 00:00:01 start job=a", "2024-01-01 00:00:05 stop job=a"], BY_KEY)
    assert batch.records.timestamp(0) == "2024-01-01T00:00:01"


@pytest.mark.parametrize("cut", range(len(LINES) + 1))
def test_blocks_make_no_difference(cut: int) -> None:
    reader = make_reader(PLAIN, reference=datetime(2024, 1, 1), sessions=Sessions(BY_KEY, FirstWords()))
    offsets = np.cumsum([0, *(len(line) + 1 for line in LINES[:-1])])
    found = []
    for batch in (
        reader.read(LINES[:cut], 1, offsets[:cut]),
        reader.read(LINES[cut:], cut + 1, offsets[cut:]),
        reader.finish(),
    ):
        places = range(len(batch))
        found += [(batch.records.texts[i], batch.records.contents[i], batch.lines_of(i)) for i in places]
    whole = read(LINES, BY_KEY)
    expected = [(whole.records.texts[i], whole.records.contents[i], whole.lines_of(i)) for i in range(len(whole))]
    assert found == expected


def test_of_a_very_long_session_the_beginning_is_shown_and_all_is_content() -> None:
    batch = read(["start job=a"] * 100_000, BY_KEY)
    assert batch.records.contents == [" ".join(["1"] * 100_000)]
    assert batch.records.texts[0].endswith(" | ... and 99,744 more lines")
    assert batch.records.span_in_text(0, 199_998, 199_999) == (0, 0)


def test_ready_sessions_are_cut_into_windows() -> None:
    batch = read(["k,1  2 3 4", "9"], windows(3, 2), EVENTS)
    assert batch.records.contents == ["1 2 3", "2 3 4", "9"]
    assert batch.lines.tolist() == [1, 1, 2]
    assert [batch.records.span_in_text(1, 0, 1), batch.records.span_in_text(1, 4, 5)] == [(5, 6), (9, 10)]


@given(st.integers(0, 60), st.integers(1, 9), st.integers(1, 9))
def test_windows_cover_all_events(events: int, length: int, step: int) -> None:
    starts = window_starts(events, length, min(step, length))
    covered = {place for start in starts for place in range(start, min(start + length, events))}
    assert covered == set(range(events))


def test_what_cannot_be_made_is_said() -> None:
    with pytest.raises(FormatError, match="can only be cut into windows"):
        read(["1 2"], BY_KEY, EVENTS)
    with pytest.raises(FormatError, match="need a log dictionary"):
        make_reader(PLAIN, reference=datetime(2024, 1, 1), sessions=Sessions(BY_KEY, None))


def test_notes_are_those_of_the_sessions_and_of_what_they_are_made_of() -> None:
    reader = make_reader(PLAIN, reference=datetime(2024, 1, 1), sessions=Sessions(BY_KEY, FirstWords()))
    read_all(reader, LINES)
    assert reader.name == "plain"
    assert reader.notes() == ["1 of 5 lines hold no session key; each is a session by itself"]


class Talkative(LineReader):
    """Has something to say."""

    def notes(self) -> List[str]:
        return ["a note"]


@pytest.mark.parametrize("made", [lambda lines: SessionReader(lines, windows(3, 3), FirstWords()), wrap_windows])
def test_notes_of_the_inner_reader_are_passed_on(made: Any) -> None:
    assert made(Talkative(PlainFormat())).notes() == ["a note"]


def test_other_readers_have_nothing_to_say() -> None:
    for spec in (PLAIN, EVENTS, replace(PLAIN, name="csv", fields=["a"])):
        reader = make_reader(spec, reference=datetime(2024, 1, 1))
        read_all(reader, ["a", "1"])
        assert reader.notes() == []


@pytest.mark.parametrize(
    ("spec", "lines"),
    [
        (BY_KEY, 8192),
        (windows(10, 10), 8192),
        (windows(10, 20), 8192),
        (windows(10, 5), 4096),
        (windows(16, 1), 512),
        (windows(100, 1), 256),
    ],
)
def test_windows_that_overlap_are_read_from_fewer_lines(spec: SessionSpec, lines: int) -> None:
    assert lines_at_once(Sessions(spec, FirstWords())) == lines
    assert lines_at_once(None) == 8192
