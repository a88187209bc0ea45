"""Lists in sentences: the first few, and how many there are besides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

_SHOWN = 8


def some(names: Sequence[str]) -> str:
    """The first few of the names, and how many there are besides; an empty text where there are none."""
    shown = ", ".join(names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else shown


def commonest(counts: Mapping[str, int]) -> str:
    """As `some`, the commonest labels with their counts, equal ones in their order; in quotes, as they hold blanks."""
    return some([f"{label!r} ({count:,})" for label, count in Counter(counts).most_common()])
