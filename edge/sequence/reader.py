"""Readers that put records together to sessions, or cut sessions into windows."""

from __future__ import annotations

from functools import partial
from typing import List, NamedTuple, Optional, Sequence

import numpy as np

from edge.bundle.preprocessing import SessionSpec
from edge.files.lines import BLOCK_LINES
from edge.formats.records import Batch, Piece, Reader, Records, no_records
from edge.sequence.grouping import Event, Session, make_grouping
from edge.sequence.words import Words

_BETWEEN = " | "
_LEAST_LINES = 256


class Sessions(NamedTuple):
    """How records are put together to sessions, and what they are there; ready ones (``events``) need no `words`."""

    spec: SessionSpec
    words: Optional[Words]


def lines_at_once(sessions: Optional[Sessions]) -> int:
    """How many lines of a source to read at once.

    Windows that overlap hold each line several times, so a block of windows has about as many rows as a block of lines.
    """
    if sessions is None or sessions.spec.length is None:
        return BLOCK_LINES
    share = BLOCK_LINES * (sessions.spec.step or 1) // sessions.spec.length
    return min(max(share, _LEAST_LINES), BLOCK_LINES)


class SessionReader:
    """Sessions of another reader's records; their content are the words of these, one blank between each two.

    A session is given when it ends. Its text is its key and its lines, so that a person sees which line an odd word
    is; its line, offset and time stamp are those of its first line, and its members all of its lines.
    """

    def __init__(self, lines: Reader, spec: SessionSpec, words: Words) -> None:
        """Raise `FormatError` for a key that is no pattern with one group."""
        self._reader = lines
        self._words = words
        self._grouping = make_grouping(spec)
        self._seen = self._unparsed = 0

    @property
    def name(self) -> str:
        """The name of the lines' format."""
        return self._reader.name

    def read(self, texts: List[str], first_line: int, offsets: np.ndarray) -> Batch:
        """The sessions that end in these lines."""
        return _to_batch(self.group(self._reader.read(texts, first_line, offsets)))

    def finish(self) -> Batch:
        """The sessions that only the end of the source ends."""
        return _to_batch([*self.group(self._reader.finish()), *self._grouping.finish()])

    def notes(self) -> List[str]:
        """What a person should know of the sessions of this source."""
        unparsed = f"{self._unparsed:,} of {self._seen:,} lines are not in the format {self.name}"
        return [*self._reader.notes(), *([unparsed] if self._unparsed else []), *self._grouping.notes()]

    def group(self, batch: Batch) -> List[Session]:
        """The sessions that end in these records."""
        records = batch.records
        ended: List[Session] = []
        self._seen += len(batch)
        self._unparsed += int(np.count_nonzero(records.unparsed))
        words = self._words.words(records.contents)
        places = zip(words, batch.lines.tolist(), batch.offsets.tolist(), records.texts, records.contents)
        for index, (word, line, offset, text, content) in enumerate(places):
            ended += self._grouping.add(Event(word, line, offset, text, content, partial(records.timestamp, index)))
        return ended


def _to_batch(sessions: Sequence[Session]) -> Batch:
    if not sessions:
        return no_records()
    records = Records(
        [_text(session) for session in sessions],
        [" ".join(session.words) for session in sessions],
        [0] * len(sessions),
        np.zeros(len(sessions), np.bool_),
        lambda index: sessions[index].stamp,
        lambda index: _pieces(sessions[index]),
    )
    return Batch(
        records,
        np.array([session.lines[0] for session in sessions], np.int64),
        np.array([session.offset for session in sessions], np.int64),
        lambda index: list(sessions[index].lines),
    )


def _text(session: Session) -> str:
    head = f"{session.key}: " if session.key else ""
    more = len(session.words) - len(session.texts)
    tail = f"{_BETWEEN}... and {more:,} more lines" if more else ""
    return head + _BETWEEN.join(session.texts) + tail


def _pieces(session: Session) -> List[Piece]:
    """Each word stands for its line, as far as the lines were kept."""
    pieces = []
    content = 0
    start = len(session.key) + 2 if session.key else 0
    for word, text in zip(session.words, session.texts):
        pieces.append((content, content + len(word), start, start + len(text)))
        content += len(word) + 1
        start += len(text) + len(_BETWEEN)
    return pieces


class WindowReader:
    """Sliding windows over the sessions of ready event-id files: several records of one line.

    A window has `length` events, the next one begins `step` events later, and the last one ends where the session
    does; a session with fewer events is one window.
    """

    def __init__(self, sessions: Reader, length: int, step: int) -> None:
        self._reader = sessions
        self._length = length
        self._step = min(step, length)

    @property
    def name(self) -> str:
        """The name of the sessions' format."""
        return self._reader.name

    def read(self, texts: List[str], first_line: int, offsets: np.ndarray) -> Batch:
        """The windows of these lines."""
        return self.cut(self._reader.read(texts, first_line, offsets))[0]

    def finish(self) -> Batch:
        """The windows of what the end of the source ends."""
        return self.cut(self._reader.finish())[0]

    def notes(self) -> List[str]:
        """Those of the sessions."""
        return self._reader.notes()

    def cut(self, batch: Batch) -> tuple[Batch, List[int]]:
        """The windows of the batch's sessions, and for each of them which session it is of."""
        contents: List[str] = []
        owners: List[int] = []
        shifts: List[int] = []
        for owner, content in enumerate(batch.records.contents):
            words = content.split(" ") if len(content) else []
            places = np.cumsum([0, *(len(word) + 1 for word in words)]).tolist()
            for start in window_starts(len(words), self._length, self._step):
                contents.append(" ".join(words[start : start + self._length]))
                owners.append(owner)
                shifts.append(places[start])
        return _of_owners(batch, contents, owners, shifts), owners


def _of_owners(batch: Batch, contents: List[str], owners: List[int], shifts: List[int]) -> Batch:
    whole = batch.records
    places = np.array(owners, np.int64)

    def pieces(index: int) -> List[Piece]:
        shift, length = shifts[index], len(contents[index])
        return [
            (start - shift, end - shift, first, last)
            for start, end, first, last in whole.pieces_of(owners[index])
            if start >= shift and end <= shift + length
        ]

    records = Records(
        [whole.texts[owner] for owner in owners],
        contents,
        [0] * len(owners),
        whole.unparsed[places] if len(owners) else np.zeros(0, np.bool_),
        lambda index: whole.stamp(owners[index]),
        pieces,
    )
    return Batch(records, batch.lines[places], batch.offsets[places], lambda index: batch.lines_of(owners[index]))


def window_starts(events: int, length: int, step: int) -> List[int]:
    """Where the windows over so many events begin; the last one ends with them."""
    if events <= length:
        return [0]
    starts = list(range(0, events - length + 1, step))
    return starts if starts[-1] == events - length else [*starts, events - length]
