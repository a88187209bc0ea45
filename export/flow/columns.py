"""Which columns of a table are features, and what a table's values are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.bundle.preprocessing import Feature
from edge.errors import InputError
from edge.table.names import find_columns, meaning

# Who talks to whom, and when, tells the attacks of one data set apart and nothing else. See `docs/detectors/flow.md`.
_IDENTITIES = (
    *("id", "no", "index", "unnamed 0", "uid", "flow id", "timestamp", "time", "date", "datetime", "stime", "ltime"),
    *(f"{side} {what}" for side in ("src", "dst") for what in ("ip", "port", "mac", "address", "ip address")),
    *("srcip", "dstip", "saddr", "daddr", "sport", "dport", "dsport", "srcport", "dstport", "simillar http"),
)
LABEL_NAMES = ("label", "class", "attack")
_VERDICTS = (*LABEL_NAMES, "labels", "attack cat", "attack category", "attempted category", "attack type", "difficulty")
_NEVER_FEATURES = frozenset(meaning(name) for name in (*_IDENTITIES, *_VERDICTS))

MOST_VALUES = 256
"""A text column with more different values names things; it is no category."""

MOST_CATEGORIES = 64
LEAST_ROWS_OF_A_CATEGORY = 10


def label_column(header: Sequence[str], rows: Sequence[Sequence[str]], asked: str | None, where: str) -> str | None:
    """The name of the column that holds labels, None when there is none.

    It is the one that was asked for, or one that is called label, class or attack, or the last one if it is the only
    column of text (identities aside) in `rows`, the first few of the table.

    Raises:
        InputError: there is no such column as was asked for.
    """
    if asked is not None:
        place = find_columns([asked], header)[0]
        if place is None:
            raise InputError(
                f"it has no column {asked}", where=where, mend=f"--label-column is one of {', '.join(header)}"
            )
        return header[place]
    by_name = next((place for place in find_columns(LABEL_NAMES, header) if place is not None), None)
    if by_name is not None:
        return header[by_name]
    others = [place for place, name in enumerate(header) if meaning(name) not in _NEVER_FEATURES]
    text = [place for place in others if rows and not any(is_number(row[place]) for row in rows if place < len(row))]
    return header[-1] if text == [len(header) - 1] else None


def candidates(header: Sequence[str], label: str | None, asked: Sequence[str] | None, where: str) -> list[str]:
    """The columns that may be features: those that were asked for, or all but identities, times and verdicts.

    Raises:
        InputError: a column that was asked for is missing, or none is left.
    """
    if asked is not None:
        found = find_columns(asked, header)
        missing = [name for name, place in zip(asked, found, strict=True) if place is None]
        if missing:
            raise InputError(
                f"it has no column {', '.join(missing)}", where=where, mend=f"--fields are some of {', '.join(header)}"
            )
        chosen = [header[place] for place in found if place is not None]
    else:
        chosen = [name for name in header if name and meaning(name) not in _NEVER_FEATURES]
    chosen = [name for name in dict.fromkeys(chosen) if name != label]
    if not chosen:
        raise InputError(
            f"no column is left to be a feature; its first line has {', '.join(header)[:200]!r}",
            where=where,
            mend="that line must name the columns, or --header; --fields names those to look at",
        )
    return chosen


@dataclass(frozen=True)
class Column:
    """A column's values: `numbers`, float32 [rows], NaN or infinite where there is none, or None for text.

    `word` is its first value that is neither empty nor a number.
    """

    name: str
    numbers: np.ndarray | None
    distinct: int
    word: str | None = None

    @property
    def bad(self) -> int:
        """How many rows have no finite number here."""
        return 0 if self.numbers is None else int(np.count_nonzero(~np.isfinite(self.numbers)))


def read_column(name: str, values: Sequence[str]) -> Column:
    """A column of numbers where at least half of what is not empty is a number, one of text otherwise."""
    distinct = set(values)
    known = {text: float(text) if is_number(text) else np.nan for text in distinct}
    words = {text for text in distinct if text and not is_number(text)}
    filled = sum(1 for text in values if text)
    wordy = sum(1 for text in values if text in words) if words else 0
    word = next((text for text in values if text in words), None) if words else None
    if wordy * 2 > filled:
        return Column(name, None, len(distinct), word)
    with np.errstate(over="ignore"):
        numbers = np.array([known[text] for text in values], np.float64).astype(np.float32)
    return Column(name, numbers, len(distinct), word)


def is_number(text: str) -> bool:
    """Whether the device reads a number there, be it infinite."""
    if "_" in text:
        return False
    try:
        float(text)
    except ValueError:
        return False
    return True


def feature_of(name: str, values: Sequence[str]) -> Feature | None:
    """The feature that a column becomes; None for text of which no value is frequent enough to learn from.

    A text's categories are its most frequent values, in alphabetical order.
    """
    if all(map(is_number, set(values))):
        return Feature(name=name, categories=None)
    frequent = Counter(values).most_common(MOST_CATEGORIES)
    categories = sorted(text for text, count in frequent if count >= LEAST_ROWS_OF_A_CATEGORY)
    return Feature(name=name, categories=categories) if categories else None
