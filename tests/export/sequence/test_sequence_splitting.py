"""Labelled sessions of lines, cut in time."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.bundle.preprocessing import FormatSpec
from edge.errors import TooLittleDataError
from edge.sequence.reader import window_starts
from export.dataset import LogData
from export.sequence.splitting import LABELLED_SHARES, split_by_time

SPEC = FormatSpec(name="requests", layout=None, fields=None, header=None, skip_characters=0)
Members = list["array[int]"]


def sessions(lines: int, length: int, step: int, odd: range) -> tuple[LogData, Members]:
    """Windows over so many lines, those that hold a line of `odd` anomalous."""
    members = [array("q", range(start, start + length)) for start in window_starts(lines, length, step)]
    data = LogData(SPEC)
    for own in members:
        data.lines.append(f"{own[0]}")
        data.contents.append(" ".join(map(str, own)))
        data.stamps.append(None)
        data.kinds.append("scan" if set(own) & set(odd) else "")
    return data, members


@given(st.integers(300, 600), st.integers(1, 20), st.integers(1, 20))
def test_no_line_is_in_two_parts(lines: int, length: int, step: int) -> None:
    data, members = sessions(lines, length, min(step, length), range(0, 200, 1))
    said: list[str] = []
    try:
        parts = split_by_time(data, members, (0.8, 0.1, 0.1), say=said.append)
    except TooLittleDataError:
        return
    seen = [{int(word) for content in part.contents for word in content.split()} for part in parts]
    assert not seen[0] & seen[1]
    assert not seen[0] & seen[2]
    assert not seen[1] & seen[2]
    assert max(seen[0]) < min(seen[1])
    left_out = len(data) - sum(map(len, parts))
    assert bool(left_out) == bool(said)
    assert left_out <= 2 * length


def test_windows_that_reach_over_a_cut_are_left_out_and_counted() -> None:
    data, members = sessions(1009, 10, 1, range(100, 150))
    said: list[str] = []
    parts = split_by_time(data, members, LABELLED_SHARES, say=said.append)
    assert [len(part) for part in parts] == [800, 91, 91]
    assert said == ["18 sessions share lines with an earlier part, and are left out"]


def test_sessions_that_share_no_line_are_all_kept() -> None:
    data, members = sessions(1000, 10, 10, range(200))
    said: list[str] = []
    parts = split_by_time(data, members, LABELLED_SHARES, say=said.append)
    assert ([len(part) for part in parts], said) == ([80, 10, 10], [])


@pytest.mark.parametrize(
    ("odd", "shares", "message"),
    [
        (range(0), LABELLED_SHARES, "0 anomalous sessions are there to learn from, 10 are needed"),
        (range(900, 1000), LABELLED_SHARES, "0 anomalous sessions are there to learn from"),
        (range(1000), LABELLED_SHARES, "0 normal sessions are there to learn from"),
        (range(0, 1000, 200), LABELLED_SHARES, "4 anomalous sessions are there to learn from"),
        (range(200), (0.9, 0.05, 0.05), "5 normal sessions are there to get p-values from"),
    ],
)
def test_too_few_of_a_class(odd: range, shares: tuple[float, float, float], message: str) -> None:
    data, members = sessions(1000, 10, 10, odd)
    with pytest.raises(TooLittleDataError, match=message) as caught:
        split_by_time(data, members, shares, say=print)
    assert caught.value.mend
