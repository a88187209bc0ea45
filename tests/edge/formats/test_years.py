"""Years for stamps that have none."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import List, Optional

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.formats.years import YearTracker


def _years(months: List[int], tracker: Optional[YearTracker] = None) -> List[int]:
    if tracker is None:
        tracker = YearTracker(datetime(2024, 1, 1), 2000)
    return list(tracker.follow(np.array(months, np.int64)).tolist())


@pytest.mark.parametrize(
    ("reference", "month", "day", "year"),
    [
        (datetime(2006, 3, 1), 6, 9, 2005),
        (datetime(2006, 3, 1), 2, 28, 2006),
        (datetime(2006, 3, 1, 10), 3, 2, 2006),  # a day's grace
        (datetime(2006, 3, 1, 10), 3, 3, 2005),
        (datetime(2005, 12, 31, 20), 1, 1, 2006),  # the grace reaches into the next year
        (datetime(2006, 3, 1), 2, 29, 2004),  # the last year that had this day
        (datetime(1903, 3, 1), 2, 29, 1896),
        (datetime(2006, 3, 1), 2, 30, 2006),  # no year has it
        (datetime(2006, 3, 1, tzinfo=timezone.utc), 6, 9, 2005),
    ],
)
def test_the_first_year(reference: datetime, month: int, day: int, year: int) -> None:
    tracker = YearTracker(reference)
    assert not tracker.started
    tracker.start(month, day)
    assert tracker.started
    assert _years([month], tracker) == [year]


def test_a_given_year_needs_no_start() -> None:
    tracker = YearTracker(datetime(2006, 3, 1), 1999)
    assert tracker.started
    assert _years([6, 12, 1], tracker) == [1999, 1999, 2000]


@pytest.mark.parametrize(
    ("months", "years"),
    [
        ([6, 9, 12, 1, 2], [0, 0, 0, 1, 1]),
        ([11, 12, 1, 6, 12, 1], [0, 0, 1, 1, 1, 2]),
        ([12, 1, 12, 1, 12, 1, 2], [0, 1, 0, 1, 0, 1, 1]),  # two sources interleaved around midnight
        ([11, 1, 11, 12, 1], [0, 1, 0, 0, 1]),  # a board without a clock battery
        ([6, 5, 6], [0, 0, 0]),  # a step back of less than half a year is disorder
        ([1, 12, 1], [0, 0, 1]),  # nothing was logged between
        ([12, 1, 2, 12], [0, 1, 1, 1]),  # once the new year has gone on, it stays
    ],
)
def test_turns(months: List[int], years: List[int]) -> None:
    assert _years(months) == [2000 + year for year in years]


@given(st.lists(st.integers(1, 12), max_size=30), st.integers(1, 7))
def test_blocks_do_not_matter(months: List[int], size: int) -> None:
    tracker = YearTracker(datetime(2024, 1, 1), 2000)
    in_blocks = [year for i in range(0, len(months), size) for year in _years(months[i : i + size], tracker)]
    assert in_blocks == _years(months)
