"""Access lines as rows of features: what was asked for and how it was answered, in numbers and a few categories.

The lines are those of the format ``access``. A row has its fields joined as those of a table are, and no blank: so a
window of lines can have its rows as words. Who asked, and when, is no feature (see `docs/design.md`).
"""

from __future__ import annotations

import re
from typing import Callable, Dict, List, Optional, Sequence
from urllib.parse import unquote

import numpy as np

from edge.formats.access import read_request
from edge.formats.records import Piece, Records
from edge.formats.request import BROKEN, DEFAULT_FIELDS, MISSING, Request, check_fields
from edge.formats.stamps import to_iso
from edge.table.rows import join_fields

NAME = "requests"
CATEGORIES = ("method", "protocol", "answer")
"""Features that are words; all others are numbers, and never below 0."""
NUMBERS = (
    "status",
    "bytes",
    "path_length",
    "segments",
    "query_length",
    "parameters",
    "longest_part",
    "encoded_share",
    "symbol_share",
    "digit_share",
)
ROW_FIELDS = (*CATEGORIES, *NUMBERS)

_MOST_BYTES = 10**15
_LONGEST_WORD = 32
_NO_WORD = re.compile(r"[\s,]")
_DIGITS = re.compile(r"[0-9]+")
_STATUS = re.compile(r"[1-9][0-9]{2}")
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
_SYMBOL = re.compile(r"[^\w/.~?&=+,:%@!-]")
_DIGIT = re.compile(r"\d")
_PARTS = re.compile(r"[/?&=]")


class RequestRowsFormat:
    """Content is a row of features, their order that of the `fields`.

    A line that holds no request is unparsed, and its row is that of a broken request whose path is the whole line.
    """

    name = NAME

    def __init__(self, fields: Optional[Sequence[str]] = None) -> None:
        """None stands for all of the `ROW_FIELDS`.

        Raises:
            FormatError: there is no such field.
        """
        self._fields = ROW_FIELDS if fields is None else check_fields(fields, ROW_FIELDS, self.name)

    def parse(self, texts: List[str]) -> Records:
        """Records of the texts."""
        requests = [read_request(text) for text in texts]
        rows = [
            row_of(Request({"method": BROKEN, "path": text}, {}, None) if request is None else request, self._fields)
            for text, request in zip(texts, requests)
        ]

        def stamp(index: int) -> Optional[str]:
            request = requests[index]
            return None if request is None or request.time is None else to_iso(request.time)

        def pieces(index: int) -> List[Piece]:
            request = requests[index]
            found = [] if request is None else [request.spans.get(name, (0, 0)) for name in DEFAULT_FIELDS]
            spans = [span for span in found if span[1] > span[0]]
            # A number stands nowhere in the line, so the row stands for all that it was made of.
            return [(0, len(rows[index]), min(map(min, spans)), max(map(max, spans)))] if spans else []

        unparsed = np.fromiter((request is None for request in requests), np.bool_, len(requests))
        return Records(texts, rows, [0] * len(texts), unparsed, stamp, pieces)


def row_of(request: Request, fields: Sequence[str] = ROW_FIELDS) -> str:
    """The row of a request: shares are of the characters of path and query, and lengths count these."""
    return join_fields([_FEATURES[name](request) for name in fields])


def _target(request: Request) -> str:
    return request.values.get("path", "") + request.values.get("query", "")


def _word(text: str) -> str:
    return _NO_WORD.sub("_", text[:_LONGEST_WORD]) or MISSING


def _answer(request: Request) -> str:
    status = request.values.get("status", "")
    return f"{status[0]}xx" if _STATUS.fullmatch(status) else MISSING


def _status(request: Request) -> str:
    status = request.values.get("status", "")
    return status if _STATUS.fullmatch(status) else "0"


def _bytes(request: Request) -> str:
    size = request.values.get("size", "")
    if not _DIGITS.fullmatch(size):
        return "0"
    return str(_MOST_BYTES if len(size) > len(str(_MOST_BYTES)) else min(int(size), _MOST_BYTES))


def _parameters(request: Request) -> str:
    return str(sum(bool(part) for part in request.values.get("query", "").lstrip("?").split("&")))


def _share(count: int, request: Request) -> str:
    return f"{count / max(len(_target(request)), 1):.4g}"


_FEATURES: Dict[str, Callable[[Request], str]] = {
    "method": lambda request: _word(request.values.get("method", "")),
    "protocol": lambda request: _word(request.values.get("protocol", "")),
    "answer": _answer,
    "status": _status,
    "bytes": _bytes,
    "path_length": lambda request: str(len(request.values.get("path", ""))),
    "segments": lambda request: str(request.values.get("path", "").count("/")),
    "query_length": lambda request: str(len(request.values.get("query", "").lstrip("?"))),
    "parameters": _parameters,
    "longest_part": lambda request: str(max(map(len, _PARTS.split(_target(request))))),
    "encoded_share": lambda request: _share(3 * len(_ENCODED.findall(_target(request))), request),
    # Whether a symbol was sent as it is or encoded is the client's choice.
    "symbol_share": lambda request: _share(len(_SYMBOL.findall(unquote(_target(request)))), request),
    "digit_share": lambda request: _share(len(_DIGIT.findall(_target(request))), request),
}
