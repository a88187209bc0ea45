"""Small plots of text; of ASCII alone where the terminal has no other characters."""

from __future__ import annotations

from typing import List, Sequence, Tuple

from edge.bench.latency import Bin

WIDTH = 40
MOST_ROWS = 16
_EIGHTHS = "▏▎▍▌▋▊▉█"
_HEIGHTS = "▁▂▃▄▅▆▇█"
_ASCII_HEIGHTS = "_.-=+*#@"
# Twentieths of a decade; the last ones are for latencies from nanoseconds to days.
_MERGED = (1, 2, 5, 10, 20, 40)


def can_show(encoding: str) -> bool:
    """Whether text of this encoding can hold the plots' characters."""
    try:
        (_EIGHTHS + _HEIGHTS + "µ°").encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def histogram(bins: Sequence[Bin], *, unicode: bool) -> List[Tuple[str, str, str]]:
    """Rows of a histogram with a logarithmic axis from top to bottom: latency in ms, queries, bar.

    Neighbouring bins are merged until there are few enough rows. A row that has any query has a bar.
    """
    merged = next(rows for rows in (_merge(bins, count) for count in _MERGED) if len(rows) <= MOST_ROWS)
    most = max(queries for _, _, queries in merged)
    return [
        (f"{start:.3g} to {stop:.3g}", f"{queries:,}", _bar(queries / most, unicode)) for start, stop, queries in merged
    ]


def line(values: Sequence[float], *, unicode: bool, width: int = 60) -> str:
    """The values as a row of heights between their lowest and highest, at most `width` of them, each a mean."""
    if not values:
        return ""
    groups = min(width, len(values))
    means = [
        sum(part) / len(part)
        for part in (values[i * len(values) // groups : (i + 1) * len(values) // groups] for i in range(groups))
    ]
    low, high = min(means), max(means)
    marks = _HEIGHTS if unicode else _ASCII_HEIGHTS
    span = (high - low) or 1.0
    return "".join(marks[min(int((value - low) / span * len(marks)), len(marks) - 1)] for value in means)


def _merge(bins: Sequence[Bin], count: int) -> List[Tuple[float, float, int]]:
    parts = [bins[start : start + count] for start in range(0, len(bins), count)]
    return [(part[0].from_ms, part[-1].to_ms, sum(one.queries for one in part)) for part in parts]


def _bar(share: float, unicode: bool) -> str:
    if not share:
        return ""
    if not unicode:
        return "#" * max(round(share * WIDTH), 1)
    eighths = max(round(share * WIDTH * 8), 1)
    return "█" * (eighths // 8) + (_EIGHTHS[eighths % 8 - 1] if eighths % 8 else "")
