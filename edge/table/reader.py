"""Rows of a CSV file as records: their content are the wanted fields, found by the names of their columns."""

from __future__ import annotations

from collections import Counter
from typing import List, NamedTuple, Optional, Sequence

import numpy as np

from edge.errors import InputError
from edge.formats.records import Batch, Piece, Records, no_records
from edge.formats.stamps import to_iso
from edge.table.names import find_columns
from edge.table.rows import field_spans, guess_delimiter, join_fields, split_row

NAME = "csv"
FAULT = "\n"
"""What the content of a row begins with that has no fields to score, and no other: why not stands behind it."""

_TIME_NAMES = ("timestamp", "time", "date", "datetime")
_SHOWN_NAMES = 5
_LOOKED_AT = 100
_NUMBER_BEGINS = frozenset("0123456789+-.")


class _Columns(NamedTuple):
    """What a header says: how many columns there are, where the wanted ones stand, and where the time does."""

    width: int
    places: List[int]
    time: Optional[int]


class CsvReader:
    """Feeds on a source whose first line names the columns, unless `header` does.

    The columns may stand in any order, and there may be more of them; a header that is repeated (as where files were
    joined) holds from there on. A file without a header of its own may lack the last columns of `header` (labels, say)
    that are not wanted. A row with another number of fields than the header is unparsed; empty lines are passed over.
    """

    name = NAME

    def __init__(self, fields: Sequence[str], header: Optional[Sequence[str]], where: str) -> None:
        """`fields` are the wanted columns; `where` names the source in errors."""
        self._fields = list(fields)
        self._fixed = None if header is None else list(header)
        self._where = where
        self._delimiter = ""
        self._columns = _Columns(0, [], None)

    def read(self, texts: List[str], first_line: int, offsets: np.ndarray) -> Batch:
        """A record for each row.

        Raises:
            InputError: the source's header lacks a wanted column.
        """
        rows: List[int] = []
        contents: List[str] = []
        unparsed: List[bool] = []
        columns: List[_Columns] = []
        for index, text in enumerate(texts):
            if not text.strip():
                continue
            if not self._columns.width and self._begin(texts[index : index + _LOOKED_AT]):
                continue
            fields = split_row(text, self._delimiter)
            if self._is_header(fields):
                self._columns = self._find(fields)
                continue
            ragged = len(fields) != self._columns.width
            if ragged:
                counted = "1 field" if len(fields) == 1 else f"{len(fields)} fields"
                contents.append(f"{FAULT}the row has {counted} where the header has {self._columns.width}")
            else:
                contents.append(join_fields([fields[place] for place in self._columns.places]))
            unparsed.append(ragged)
            rows.append(index)
            columns.append(self._columns)
        shown = [texts[index] for index in rows]
        kept = np.array(rows, np.int64)
        records = _records(shown, contents, np.array(unparsed, np.bool_), columns, self._delimiter)
        return Batch(records, first_line + kept, offsets[kept])

    def finish(self) -> Batch:
        """None: no row waits for another."""
        return no_records()

    def notes(self) -> List[str]:
        """Nothing."""
        return []

    def _begin(self, texts: Sequence[str]) -> bool:
        """Take the first line; whether it was a header."""
        self._delimiter = guess_delimiter(texts[0])
        fields = split_row(texts[0], self._delimiter)
        if self._fixed is None or self._names_columns(fields):
            self._columns = self._find(fields)
            return True
        widths = Counter(len(split_row(text, self._delimiter)) for text in texts if text.strip())
        self._columns = self._find(self._fixed[: widths.most_common(1)[0][0]])
        return False

    def _is_header(self, fields: Sequence[str]) -> bool:
        """Whether a row repeats the header, maybe another one."""
        # Nearly all rows are told by their first and last wanted fields, which are numbers.
        for place in (self._columns.places[0], self._columns.places[-1]):
            if place < len(fields) and fields[place][:1] in _NUMBER_BEGINS:
                return False
        return self._names_columns(fields)

    def _names_columns(self, fields: Sequence[str]) -> bool:
        """Whether the first and the last of the wanted columns are among the fields."""
        return None not in find_columns([self._fields[0], self._fields[-1]], fields)

    def _find(self, header: Sequence[str]) -> _Columns:
        found = find_columns(self._fields, header)
        missing = [name for name, place in zip(self._fields, found) if place is None]
        if missing:
            shown = ", ".join(missing[:_SHOWN_NAMES]) + (", ..." if len(missing) > _SHOWN_NAMES else "")
            raise InputError(
                f"it has no column {shown}" if len(missing) == 1 else f"it lacks {len(missing)} columns: {shown}",
                where=self._where,
                mend="give rows with all columns that are asked for; the first line must name them",
            )
        return _Columns(len(header), [place for place in found if place is not None], time_column(header))


def time_column(header: Sequence[str]) -> Optional[int]:
    """Where the time stamps of a table stand, None where no column has such a name."""
    names = [name.strip().lower() for name in header]
    return next((names.index(name) for name in _TIME_NAMES if name in names), None)


def _records(
    texts: List[str], contents: List[str], unparsed: np.ndarray, columns: Sequence[_Columns], delimiter: str
) -> Records:
    def stamp(index: int) -> Optional[str]:
        time = columns[index].time
        if time is None:
            return None
        written = split_row(texts[index], delimiter)[time]
        return to_iso(written) or written or None

    def pieces(index: int) -> List[Piece]:
        spans = field_spans(texts[index], delimiter)
        fields = split_row(texts[index], delimiter)
        found = []
        start = 0
        for place in columns[index].places:
            end = start + len(fields[place])
            found.append((start, end, *spans[place]))
            start = end + 1
        return found

    return Records(texts, contents, [0] * len(texts), unparsed, stamp, pieces)
