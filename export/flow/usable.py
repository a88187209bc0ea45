"""Which columns and rows of a table can be learnt from, and what is said of the others."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from export.flow.columns import MOST_VALUES, Column
from export.listing import some

Say = Callable[[str], None]
# The comma of a field became a blank when it was read, see `edge.table.rows.join_fields`.
_WITH_COMMA = re.compile(r"[-+]?\d+ \d+(?:[eE][-+]?\d+)?")


def usable(columns: Sequence[Column], rows: int, say: Say) -> list[Column]:
    """The columns without those that are no features: names of things, and what is missing in most rows."""
    commas = [column.name for column in columns if column.word is not None and _WITH_COMMA.fullmatch(column.word)]
    if commas:
        say(f"{some(commas)}: numbers with a comma in them, which are not read as numbers; write 3.5 for 3,5")
    naming = [column.name for column in columns if column.numbers is None and column.distinct > MOST_VALUES]
    if naming:
        say(f"{some(naming)}: more than {MOST_VALUES} different texts, no feature")
    empty = [column.name for column in columns if 2 * column.bad > rows]
    if empty:
        say(f"{some(empty)}: no finite number in most rows, no feature")
    left_out = {*naming, *empty}
    return [column for column in columns if column.name not in left_out]


def scorable(columns: Sequence[Column], rows: int, say: Say) -> np.ndarray:
    """int64 [kept]: the rows that have a finite number in each column of numbers."""
    good = np.ones(rows, np.bool_)
    for column in columns:
        if column.numbers is not None:
            good &= np.isfinite(column.numbers)
    if not good.all():
        named = [_how_bad(column) for column in columns if column.bad]
        lost = rows - int(good.sum())
        say(f"{lost:,} of {rows:,} rows have missing or infinite values, and are left out: {some(named)}")
    return np.flatnonzero(good)


def _how_bad(column: Column) -> str:
    return f"{column.name} {column.bad:,}" + (f" (such as {column.word[:40]!r})" if column.word else "")


def never_vary(columns: Sequence[Column], kept: np.ndarray, *, drop: bool, say: Say) -> frozenset[str]:
    """The names of the columns to leave out, if they are to be dropped, because all rows have the same there."""
    constant = [column.name for column in columns if _is_constant(column, kept)]
    if constant and drop:
        say(f"{some(constant)}: the same in all rows, left out")
    elif constant:
        say(f"{some(constant)}: the same in all rows, so nothing is learnt but that another value is odd")
    return frozenset(constant if drop else ())


def _is_constant(column: Column, kept: np.ndarray) -> bool:
    if column.numbers is None:
        return column.distinct == 1
    numbers = column.numbers[kept]
    return bool(len(numbers)) and bool((numbers == numbers[0]).all())
