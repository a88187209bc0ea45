"""Raw HTTP requests, as a proxy or a packet capture writes them: several lines each (the form of CSIC 2010).

    POST http://shop/login.jsp HTTP/1.1
    Host: shop
    Content-Length: 12

    login=hubert

A request is its request line, its headers up to a blank line, and its body up to the next request. Source: RFC 9112,
section 2.1; but lines may end in a line feed alone, and a body is taken to the next request line behind a blank line,
or behind as many bytes as its Content-Length says: in a log that was cut, or put together of several, that finds the
next request again.
"""

from __future__ import annotations

import re
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

from edge.formats.records import Batch, Piece, Records
from edge.formats.request import Request, check_fields, content_of, pieces_of, split_request

DEFAULT_HTTP_FIELDS = ("method", "path", "query", "body", "protocol")
HTTP_FIELDS = (*DEFAULT_HTTP_FIELDS, "referer", "agent")
MOST_LINES = 10_000
"""A request of more lines ends there, so that a file without any further one fits into memory."""

_REQUEST_LINE = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,31} \S(?:.*\S)? HTTP/\d(?:\.\d)?\r?", re.ASCII | re.DOTALL)
_CONTENT_LENGTH = re.compile(r"content-length:[ \t]*(\d{1,15})\s*", re.ASCII | re.IGNORECASE)
_HEADERS = {"referer": "referer", "user-agent": "agent"}


class HttpReader:
    """Content is what the detector `access` sees of a request, with the body behind the query.

    Lines that belong to no request, before the first one or behind one that is too long, are unparsed, each by itself;
    blank ones between requests are no records.
    """

    name = "http"

    def __init__(self, fields: Optional[Sequence[str]] = None) -> None:
        """`fields` make up the content; None stands for method, path, query, body and protocol.

        Raises:
            FormatError: there is no such field.
        """
        self._fields = DEFAULT_HTTP_FIELDS if fields is None else check_fields(fields, HTTP_FIELDS, self.name)
        self._open: List[Tuple[int, int, str]] = []  # number, offset and text of each line of a request that goes on
        self._in_headers = False
        self._after_blank = True
        self._body_bytes_left: Optional[int] = None  # as Content-Length says; None where it says nothing
        self._too_long = 0

    def read(self, texts: List[str], first_line: int, offsets: np.ndarray) -> Batch:
        """The requests that end in these lines, and the lines that belong to none."""
        ended: List[List[Tuple[int, int, str]]] = []
        for number, (text, offset) in enumerate(zip(texts, offsets.tolist()), first_line):
            blank = not text.strip()
            if self._may_begin() and _REQUEST_LINE.fullmatch(text):
                self._end(ended)
                self._open = [(number, offset, text)]
                self._in_headers = True
            elif self._open:
                self._open.append((number, offset, text))
                self._count(text)
                self._in_headers &= not blank
                if len(self._open) == MOST_LINES:
                    self._too_long += 1
                    self._end(ended)
            elif not blank:
                ended.append([(number, offset, text)])
            self._after_blank = blank
        return self._batch(ended)

    def finish(self) -> Batch:
        """The last request."""
        ended: List[List[Tuple[int, int, str]]] = []
        self._end(ended)
        return self._batch(ended)

    def _may_begin(self) -> bool:
        """Whether a request line would begin a request here, and be no part of a body."""
        complete = not self._in_headers and self._body_bytes_left is not None and self._body_bytes_left <= 0
        return self._after_blank or self._in_headers or complete or not self._open

    def _count(self, text: str) -> None:
        """Take a line behind the request line into account for the length of the body."""
        if self._in_headers:
            said = _CONTENT_LENGTH.fullmatch(text)
            if said is not None:
                self._body_bytes_left = int(said[1])
        elif self._body_bytes_left is not None:
            # Two for the end of the line: whether it was CRLF, as HTTP has it, can no longer be seen. In a file with LF
            # a request may then begin a little early, where a request line stands all the same.
            self._body_bytes_left -= len(text.encode("utf-8", "replace")) + 2

    def notes(self) -> List[str]:
        """How many requests were too long to be read to their ends."""
        if not self._too_long:
            return []
        if self._too_long == 1:
            return [f"1 request reaches {MOST_LINES:,} lines and ends there"]
        return [f"{self._too_long:,} requests reach {MOST_LINES:,} lines and end there"]

    def _end(self, ended: List[List[Tuple[int, int, str]]]) -> None:
        """The open request is complete; the blank lines behind it belong to nothing."""
        while self._open and not self._open[-1][2].strip():
            self._open.pop()
        if self._open:
            ended.append(self._open)
        self._open = []
        self._in_headers = False
        self._body_bytes_left = None

    def _batch(self, ended: List[List[Tuple[int, int, str]]]) -> Batch:
        texts = ["\n".join([text for _, _, text in lines]) for lines in ended]
        requests = [read_raw(text) for text in texts]
        contents = [
            text if request is None else content_of(request, self._fields) for text, request in zip(texts, requests)
        ]
        unparsed = np.array([request is None for request in requests], np.bool_)

        def pieces(index: int) -> List[Piece]:
            request = requests[index]
            return [] if request is None else pieces_of(request, self._fields, texts[index])

        numbers = [[number for number, _, _ in lines] for lines in ended]
        return Batch(
            Records(texts, contents, [0] * len(texts), unparsed, lambda _: None, pieces),
            np.array([lines[0] for lines in numbers], np.int64),
            np.array([lines[0][1] for lines in ended], np.int64),
            numbers.__getitem__,
        )


def read_raw(text: str) -> Optional[Request]:
    """The request of its raw text, lines parted by line feeds; None when it does not begin with a request line."""
    line, _, rest = text.partition("\n")
    if not _REQUEST_LINE.fullmatch(line):
        return None
    values, spans = split_request(line.rstrip("\r"), 0)
    begin = len(line) + 1
    for header in rest.split("\n"):
        if not header.strip():
            break
        _take_header(header, begin, values, spans)
        begin += len(header) + 1
    body = text[begin:].strip()
    body_begin = text.find(body, begin) if body else begin
    values["body"], spans["body"] = body.replace("\n", " "), (body_begin, body_begin + len(body))
    return Request(values, spans, None)


def _take_header(header: str, begin: int, values: Dict[str, str], spans: Dict[str, Tuple[int, int]]) -> None:
    name, _, value = header.partition(":")
    field = _HEADERS.get(name.strip().lower())
    if field is not None and field not in values:
        first = begin + len(name) + 1 + (len(value) - len(value.lstrip()))
        values[field] = value.strip()
        spans[field] = (first, first + len(value.strip()))
