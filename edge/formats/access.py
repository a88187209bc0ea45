r"""Access logs of web servers: Apache's common and combined format, nginx's, and JSON.

A line is read by what all of them have: a time stamp in brackets, then the request in quotes, the status and the size.
Anything may stand before and behind (a virtual host, a syslog header, one more pair of quotes, the time it took).
Source: Apache's mod_log_config ("%h %l %u %t \"%r\" %>s %b"), which has been copied ever since.
"""

from __future__ import annotations

import re
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

from edge.formats.access_json import read_json
from edge.formats.records import Piece, Records
from edge.formats.request import (
    DEFAULT_FIELDS,
    FIELDS,
    Request,
    Span,
    check_fields,
    content_of,
    pieces_of,
    spaced,
    split_request,
)
from edge.formats.stamps import to_iso

_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_TIME = rf"\d\d/{_MONTH}/\d{{4}}:\d\d:\d\d:\d\d(?:\.\d+)?(?: [+-]\d\d:?\d\d)?"
# An ordinary line as a whole, and any other one as a seventh group: so a block of lines is one call, a match each.
_LINES = re.compile(
    rf"^[^\[{{\n]*\[{_TIME}\] "
    r'"([A-Za-z]{3,16}) ([^ "\n]+) ([A-Za-z]{1,8}/\d(?:\.\d)?)" (\d{3}) (\d+|-)(?=[\s"]|$)[^\n]*$|^([^\n]*)$',
    re.ASCII | re.MULTILINE,
)

_STAMP = re.compile(rf"\[(?P<time>{_TIME})\] +(?=\")", re.ASCII)
# The request ends at the first place where a status and a size follow a quote, so that one that holds unescaped quotes
# (some servers write them) is read to its end. Without a stamp in brackets, only a whole request line is taken for one.
_REST = r"""(?=[\s"]|$)(?: "(?P<referer>(?:[^"\\]|\\.)*)")?(?: "(?P<agent>(?:[^"\\]|\\.)*)")?"""
_AFTER_STAMP = re.compile(r"\"(?P<request>.*?)\" (?P<status>\d{3}|-) (?P<size>\d+|-)" + _REST, re.ASCII | re.DOTALL)
# A line that was written into a CSV file has each quote twice.
_DOUBLED = re.compile(
    r"\"\"(?P<request>[^\"]+)\"\" (?P<status>\d{3}|-) (?P<size>\d+|-)(?=[\s\"]|$)"
    r"(?: \"\"(?P<referer>[^\"]*)\"\")?(?: \"\"(?P<agent>[^\"]*)\"\")?",
    re.ASCII,
)
_NO_STAMP = re.compile(
    r"\"(?P<request>[A-Z]{3,16} [^\"]* HTTP/\d(?:\.\d)?)\" (?P<status>\d{3}) (?P<size>\d+|-)" + _REST, re.ASCII
)
_ADDRESS = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}|[0-9a-fA-F]*:[0-9a-fA-F]*:[0-9a-fA-F:.]*", re.ASCII)
_WORD = re.compile(r'[^\s"]+')
# The client stands within so many characters.
_CLIENT_REACH = 512


class AccessFormat:
    """Content is what was asked for and how it was answered; who asked is only there if the `fields` want it.

    A line that holds no request is unparsed.
    """

    name = "access"

    def __init__(self, fields: Optional[Sequence[str]] = None) -> None:
        """`fields` make up the content; None stands for method, path, query, protocol, status and size.

        Raises:
            FormatError: there is no such field.
        """
        self._fields = DEFAULT_FIELDS if fields is None else check_fields(fields, FIELDS, self.name)

    def parse(self, texts: List[str]) -> Records:
        """Records of the texts; those of unparsed lines are their whole texts."""
        nothing: List[Optional[str]] = [None] * len(texts)
        contents = _ordinary(texts) if self._fields == DEFAULT_FIELDS else nothing
        unparsed = np.zeros(len(texts), np.bool_)
        whole: List[str] = []
        for index, content in enumerate(contents):
            if content is None:
                request = read_request(texts[index])
                unparsed[index] = request is None
                content = texts[index] if request is None else content_of(request, self._fields)
            whole.append(content)

        def stamp(index: int) -> Optional[str]:
            request = read_request(texts[index])
            return None if request is None or request.time is None else to_iso(request.time)

        return Records(texts, whole, [0] * len(texts), unparsed, stamp, lambda index: self._pieces(texts[index]))

    def _pieces(self, text: str) -> List[Piece]:
        request = read_request(text)
        return [] if request is None else pieces_of(request, self._fields, text)


def read_request(text: str) -> Optional[Request]:
    """The request of a line, with its fields' spans; None when the line holds none.

    It takes time in proportion to the line, whatever stands there.
    """
    if text.startswith("{"):
        return read_json(text)
    # The first stamp only: a line with a thousand of them would take a thousand times as long.
    stamp = _STAMP.search(text)
    if stamp is None:
        match = _NO_STAMP.search(text)
    else:
        match = _DOUBLED.match(text, stamp.end()) or _AFTER_STAMP.match(text, stamp.end())
    if match is None:
        return None
    values, spans = split_request(match["request"], match.start("request"))
    for name in ("status", "size", "referer", "agent"):
        if match[name] is not None:
            values[name], spans[name] = match[name], match.span(name)
    for name, span in _who(text[: min((stamp or match).start(), _CLIENT_REACH)]).items():
        values[name], spans[name] = text[span[0] : span[1]], span
    return Request(values, spans, stamp["time"] if stamp else None)


def _who(head: str) -> Dict[str, Span]:
    """Client and user, of what stands before the time stamp: the first address, else the first word; two words on."""
    words = [match.span() for match in _WORD.finditer(head)]
    place = next((i for i, (start, end) in enumerate(words) if _ADDRESS.fullmatch(head, start, end)), 0)
    return dict(zip(("client", "user"), words[place : place + 3 : 2]))


def ordinary_requests(texts: List[str]) -> List[Tuple[str, str, str, str, str, str]]:
    """Of each line that is nothing special method, path with query, protocol, status, size, and an empty text.

    They are what `read_request` gives. Of any other line the first text is empty; no list is given where a text holds a
    line feed of its own.
    """
    rows = _LINES.findall("\n".join(texts))
    return rows if len(rows) == len(texts) else []


def _ordinary(texts: List[str]) -> List[Optional[str]]:
    """The contents, in the default fields, of the lines that are nothing special; None for the others."""
    rows = ordinary_requests(texts)
    if not rows:
        return [None] * len(texts)
    targets = spaced([row[1] for row in rows])
    return [
        f"{method} {target} {protocol} {status} {'b0' if size == '0' or size == '-' else f'b{len(size)}'}"
        if method
        else None
        for (method, _, protocol, status, size, _), target in zip(rows, targets)
    ]
