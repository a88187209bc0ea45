"""A request for a web page, whichever log it stands in, as the content that a detector sees.

The content are the wanted fields in their order, a blank between two of them. In path, query and body a blank stands
also before each ``/``, ``?`` and ``&``, so that the segments of a path and the parameters of a query are words: of
reasons, and of the log dictionary's templates.
"""

from __future__ import annotations

import re
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from edge.errors import FormatError
from edge.formats.records import Piece

Span = Tuple[int, int]

DEFAULT_FIELDS = ("method", "path", "query", "protocol", "status", "size")
FIELDS = (*DEFAULT_FIELDS, "referer", "agent", "client", "user")
BROKEN = "BROKEN"
"""The method of what is no request (bytes of another protocol, nothing at all): all there is stands as its path."""
MISSING = "-"

_CUT_BEFORE = "/?&"
# Cut into words, and left out where there is nothing of them; other fields have a sign for that.
_OPTIONAL = ("path", "query", "body")
_METHOD = re.compile(r"[A-Za-z][A-Za-z0-9!#$%&'*+.^_`|~-]{0,31}", re.ASCII)
_PROTOCOL = re.compile(r"[A-Za-z]{1,8}/\d(?:\.\d)?", re.ASCII)
_CUT = re.compile(rf"(?<=.)(?=[{_CUT_BEFORE}])", re.DOTALL)


class Request(NamedTuple):
    """The fields of one request that are known, by their names, and where they stand in the text.

    A span whose text is not the field's value is that of something the value was read from. `time` is as written.
    """

    values: Dict[str, str]
    spans: Dict[str, Span]
    time: Optional[str]


def split_request(line: str, start: int) -> Tuple[Dict[str, str], Dict[str, Span]]:
    """Method, path, query and protocol of a request line, and their spans in the text where it begins at `start`.

    What has no method before a blank is broken: it is the path, and the method is `BROKEN`.
    """
    found = _METHOD.match(line)
    if found is None or line[found.end() : found.end() + 1] != " ":
        whole = (start, start + len(line))
        return {"method": BROKEN, "path": line}, {"method": whole, "path": whole}
    method = found[0]
    begin, end = found.end() + 1, len(line)
    cut = line.rfind(" ", begin)
    protocol = line[cut + 1 :] if cut >= 0 and _PROTOCOL.fullmatch(line, cut + 1) else ""
    if protocol:
        end = cut
    mark = line.find("?", begin, end)
    query = end if mark < 0 else mark
    values = {"method": method, "path": line[begin:query], "query": line[query:end], "protocol": protocol}
    places = {
        "method": (0, len(method)),
        "path": (begin, query),
        "query": (query, end),
        "protocol": (cut + 1, len(line)) if protocol else (end, end),
    }
    return values, {name: (start + first, start + last) for name, (first, last) in places.items()}


def check_fields(fields: Sequence[str], known: Sequence[str], format_name: str) -> Tuple[str, ...]:
    """The fields as a tuple.

    Raises:
        FormatError: there are none, one is not `known`, or is there twice.
    """
    for name in fields:
        if name not in known:
            raise FormatError(f"the format {format_name} has no field {name!r}", mend=f"it has {', '.join(known)}")
        if list(fields).count(name) > 1:
            raise FormatError(f"the field {name!r} is there twice", mend="name each field once")
    if not fields:
        raise FormatError(f"the format {format_name} needs a field", mend=f"it has {', '.join(known)}")
    return tuple(fields)


def size_word(size: str) -> str:
    """``b0`` where nothing was sent, else ``b`` and the number of digits: ``b1`` up to 9 bytes, ``b4`` up to 9,999."""
    return "b0" if size in ("", "-", "0") else f"b{len(size)}"


def spaced(targets: Sequence[str]) -> List[str]:
    """Paths or queries without blanks in front, with a blank before each ``/``, ``?`` and ``&`` but the first."""
    joined = "\n" + "\n".join(targets)
    joined = joined.replace("/", " /").replace("?", " ?").replace("&", " &").replace("\n ", "\n")
    return joined[1:].split("\n")


def content_of(request: Request, fields: Sequence[str]) -> str:
    """The content."""
    return " ".join([" ".join(words) for words in _words(request, fields).values()])


def pieces_of(request: Request, fields: Sequence[str], text: str) -> List[Piece]:
    """Where the words of the content stand in the text that the request was read from."""
    pieces: List[Piece] = []
    place = 0
    for name, words in _words(request, fields).items():
        first, last = request.spans.get(name, (0, 0))
        whole, seen = "".join(words), text[first:last].replace("\n", " ")
        # The mark of a query that is a field of its own stands nowhere.
        unseen = 1 if seen and whole == f"?{seen}" else 0
        verbatim = whole[unseen:] == seen
        for word in words:
            end = place + len(word)
            if verbatim:
                pieces.append((place + unseen, end, first, first + len(word) - unseen))
                first += len(word) - unseen
                unseen = 0
            elif last > first:
                pieces.append((place, end, first, last))
            place = end + 1
    return pieces


def _words(request: Request, fields: Sequence[str]) -> Dict[str, List[str]]:
    """The words of each field that has any, in their order."""
    found = {}
    for name in fields:
        value = request.values.get(name, "")
        if name in _OPTIONAL:
            if value:
                found[name] = _CUT.split(value)
        elif name == "size":
            found[name] = [size_word(value)]
        else:
            found[name] = [value or MISSING]
    return found
