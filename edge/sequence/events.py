"""Ready event-id files: one session a line, the ids of its events separated by blanks."""

from __future__ import annotations

import re
from typing import Callable, List, NamedTuple, Optional

import numpy as np

from edge.errors import InputError
from edge.formats.records import Batch, Piece, Records, no_records
from edge.table.rows import field_spans, guess_delimiter, split_row

NAME = "events"
LABEL_NAMES = ("label", "labels")
_SEQUENCE_NAMES = frozenset({"sequence", "events", "eventsequence", "event_sequence", "eventids", "event_ids"})
_WORD = re.compile(r"\S+")


class _Columns(NamedTuple):
    """What a header says: how many columns there are, what parts them, and which hold the ids and the label."""

    number: int
    delimiter: str
    sequence: int
    label: Optional[int]


class EventsReader:
    """A record for each line but headers: its content are the ids, one blank between each two of them.

    A line is ``5 22 9``, or ``blk_7,5 22 9`` with the session's name before the comma. Below a header that names the
    columns (``Sequence,label``; it may come again where files were joined) it is a row of a table. What is none of
    these is unparsed. `labels` are those of the last batch; without a column for them, all are None.
    """

    name = NAME

    def __init__(self, where: str = "", label_column: Optional[str] = None) -> None:
        """`where` names the source in errors; `label_column` is not given, a column called label or labels is it."""
        self.labels: List[Optional[str]] = []
        self._where = where
        self._label_column = label_column
        self._columns: Optional[_Columns] = None
        self._begun = False

    def read(self, texts: List[str], first_line: int, offsets: np.ndarray) -> Batch:
        """A record for each line that is no header; an empty one is a session without events.

        Raises:
            InputError: there is no label column of the name that was asked for.
        """
        kept: List[int] = []
        spans: List[Optional[slice]] = []
        self.labels = []
        for index, text in enumerate(texts):
            if self._is_header(text):
                continue
            kept.append(index)
            label, span = self._take(text)
            self.labels.append(label)
            spans.append(span)
        return _batch([texts[index] for index in kept], spans, np.array(kept, np.int64), first_line, offsets)

    def finish(self) -> Batch:
        """None: no line waits for another."""
        return no_records()

    def notes(self) -> List[str]:
        """Nothing."""
        return []

    def _is_header(self, text: str) -> bool:
        if self._begun and self._columns is None:
            return False
        self._begun = self._begun or bool(text.strip())
        delimiter = guess_delimiter(text)
        names = [field.lower() for field in split_row(text, delimiter)]
        if _SEQUENCE_NAMES.isdisjoint(names):
            if self._columns is None and self._begun and self._label_column is not None:
                raise InputError(
                    f"its first line names no column {self._label_column!r}",
                    where=self._where,
                    mend="give a file that begins with a line such as Sequence,label",
                )
            return False
        sequence = next(place for place, name in enumerate(names) if name in _SEQUENCE_NAMES)
        wanted = LABEL_NAMES if self._label_column is None else (self._label_column.strip().lower(),)
        label = next((place for place, name in enumerate(names) if name in wanted and place != sequence), None)
        if label is None and self._label_column is not None:
            raise InputError(
                f"it has no column {self._label_column!r}; its columns are {', '.join(split_row(text, delimiter))}",
                where=self._where,
                mend="give --label-column one of them",
            )
        self._columns = _Columns(len(names), delimiter, sequence, label)
        return True

    def _take(self, text: str) -> tuple[Optional[str], Optional[slice]]:
        """A line's label, and where its ids stand; None for a line that does not fit."""
        if self._columns is not None:
            columns = self._columns
            spans = field_spans(text, columns.delimiter)
            if len(spans) != columns.number:
                return None, None
            start, end = spans[columns.sequence]
            if end - start >= 2 and text[start] == text[end - 1] == '"':
                start, end = start + 1, end - 1
            label = None if columns.label is None else split_row(text, columns.delimiter)[columns.label]
            return label, slice(start, end)
        comma = text.find(",")
        if comma < 0:
            return None, slice(0, len(text))
        # With a blank before the comma it is a row of a table whose header is missing: ids, and then a label.
        if text.find(",", comma + 1) >= 0 or len(text[:comma].split()) != 1:
            return None, None
        return None, slice(comma + 1, len(text))


def _batch(
    texts: List[str], spans: List[Optional[slice]], kept: np.ndarray, first_line: int, offsets: np.ndarray
) -> Batch:
    contents = [text if span is None else " ".join(text[span].split()) for text, span in zip(texts, spans)]
    starts = [0 if span is None else span.start for span in spans]

    def pieces(index: int) -> List[Piece]:
        span = spans[index]
        return [] if span is None else word_pieces(texts[index], span.start, span.stop)

    unparsed = np.fromiter((span is None for span in spans), np.bool_, len(spans))
    records = Records(texts, contents, starts, unparsed, _no_stamp, pieces)
    return Batch(records, first_line + kept, offsets[kept])


_no_stamp: Callable[[int], Optional[str]] = lambda _: None  # noqa: E731


def word_pieces(text: str, start: int, stop: int) -> List[Piece]:
    """Where the words of ``text[start:stop]`` stand in it, when the content is these words with a blank between."""
    pieces = []
    place = 0
    for match in _WORD.finditer(text, start, stop):
        first, last = match.span()
        pieces.append((place, place + last - first, first, last))
        place += last - first + 1
    return pieces
