"""Access lines as rows of features: what was asked for and how it was answered, in numbers and a few categories.

The lines are those of the format ``access``. A row has its fields joined as those of a table are, and no blank: so a
window of lines can have its rows as words. Who asked, and when, is no feature (see `docs/design.md`).
"""

from __future__ import annotations

import re
from typing import List, Optional, Sequence, Tuple
from urllib.parse import unquote

import numpy as np

from edge.formats.access import ordinary_requests, read_request
from edge.formats.records import Piece, Records
from edge.formats.request import BROKEN, DEFAULT_FIELDS, MISSING, check_fields
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

_READ = ("method", "protocol", "status", "size", "path", "query")
_NOT_ORDINARY = ("",) * 6

_MOST_BYTES = 10**15
_LONGEST_WORD = 32
_NO_WORD = re.compile(r"[\s,]")
_DIGITS = re.compile(r"[0-9]+")
_STATUS = re.compile(r"[1-9][0-9]{2}")
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
_SYMBOL = re.compile(r"[^\w/.~?&=+,:%@!-]")
_DIGIT = re.compile(r"\d")
_PARTS = re.compile(r"[/?&=]")
# The same for ASCII.
_CUTS = bytes.maketrans(b"?&=", b"///")
_DIGIT_BYTES = b"0123456789"
_NO_SYMBOL_BYTES = bytes(code for code in range(128) if not _SYMBOL.match(chr(code)))


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
        wanted = ROW_FIELDS if fields is None else check_fields(fields, ROW_FIELDS, self.name)
        self._all = wanted == ROW_FIELDS
        self._places = [ROW_FIELDS.index(name) for name in wanted]

    def parse(self, texts: List[str]) -> Records:
        """Records of the texts; shares are of the characters of path and query, and lengths count these."""
        unparsed = np.zeros(len(texts), np.bool_)
        rows: List[str] = []
        for index, found in enumerate(ordinary_requests(texts) or [_NOT_ORDINARY] * len(texts)):
            method, target, protocol, status, size, _ = found
            if method:
                path, mark, query = target.partition("?")
                features = _features(method, protocol, status, size, path, mark + query)
            else:
                request = read_request(texts[index])
                unparsed[index] = request is None
                values = {"method": BROKEN, "path": texts[index]} if request is None else request.values
                features = _features(*[values.get(name, "") for name in _READ])
            rows.append(join_fields(features if self._all else [features[place] for place in self._places]))

        def stamp(index: int) -> Optional[str]:
            request = read_request(texts[index])
            return None if request is None or request.time is None else to_iso(request.time)

        def pieces(index: int) -> List[Piece]:
            request = read_request(texts[index])
            found = [] if request is None else [request.spans.get(name, (0, 0)) for name in DEFAULT_FIELDS]
            spans = [span for span in found if span[1] > span[0]]
            # A number stands nowhere in the line, so the row stands for all that it was made of.
            return [(0, len(rows[index]), min(map(min, spans)), max(map(max, spans)))] if spans else []

        return Records(texts, rows, [0] * len(texts), unparsed, stamp, pieces)


def _features(method: str, protocol: str, status: str, size: str, path: str, query: str) -> List[str]:
    """All features, in the order of the `ROW_FIELDS`."""
    known = _STATUS.fullmatch(status) is not None
    asked = query.lstrip("?")
    target = path + query
    return [
        _word(method),
        _word(protocol),
        f"{status[0]}xx" if known else MISSING,
        status if known else "0",
        _bytes(size),
        str(len(path)),
        str(path.count("/")),
        str(len(asked)),
        str(sum(map(bool, asked.split("&"))) if asked else 0),
        *_of_target(target),
    ]


def _of_target(target: str) -> Tuple[str, str, str, str]:
    """The longest part of path and query, and the shares of encoded characters, symbols and digits.

    Nearly all targets are ASCII, of which bytes can be counted: the expressions say the same, and take longer.
    """
    # Whether a symbol was sent as it is or encoded is the client's choice.
    sent = unquote(target) if "%" in target else target
    encoded = 0 if sent is target else 3 * len(_ENCODED.findall(target))
    if target.isascii():
        raw = target.encode("ascii")
        longest = max(map(len, raw.translate(_CUTS).split(b"/")))
        digits = len(raw) - len(raw.translate(None, _DIGIT_BYTES))
    else:
        longest = max(map(len, _PARTS.split(target)))
        digits = len(_DIGIT.findall(target))
    plain = sent.isascii()
    symbols = len(sent.encode("ascii").translate(None, _NO_SYMBOL_BYTES)) if plain else len(_SYMBOL.findall(sent))
    size = max(len(target), 1)
    return str(longest), _share(encoded, size), _share(symbols, size), _share(digits, size)


def _word(text: str) -> str:
    return _NO_WORD.sub("_", text[:_LONGEST_WORD]) or MISSING


def _bytes(size: str) -> str:
    if not _DIGITS.fullmatch(size):
        return "0"
    return str(_MOST_BYTES if len(size) > len(str(_MOST_BYTES)) else min(int(size), _MOST_BYTES))


def _share(count: int, of: int) -> str:
    return f"{count / of:.4g}" if count else "0"
