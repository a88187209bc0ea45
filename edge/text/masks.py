"""Masks: parts of a line that vary without meaning (numbers, addresses) become one token each.

Masks are data of the manifest, applied in their order. They are compiled once and run over a whole batch joined by
newlines, so the cost is one pass of the regular-expression engine for each mask and batch.
"""

from __future__ import annotations

import re
import string
from typing import List, NamedTuple, Sequence

from edge.bundle.preprocessing import Mask
from edge.errors import FormatError

# Every printable ASCII character, the line break among them: what a mask does here, it would do in a log.
_PROBE = string.printable


class MaskedText(NamedTuple):
    """A masked content and, for each of its characters, the span ``[start, end)`` of the content that it stands for."""

    text: str
    starts: List[int]
    ends: List[int]


class Masker:
    """Applies a list of masks.

    Raises:
        FormatError: a pattern does not compile, or can match nothing at all or a line break (either would tear
            lines apart).
    """

    def __init__(self, masks: Sequence[Mask]) -> None:
        self._rules = [(_compile(mask), mask.token) for mask in masks]

    def apply(self, contents: Sequence[str]) -> List[str]:
        """The masked contents, in order. Contents hold no newline."""
        if not contents:
            return []
        joined = "\n".join(contents)
        breaks = len(contents) - 1
        for pattern, token in self._rules:
            masked = pattern.sub(token, joined)
            if masked.count("\n") != breaks:
                # A match reached from one line into the next (a blank of the pattern was a line break here).
                masked = "\n".join([pattern.sub(token, line) for line in joined.split("\n")])
            joined = masked
        return joined.split("\n")

    def trace(self, content: str) -> MaskedText:
        """One masked content with the way back to the original; slower, for lines that are shown to a person."""
        text = content
        starts = list(range(len(content)))
        ends = list(range(1, len(content) + 1))
        for pattern, token in self._rules:
            parts: List[str] = []
            new_starts: List[int] = []
            new_ends: List[int] = []
            done = 0
            for match in pattern.finditer(text):
                first, last = match.span()
                parts += (text[done:first], token)
                new_starts += starts[done:first] + [starts[first]] * len(token)
                new_ends += ends[done:first] + [ends[last - 1]] * len(token)
                done = last
            parts.append(text[done:])
            text = "".join(parts)
            starts = new_starts + starts[done:]
            ends = new_ends + ends[done:]
        return MaskedText(text, starts, ends)


def _compile(mask: Mask) -> re.Pattern[str]:
    where = f"mask {mask.name!r}"
    try:
        pattern = re.compile(mask.pattern, re.MULTILINE)
    except re.error as error:
        raise FormatError(f"{mask.pattern!r} is not a regular expression ({error})", where=where) from error
    if re.search(r"(?<!\\)(?:\\\\)*\\[AZ]", mask.pattern):
        raise FormatError(
            f"{mask.pattern!r} holds \\A or \\Z, and lines are masked many at a time", where=where, mend="use ^ and $"
        )
    if pattern.search("") or any(match[0] in ("", "\n") for match in pattern.finditer(_PROBE)):
        raise FormatError(f"{mask.pattern!r} can match an empty text or a line break", where=where)
    if "\n" in mask.token or "\\" in mask.token:
        raise FormatError(f"token {mask.token!r} holds a line break or a backslash", where=where)
    return pattern
