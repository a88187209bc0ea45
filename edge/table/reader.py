"""Rows of a CSV file as records: their content are the wanted fields, found by the names of their columns."""

from __future__ import annotations

from typing import List, Optional, Sequence

import numpy as np

from edge.errors import InputError
from edge.formats.records import Batch, Piece, Records, no_records
from edge.table.names import find_columns
from edge.table.rows import field_spans, guess_delimiter, join_fields, split_row

NAME = "csv"
FAULT = "!"
"""What the content of a row begins with that has no fields to score; why not stands behind it."""

_TIME_NAMES = ("timestamp", "time", "date", "datetime")
_SHOWN_NAMES = 5


class CsvReader:
    """Feeds on a source whose first line names the columns, unless `header` does.

    The columns may stand in any order, and there may be more of them; a header that is repeated (as where files were
    joined) holds from there on. A row with another number of fields than the header is unparsed, and so is an empty
    line of a table with more than one column.
    """

    name = NAME

    def __init__(self, fields: Sequence[str], header: Optional[Sequence[str]], where: str) -> None:
        """`fields` are the wanted columns; `where` names the source in errors."""
        self._fields = list(fields)
        self._fixed = None if header is None else list(header)
        self._where = where
        self._delimiter = ""
        self._header: List[str] = []
        self._places: List[int] = []
        self._time: Optional[int] = None

    def read(self, texts: List[str], first_line: int, offsets: np.ndarray) -> Batch:
        """A record for each row.

        Raises:
            InputError: the source's header lacks a wanted column.
        """
        rows: List[int] = []
        contents: List[str] = []
        unparsed: List[bool] = []
        for index, text in enumerate(texts):
            if not self._header:
                if not text.strip():
                    continue
                if self._begin(text):
                    continue
            fields = split_row(text, self._delimiter)
            if len(fields) != len(self._header):
                if not text.strip():
                    continue
                contents.append(f"{FAULT}{len(fields)} fields where the header has {len(self._header)}")
                unparsed.append(True)
            elif self._is_header(fields):
                self._adopt(fields)
                continue
            else:
                contents.append(join_fields([fields[place] for place in self._places]))
                unparsed.append(False)
            rows.append(index)
        return self._batch(texts, rows, contents, unparsed, first_line, offsets)

    def finish(self) -> Batch:
        """None: no row waits for another."""
        return no_records()

    def _batch(
        self,
        texts: List[str],
        rows: List[int],
        contents: List[str],
        unparsed: List[bool],
        first_line: int,
        offsets: np.ndarray,
    ) -> Batch:
        shown = [texts[index] for index in rows]
        delimiter, time, places = self._delimiter, self._time, self._places

        def stamp(index: int) -> Optional[str]:
            return None if time is None else split_row(shown[index], delimiter)[time] or None

        def pieces(index: int) -> List[Piece]:
            spans = field_spans(shown[index], delimiter)
            found = []
            start = 0
            for place in places:
                end = start + len(split_row(shown[index], delimiter)[place])
                found.append((start, end, *spans[place]))
                start = end + 1
            return found

        records = Records(shown, contents, [0] * len(shown), np.array(unparsed, np.bool_), stamp, pieces)
        kept = np.array(rows, np.int64)
        return Batch(records, first_line + kept, offsets[kept])

    def _begin(self, text: str) -> bool:
        """Take the first line; whether it was a header."""
        self._delimiter = guess_delimiter(text)
        fields = split_row(text, self._delimiter)
        if self._fixed is not None and not self._is_header(fields):
            self._adopt(self._fixed)
            return False
        self._adopt(fields)
        return True

    def _is_header(self, fields: Sequence[str]) -> bool:
        """Whether the fields are names: the first wanted one and, where there are several, the last are among them."""
        ends = [self._fields[0], self._fields[-1]]
        return None not in find_columns(ends, fields)

    def _adopt(self, header: Sequence[str]) -> None:
        found = find_columns(self._fields, header)
        missing = [name for name, place in zip(self._fields, found) if place is None]
        if missing:
            shown = ", ".join(missing[:_SHOWN_NAMES]) + (", ..." if len(missing) > _SHOWN_NAMES else "")
            raise InputError(
                f"it has no column {shown}" if len(missing) == 1 else f"it lacks {len(missing)} columns: {shown}",
                where=self._where,
                mend="score rows with the features that the model was trained on; its first line must name them",
            )
        self._header = list(header)
        self._places = [place for place in found if place is not None]
        names = [name.strip().lower() for name in header]
        self._time = next((names.index(name) for name in _TIME_NAMES if name in names), None)
