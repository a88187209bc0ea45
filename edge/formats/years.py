"""Years for time stamps that have none."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Optional

import numpy as np

_GRACE = timedelta(days=1)
_HALF_A_YEAR = 6  # months
_LONGEST_SEARCH = 9  # years: February 29 may be eight years away (1896 to 1904)


class YearTracker:
    """Follows months through one source, in order, and tells the year of each."""

    def __init__(self, reference: datetime, year: Optional[int] = None) -> None:
        # Local time, as the stamps are; the grace covers a machine in another zone.
        self._reference = reference.replace(tzinfo=None)
        self._year = year
        self._month = 0
        self._turned = False

    @property
    def started(self) -> bool:
        """Whether the first stamp's year is known."""
        return self._year is not None

    def start(self, month: int, day: int) -> None:
        """Set the year of the first stamp: the latest that does not put it after the reference (with a day's grace)."""
        limit = self._reference + _GRACE
        for year in range(limit.year, max(limit.year - _LONGEST_SEARCH, 1), -1):
            try:
                if datetime(year, month, day) <= limit:
                    self._year = year
                    return
            except ValueError:
                continue
        self._year = limit.year

    def follow(self, months: np.ndarray) -> np.ndarray:
        """The years, int64 [n], of stamps in the `months` int64 [n] (1 to 12); `start` is called before.

        A step back over half a year (December to January) is a turn of the year. A step forward over half a year
        right after a turn takes it back: lines of two sources may be interleaved around midnight, and a board without
        a clock battery starts in January until the network tells it the time.
        """
        year = self._year if self._year is not None else self._reference.year
        years = np.full(len(months), year, np.int64)
        changes = np.flatnonzero(np.diff(months, prepend=self._month))
        for i in changes:
            month = int(months[i])
            step = month - self._month if self._month else 0
            if step < -_HALF_A_YEAR:
                year += 1
                self._turned = True
                years[i:] = year
            elif self._turned and step > _HALF_A_YEAR:
                year -= 1
                self._turned = False
                years[i:] = year
            elif step:
                self._turned = False
            self._month = month
        self._year = year
        return years
