"""Which records belong to one session: by a key, by their number, or by time."""

from __future__ import annotations

import re
from array import array
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Callable, Deque, Dict, List, NamedTuple, Optional, Protocol

from edge.bundle.preprocessing import SessionSpec
from edge.errors import FormatError

MOST_EVENTS = 1 << 17
"""A session ends when it has so many events, and the rest is another one: memory is bounded."""
KEPT_LINES = 256
"""Of so many lines of a session, the text is kept for the person who reads the verdict."""
KEPT_CHARACTERS = 2000
# So many lines on end that are older than their window: not stragglers, the clock was set back.
_SET_BACK = 16


class Event(NamedTuple):
    """A record, as far as sessions need it: its event's word, its line's number and offset, its texts, and when it was.

    A time stamp costs more than all else, so it is computed where it is needed.
    """

    word: str
    line: int
    offset: int
    text: str
    content: str
    stamp: Callable[[], Optional[str]]


@dataclass(eq=False)
class Session:
    """A session while it is put together; `key` is empty where sessions have none."""

    key: str
    offset: int
    stamp: Optional[str]
    words: List[str] = field(default_factory=list)
    lines: array[int] = field(default_factory=lambda: array("q"))
    texts: List[str] = field(default_factory=list)

    def add(self, event: Event) -> None:
        """One more event."""
        self.words.append(event.word)
        self.lines.append(event.line)
        if len(self.texts) < KEPT_LINES:
            self.texts.append(event.text[:KEPT_CHARACTERS])


class Grouping(Protocol):
    """Takes events in order. `notes` has something to say of how that went."""

    def add(self, event: Event) -> List[Session]:
        """The sessions that this event ends."""

    def finish(self) -> List[Session]:
        """Those that only the end of the source ends."""

    def notes(self) -> List[str]:
        """What a person should know of these sessions."""


def make_grouping(spec: SessionSpec) -> Grouping:
    """The grouping that a `SessionSpec` asks for; raises `FormatError` for a key that is no pattern with one group."""
    if spec.key is not None:
        return KeyGrouping(spec.key, spec.idle_records or 1)
    if spec.seconds is not None:
        return TimeGrouping(spec.seconds)
    return CountGrouping(spec.length or 1, spec.step or 1)


def compile_key(key: str) -> re.Pattern[str]:
    """The pattern of a session key; raises `FormatError` when it is none, or has not exactly one group."""
    try:
        pattern = re.compile(key)
    except re.error as error:
        raise FormatError(f"{key!r} is not a regular expression ({error})", where="session key") from error
    if pattern.groups != 1:
        raise FormatError(
            f"{key!r} has {pattern.groups} groups where one is needed",
            where="session key",
            mend="put the part that names the session into ( ), and others into (?: )",
        )
    return pattern


class KeyGrouping:
    """Events whose contents have the same text in the key's group; one without the key is a session by itself."""

    def __init__(self, key: str, idle_records: int) -> None:
        self._pattern = compile_key(key)
        self._idle = idle_records
        self._open: OrderedDict[str, Session] = OrderedDict()
        self._last: Dict[str, int] = {}
        self._seen = 0
        self._without = 0

    def add(self, event: Event) -> List[Session]:
        """The sessions that had no event for too long, and perhaps this one."""
        self._seen += 1
        found = self._pattern.search(event.content)
        key = None if found is None else found.group(1)
        if not key:
            self._without += 1
            session = Session("", event.offset, event.stamp())
            session.add(event)
            return [*self._idlers(), session]
        session = self._open.get(key) or Session(key, event.offset, event.stamp())
        session.add(event)
        self._open[key] = session
        self._open.move_to_end(key)
        self._last[key] = self._seen
        ended = self._idlers()
        if len(session.words) == MOST_EVENTS:
            ended.append(self._close(key))
        return ended

    def finish(self) -> List[Session]:
        """Those that are open, in the order of their first lines."""
        return sorted((self._close(key) for key in list(self._open)), key=lambda session: session.lines[0])

    def notes(self) -> List[str]:
        """How many lines have no key."""
        if not self._without:
            return []
        return [f"{self._without:,} of {self._seen:,} lines hold no session key; each is a session by itself"]

    def _idlers(self) -> List[Session]:
        ended = []
        while self._open:
            oldest = next(iter(self._open))
            if self._seen - self._last[oldest] < self._idle:
                break
            ended.append(self._close(oldest))
        return ended

    def _close(self, key: str) -> Session:
        del self._last[key]
        return self._open.pop(key)


