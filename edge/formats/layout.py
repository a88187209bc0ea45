r"""A custom layout in loghub's notation, such as ``<Date> <Time> <Component>: <Content>``.

As in loghub's log parsers, ``<Name>`` is a field, the text between fields is a regular expression (so a bracket is
written ``\[``), and a run of blanks stands for any run of blanks. Other than there, a field that only blanks part
from the next one holds no blank itself, and the header must be found within the first characters of a line.
"""

from __future__ import annotations

import re
from typing import List, Optional

import numpy as np

from edge.errors import FormatError
from edge.formats.records import Records
from edge.formats.stamps import to_iso

CONTENT = "Content"
# The header must end within so many characters: fields that may hold anything, tried at every place of a line of a
# mebibyte, would take hours to find that the line does not fit.
HEADER_REACH = 512

_FIELD = re.compile(r"<([^<>]+)>")
_BLANKS = re.compile(r"[ \t]+")
_DATE_FIELDS = ("Year", "Month", "Date", "Day", "Time", "Timestamp")


class LayoutFormat:
    """Content is the field ``<Content>``, which must be the last."""

    name = "layout"

    def __init__(self, layout: str) -> None:
        """Raise `FormatError` for a layout that cannot be compiled or does not end in ``<Content>``."""
        self._header = compile_layout(layout)
        self._date_fields = [name for name in self._header.groupindex if name in _DATE_FIELDS]

    def parse(self, texts: List[str]) -> Records:
        """Records of the texts, their contents behind the layout's header."""
        match = self._header.match
        ends = [found.end() if found else -1 for found in [match(text, 0, HEADER_REACH) for text in texts]]
        unparsed = np.array(ends, np.int64) < 0
        starts = [max(end, 0) for end in ends]
        contents = [text[start:] for text, start in zip(texts, starts)]
        return Records(texts, contents, starts, unparsed, lambda index: self._timestamp(texts[index]))

    def _timestamp(self, text: str) -> Optional[str]:
        match = self._header.match(text, 0, HEADER_REACH)
        if match is None:
            return None
        written = {name: match[name] for name in self._date_fields if match[name]}
        for candidate in (" ".join(written.values()), *written.values()):
            stamp = to_iso(candidate)
            if stamp is not None:
                return stamp
        return " ".join(written.values()) or None


def compile_layout(layout: str) -> re.Pattern[str]:
    """The layout as a pattern of what comes before the content, fields as named groups."""
    pieces = _FIELD.split(layout)
    names = pieces[1::2]
    where = f"layout {layout!r}"
    if CONTENT not in names or names[-1] != CONTENT or pieces[-1].strip():
        raise FormatError("the layout does not end in <Content>", where=where, mend="put <Content> at its end")
    for name in names:
        if not name.isidentifier():
            raise FormatError(f"{name!r} cannot name a field", where=where, mend="use letters, digits and underscores")
        if names.count(name) > 1:
            raise FormatError(f"the field <{name}> is there twice", where=where, mend="give each field its own name")
    pattern = ""
    for text, name, after in zip(pieces[0::2], names, pieces[2::2]):
        pattern += _BLANKS.sub(r"\\s+", text)
        if name != CONTENT:
            # A field with nothing but blanks behind it is one word: nothing to try out, whatever the line.
            pattern += rf"(?P<{name}>\S*?)" if after and not after.strip() else rf"(?P<{name}>.*?)"
    mend = r"write a literal bracket, parenthesis, dot or star with a backslash before it: \[<Time>\]"
    try:
        header = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        what = f"the text between the fields is no regular expression ({error})"
        raise FormatError(what, where=where, mend=mend) from error
    for name in names[:-1]:
        # "[<Time>]" compiles: as a set of characters.
        if name not in header.groupindex:
            raise FormatError(f"the field <{name}> is lost in a set of characters", where=where, mend=mend)
    return header
