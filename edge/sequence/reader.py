"""Readers that put records together to sessions, or cut sessions into windows."""

from __future__ import annotations

from functools import partial
from typing import List, NamedTuple, Optional, Protocol, Sequence

import numpy as np

from edge.bundle.preprocessing import Mask, SessionSpec
from edge.dictionary.matcher import Matcher
from edge.dictionary.spec import Dictionary
from edge.formats.records import Batch, Piece, Reader, Records, no_records
from edge.sequence.grouping import Event, Session, make_grouping
from edge.text.masks import Masker

NEW_EVENT = "new"
"""The event of a line whose template is not in the log dictionary."""
_BETWEEN = " | "


class EventIds(Protocol):
    """Tells which event a record is: the log dictionary."""

    def match(self, contents: Sequence[str]) -> List[Optional[int]]:
        """The id of each content's template; None for one that the dictionary does not hold."""


class LineEvents:
    """The events of lines: the templates of a dictionary that they are of, after masks."""

    def __init__(self, masks: Sequence[Mask], dictionary: Dictionary) -> None:
        """Raise `FormatError` for masks that cannot be used."""
        self._masker = Masker(masks)
        self._matcher = Matcher(dictionary.templates)

    def match(self, contents: Sequence[str]) -> List[Optional[int]]:
        """The id of each content's template; None for one that the dictionary does not hold."""
        return self._matcher.match(self._masker.apply(contents))


class Sessions(NamedTuple):
    """How records are put together to sessions; ready sessions (the format ``events``) need no `events`."""

    spec: SessionSpec
    events: Optional[EventIds]


class SessionReader:
    """Sessions of another reader's records; their content are the ids of their events, one blank between each two.

    A session is given when it ends. Its text is its key and its lines, so that a person sees which line an odd event
    is; its line, offset and time stamp are those of its first line, and its members all of its lines.
    """

    def __init__(self, lines: Reader, spec: SessionSpec, events: EventIds) -> None:
        """Raise `FormatError` for a key that is no pattern with one group."""
        self._reader = lines
        self._events = events
        self._grouping = make_grouping(spec)

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
        return [*self._reader.notes(), *self._grouping.notes()]

    def group(self, batch: Batch) -> List[Session]:
        """The sessions that end in these records."""
        records = batch.records
        ended: List[Session] = []
        numbers = self._events.match(records.contents)
        places = zip(numbers, batch.lines.tolist(), batch.offsets.tolist(), records.texts, records.contents)
        for index, (number, line, offset, text, content) in enumerate(places):
            word = NEW_EVENT if number is None else str(number)
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
    """Each event stands for its line, as far as the lines were kept."""
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