class CountGrouping:
    """`length` events on end, the next session `step` events later.

    The last one of a source ends with it, and overlaps the one before; a source with fewer events is one session.
    """

    def __init__(self, length: int, step: int) -> None:
        self._length = min(length, MOST_EVENTS)
        self._step = min(step, self._length)
        self._held: Deque[Event] = deque(maxlen=self._length)
        self._waiting = self._length

    def add(self, event: Event) -> List[Session]:
        """The session that this event ends, if it does."""
        self._held.append(event)
        self._waiting -= 1
        if self._waiting:
            return []
        self._waiting = self._step
        return [self._session()]

    def finish(self) -> List[Session]:
        """The last events, when some of them were in no session yet."""
        begun = len(self._held) == self._length
        covered = self._waiting == self._step if begun else not self._held
        return [] if covered else [self._session()]

    def notes(self) -> List[str]:
        """Nothing."""
        return []

    def _session(self) -> Session:
        first = self._held[0]
        session = Session("", first.offset, first.stamp())
        for event in self._held:
            session.add(event)
        return session


class TimeGrouping:
    """A span of time each, which begins with the first event behind the one before.

    An event without a time belongs to the span that it stands in. So does one that is older than its span, as a line
    that was written late; when many on end are older, the clock was set back, and a new span begins.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._session: Optional[Session] = None
        self._begin: Optional[float] = None
        self._older_on_end = 0
        self._older = 0
        self._timeless = 0

    def add(self, event: Event) -> List[Session]:
        """The session before, if this event is behind it."""
        stamp = event.stamp()
        moment = None if stamp is None else seconds_of(stamp)
        ended: List[Session] = []
        if moment is None:
            self._timeless += 1
        elif self._begin is None:
            self._begin = moment
        elif moment < self._begin:
            self._older += 1
            self._older_on_end += 1
        else:
            self._older_on_end = 0
        behind = moment is not None and self._begin is not None and moment >= self._begin + self._seconds
        full = self._session is not None and len(self._session.words) == MOST_EVENTS
        if self._session is not None and (behind or full or self._older_on_end == _SET_BACK):
            ended.append(self._session)
            self._session = None
            self._begin = moment
            self._older_on_end = 0
        if self._session is None:
            self._session = Session("", event.offset, event.stamp())
        self._session.add(event)
        return ended

    def finish(self) -> List[Session]:
        """The span that is open."""
        return [] if self._session is None else [self._session]

    def notes(self) -> List[str]:
        """How many lines had no time, or ran backwards."""
        notes = []
        if self._older:
            notes.append(f"{self._older:,} lines are older than the window that they stand in")
        if self._timeless:
            notes.append(f"{self._timeless:,} lines have no time stamp; they belong to the window that they stand in")
        return notes


def seconds_of(stamp: str) -> Optional[float]:
    """Seconds of an ISO 8601 time stamp, as if in UTC where it has no offset; None for another text."""
    whole, fraction = stamp, 0.0
    found = _FRACTION.search(stamp)
    if found is not None:
        whole = stamp[: found.start()] + stamp[found.end() :]
        fraction = float("0." + found.group(1))
    try:
        moment = datetime.fromisoformat(whole.replace("Z", "+00:00").replace(":60", ":59"))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp() + fraction


_FRACTION = re.compile(r"[.,](\d+)")
