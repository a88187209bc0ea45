from __future__ import annotations

from typing import List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.bench.latency import Bin, summarise
from edge.bench.plot import MOST_ROWS, WIDTH, can_show, histogram, line


def bins(*queries: int) -> List[Bin]:
    return [Bin(float(place), float(place + 1), count) for place, count in enumerate(queries, 1)]


def test_bars_are_as_long_as_their_share() -> None:
    rows = histogram(bins(80, 0, 40, 1), unicode=True)
    assert rows[0] == ("1 to 2", "80", "█" * WIDTH)
    assert rows[1] == ("2 to 3", "0", "")
    assert rows[2][2] == "█" * (WIDTH // 2)
    assert rows[3][2] == "▌", "half a character of forty for an eightieth"


def test_ascii_where_nothing_else_can_be_shown() -> None:
    rows = histogram(bins(80, 0, 40, 1), unicode=False)
    assert [bar for _, _, bar in rows] == ["#" * WIDTH, "", "#" * (WIDTH // 2), "#"]
    assert "".join(bar for row in rows for bar in row).isascii()
    assert can_show("utf-8")
    assert not can_show("ascii")
    assert not can_show("latin-1")
    assert not can_show("no such encoding")


@given(st.lists(st.integers(0, 10**15), min_size=1, max_size=30))
def test_however_wide_the_latencies_are_spread_the_rows_are_few(nanoseconds: List[int]) -> None:
    rows = histogram(summarise(nanoseconds).bins, unicode=True)
    assert len(rows) <= MOST_ROWS
    assert sum(int(queries.replace(",", "")) for _, queries, _ in rows) == len(nanoseconds)
    assert all(bool(bar) == (queries != "0") for _, queries, bar in rows)


@pytest.mark.parametrize(("unicode", "shown"), [(True, "▁▅█"), (False, "_+@")])
def test_a_line_goes_from_the_lowest_to_the_highest(unicode: bool, shown: str) -> None:
    assert line([10, 14, 18], unicode=unicode) == shown
    assert line([5, 5], unicode=True) == "▁▁"
    assert line([], unicode=True) == ""


def test_a_long_line_is_of_means() -> None:
    assert line([0, 0, 10, 10], unicode=True, width=2) == "▁█"
