"""Records as bytes, one renderer for each output format. Pure: no file is touched here."""

from __future__ import annotations

import csv
import io
from typing import Dict, List, Optional, Protocol, Sequence, Tuple

import msgspec

from edge.errors import escape_control
from edge.runtime.records import Record

OUTPUT_FORMATS = ("jsonl", "csv", "text")

_BOLD_RED = "\x1b[1;31m"
_PLAIN = "\x1b[0m"


class Renderer(Protocol):
    """Turns records into bytes, UTF-8, every record ending in a newline."""

    def header(self) -> bytes:
        """What stands before the first record."""

    def render(self, records: Sequence[Record]) -> bytes:
        """The records, in order."""


class JsonlRenderer:
    """One JSON object a line, with all fields of `Record`."""

    def __init__(self) -> None:
        self._encoder = msgspec.json.Encoder()

    def header(self) -> bytes:
        """Nothing: JSON lines have no header."""
        return b""

    def render(self, records: Sequence[Record]) -> bytes:
        """One line for each record."""
        return b"".join([line + b"\n" for line in map(self._encoder.encode, records)])


class CsvRenderer:
    """RFC 4180 with a header; the reasons are their texts, with a semicolon and a blank between two."""

    fields = (
        "source",
        "line",
        "offset",
        "timestamp",
        "score",
        "p_value",
        "threshold",
        "anomalous",
        "unscored",
        "found_by",
        "template_id",
        "new_template",
    )

    def header(self) -> bytes:
        """The names of the columns."""
        return self._rows([[*self.fields, "reasons", "text"]])

    def render(self, records: Sequence[Record]) -> bytes:
        """One row for each record; booleans are ``true`` and ``false``, nothing is an empty field."""
        rows: List[List[object]] = []
        for record in records:
            row = [_cell(getattr(record, name)) for name in self.fields]
            rows.append([*row, "; ".join(reason.text for reason in record.reasons), record.text])
        return self._rows(rows)

    @staticmethod
    def _rows(rows: Sequence[Sequence[object]]) -> bytes:
        out = io.StringIO()
        csv.writer(out).writerows(rows)
        return out.getvalue().encode("utf-8")


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return " ".join(value) if isinstance(value, list) else value


class TextRenderer:
    """For people: place, score and the line with its odd parts marked, in colour or with « ».

    Control characters of the log are escaped, so that a line cannot steer the terminal.
    """

    def __init__(self, *, colour: bool) -> None:
        self._marks = (_BOLD_RED, _PLAIN) if colour else ("«", "»")

    def header(self) -> bytes:
        """Nothing: each line speaks for itself."""
        return b""

    def render(self, records: Sequence[Record]) -> bytes:
        """One line for each record; with ``!`` in front when it is anomalous, ``?`` when it could not be scored."""
        return "".join(
            f"{_sign(record)} {_number(record.score):>9}  {escape_control(record.source)}:{record.line}  "
            f"{self.mark(record)}{_notes(record)}\n"
            for record in records
        ).encode("utf-8")

    def mark(self, record: Record) -> str:
        """The record's text, escaped, with its odd parts marked."""
        return mark_spans(record.text, [(reason.start, reason.end) for reason in record.reasons], self._marks)


def _number(score: Optional[float]) -> str:
    return "" if score is None else f"{score:.3f}"


def _sign(record: Record) -> str:
    return "?" if record.unscored else "!" if record.anomalous else " "


def _notes(record: Record) -> str:
    named = [reason.text for reason in record.reasons if reason.text != record.text[reason.start : reason.end]]
    notes = [*record.found_by, *named, *(["a template never seen"] if record.new_template else [])]
    if record.unscored:
        notes.append(f"not scored: {record.unscored}")
    return f"  [{escape_control(', '.join(notes))}]" if notes else ""


def mark_spans(text: str, spans: Sequence[Tuple[int, int]], marks: Tuple[str, str]) -> str:
    """The text with control characters escaped and `marks` around each of the spans, which do not overlap."""
    parts = []
    done = 0
    for start, end in sorted(spans):
        parts += [escape_control(text[done:start]), marks[0], escape_control(text[start:end]), marks[1]]
        done = end
    parts.append(escape_control(text[done:]))
    return "".join(parts)


class Escaped:
    """Another renderer's records as a terminal may show them: with their control characters escaped."""

    def __init__(self, inner: Renderer) -> None:
        self._inner = inner

    def header(self) -> bytes:
        """The inner one's header."""
        return _escape_lines(self._inner.header())

    def render(self, records: Sequence[Record]) -> bytes:
        """The inner one's records."""
        return _escape_lines(self._inner.render(records))


def _escape_lines(data: bytes) -> bytes:
    return "\n".join(map(escape_control, data.decode("utf-8").replace("\r\n", "\n").split("\n"))).encode("utf-8")


def make_renderer(name: str, *, terminal: bool = False) -> Renderer:
    """The renderer of an output format; `name` is one of `OUTPUT_FORMATS`, `terminal` says that a person reads it."""
    if name == "text":
        return TextRenderer(colour=terminal)
    inner: Dict[str, Renderer] = {"jsonl": JsonlRenderer(), "csv": CsvRenderer()}
    return Escaped(inner[name]) if terminal else inner[name]
