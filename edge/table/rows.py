"""One line of separated values to its fields, and to where they stand in it.

As in RFC 4180, but for line breaks inside of quotes: a line is a row.
"""

from __future__ import annotations

from typing import List, Sequence, Tuple

DELIMITERS = (",", ";", "\t", "|")


def guess_delimiter(line: str) -> str:
    """The delimiter that cuts a line into most fields; the comma where none does."""
    return max(DELIMITERS, key=line.count)


def split_row(line: str, delimiter: str) -> List[str]:
    """The fields, without the blanks and the quotes around them."""
    if '"' not in line:
        return [field.strip() for field in line.split(delimiter)]
    return [_unquote(line[start:end]) for start, end in field_spans(line, delimiter)]


def field_spans(line: str, delimiter: str) -> List[Tuple[int, int]]:
    """Where the fields stand in the line: ``[start, end)``, without the blanks around them, with their quotes.

    A quote that is never closed is a character like any other, so that a damaged row keeps its other fields.
    """
    spans = []
    start = 0
    length = len(line)
    while True:
        stop = -1
        first = start
        while first < length and line[first] in " \t" and line[first] != delimiter:
            first += 1
        if first < length and line[first] == '"':
            stop = _behind_quotes(line, first, delimiter)
        if stop < 0:
            stop = line.find(delimiter, start)
        if stop < 0 or stop == length:
            spans.append(_trim(line, start, length))
            return spans
        spans.append(_trim(line, start, stop))
        start = stop + 1


def _behind_quotes(line: str, first: int, delimiter: str) -> int:
    """The place of the delimiter, or of the line's end, behind the quoted field that begins at `first`; -1 for none."""
    place = line.find('"', first + 1)
    while place >= 0:
        if line[place + 1 : place + 2] == '"':
            place = line.find('"', place + 2)
            continue
        behind = place + 1
        while behind < len(line) and line[behind] == " " and delimiter != " ":
            behind += 1
        return behind if behind == len(line) or line[behind] == delimiter else -1
    return -1


def _trim(line: str, start: int, end: int) -> Tuple[int, int]:
    while start < end and line[start].isspace():
        start += 1
    while start < end and line[end - 1].isspace():
        end -= 1
    return start, end


def _unquote(field: str) -> str:
    if len(field) >= 2 and field[0] == field[-1] == '"':
        return field[1:-1].replace('""', '"').strip()
    return field


def join_fields(fields: Sequence[str]) -> str:
    """Fields as a content, from which `split_fields` gives them back; a comma in one of them becomes a blank."""
    joined = ",".join(fields)
    if joined.count(",") != len(fields) - 1:
        joined = ",".join(field.replace(",", " ") for field in fields)
    return joined


def split_fields(content: str) -> List[str]:
    """The fields of a content."""
    return content.split(",")


def join_row(fields: Sequence[str]) -> str:
    """Fields as a line with commas, in quotes where they need them: `split_row` gives them back."""
    return ",".join(_quote(field) for field in fields)


def _quote(field: str) -> str:
    return '"' + field.replace('"', '""') + '"' if any(mark in field for mark in (*DELIMITERS, '"')) else field
