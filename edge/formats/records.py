"""What reading gives: records as columns; and the protocols of formats and readers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, List, Optional, Protocol, Sequence, Tuple, TypeVar

import numpy as np

_T = TypeVar("_T")

Piece = Tuple[int, int, int, int]
"""A span of a content and the span of the text that it came from: ``(start, end, text start, text end)``."""


@dataclass(eq=False)
class Records:
    """One block of records, column by column, all of the same length n.

    `texts` are what a person is shown, `contents` what a detector sees. Without `pieces`, ``contents[i]`` is
    ``texts[i][starts[i]:]``; with them, ``pieces(i)`` says where the parts of that content stand in the text.
    `unparsed`, bool [n], marks the records that do not fit the format: their content is the whole text. `stamp`
    computes the time stamp of one record.
    """

    texts: List[str]
    contents: List[str]
    starts: List[int]
    unparsed: np.ndarray
    stamp: Callable[[int], Optional[str]]
    pieces: Optional[Callable[[int], List[Piece]]] = None

    def timestamp(self, index: int) -> Optional[str]:
        """When the record was written: ISO 8601, with an offset or ``Z`` if the line had one; None if not known.

        Computed when asked for, because only the records that are shown need it. A layout whose date is not
        understood gives it as written.
        """
        return None if self.unparsed[index] else self.stamp(index)

    def pieces_of(self, index: int) -> List[Piece]:
        """Where the parts of a record's content stand in its text."""
        if self.pieces is None or self.unparsed[index]:
            start, length = self.starts[index], len(self.contents[index])
            return [(0, length, start, start + length)]
        return self.pieces(index)

    def span_in_text(self, index: int, start: int, end: int) -> Tuple[int, int]:
        """Where the span of a record's content stands in its text.

        A span that reaches over several pieces becomes one from the first of them to the last; one that stands for
        nothing in the text is empty.
        """
        if self.pieces is None:
            shift = self.starts[index]
            return start + shift, end + shift
        found = [_within(piece, start, end) for piece in self.pieces_of(index) if piece[0] < end and start < piece[1]]
        if not found:
            return 0, 0
        return min(first for first, _ in found), max(last for _, last in found)


def _within(piece: Piece, start: int, end: int) -> Tuple[int, int]:
    """The part of the piece's text that a span of the content stands for; all of it where the lengths differ."""
    content_start, content_end, text_start, text_end = piece
    if content_end - content_start != text_end - text_start:
        return text_start, text_end
    shift = text_start - content_start
    return max(start, content_start) + shift, min(end, content_end) + shift


class Format(Protocol):
    """A format belongs to one source and is fed its texts in order, since a year may turn between two of them."""

    @property
    def name(self) -> str:
        """The format's name in a manifest and on the command line."""

    def parse(self, texts: List[str]) -> Records:
        """The records of `texts`, one for one; a line that does not fit is unparsed, never dropped."""


@dataclass(eq=False)
class Batch:
    """Records with the places that they begin at.

    `lines`, int64 [n], are line numbers from 1; `offsets`, int64 [n], bytes in the unpacked data. `members(i)` are the
    numbers of all lines of a record; without it, each has one.
    """

    records: Records
    lines: np.ndarray
    offsets: np.ndarray
    members: Optional[Callable[[int], List[int]]] = None

    def __len__(self) -> int:
        return len(self.records.contents)

    def lines_of(self, index: int) -> List[int]:
        """The numbers of a record's lines, from 1."""
        return [int(self.lines[index])] if self.members is None else self.members(index)


class Reader(Protocol):
    """Makes records of one source's lines, which are fed in order; not every line is a record, nor each record one.

    `name` is that of the format that the lines are in.
    """

    @property
    def name(self) -> str:
        """The format's name."""

    def read(self, texts: List[str], first_line: int, offsets: np.ndarray) -> Batch:
        """The records that end in these lines; `first_line` and `offsets` say where the lines are."""

    def finish(self) -> Batch:
        """The records that only the end of the source ends."""

    def notes(self) -> List[str]:
        """What a person should know of how the source was read, at its end."""


class LineReader:
    """A reader for the formats in which each line is a record."""

    def __init__(self, line_format: Format) -> None:
        self._format = line_format

    @property
    def name(self) -> str:
        """The format's name."""
        return self._format.name

    def read(self, texts: List[str], first_line: int, offsets: np.ndarray) -> Batch:
        """A record for each line."""
        return Batch(self._format.parse(texts), np.arange(first_line, first_line + len(texts)), offsets)

    def finish(self) -> Batch:
        """None: no line waits for another."""
        return no_records()

    def notes(self) -> List[str]:
        """Nothing."""
        return []


def no_records() -> Batch:
    """A batch without a record."""
    nowhere = np.zeros(0, np.int64)
    return Batch(whole_texts([], False, lambda _: None), nowhere, nowhere)


def whole_texts(texts: List[str], unparsed: bool, stamp: Callable[[int], Optional[str]]) -> Records:
    """Records whose contents are their texts."""
    return Records(texts, texts, [0] * len(texts), np.full(len(texts), unparsed), stamp)


def read_all(reader: Reader, texts: Sequence[str]) -> Batch:
    """The records of a whole source that is in memory; offsets count characters."""
    sizes = np.fromiter((len(text) + 1 for text in texts), np.int64, len(texts))
    first = reader.read(list(texts), 1, np.cumsum(sizes) - sizes)
    return join_batches(first, reader.finish())


def join_batches(first: Batch, second: Batch) -> Batch:
    """Two batches of one source as one."""
    if not len(second):
        return first
    if not len(first):
        return second
    count = len(first)
    one, other = first.records, second.records

    def at(index: int, of_one: Callable[[int], _T], of_other: Callable[[int], _T]) -> _T:
        return of_one(index) if index < count else of_other(index - count)

    records = Records(
        one.texts + other.texts,
        one.contents + other.contents,
        one.starts + other.starts,
        np.concatenate([one.unparsed, other.unparsed]),
        lambda index: at(index, one.stamp, other.stamp),
        lambda index: at(index, one.pieces_of, other.pieces_of),
    )
    return Batch(
        records,
        np.concatenate([first.lines, second.lines]),
        np.concatenate([first.offsets, second.offsets]),
        lambda index: at(index, first.lines_of, second.lines_of),
    )
