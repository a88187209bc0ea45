"""Raw lines to text: decoded as UTF-8, terminal control sequences removed."""

from __future__ import annotations

import re
from typing import List

# Sources: ECMA-48 (5.4 control sequences, 5.6 control strings), ISO 2022 (escape sequences with intermediate bytes).
# A control string without its end is left as it is: else one such byte pair would hide the rest of a line.
_ESCAPE_SEQUENCE = re.compile(
    r"""
    (?:\x1b\[|\x9b)[0-?]*[\ -/]*[@-~]                   # CSI: colours, cursor movement
    | (?:\x1b\]|\x9d)[^\x07\x1b\x9c\x9d\n]*(?:\x07|\x1b\\|\x9c)  # OSC: window titles, links
    | (?:\x1b[PX^_])[^\x1b\x9c\n]*(?:\x1b\\|\x9c)       # device control and application strings
    | \x1b[\ -/]+[0-~]                                  # character set selection, as in the terminal's reset
    """,
    re.VERBOSE,
)
_BYTE_ORDER_MARK = "\ufeff"


def decode_block(lines: List[bytes]) -> List[str]:
    """As many texts as lines: UTF-8, each bad byte sequence as U+FFFD, without escape sequences.

    A byte order mark that begins a line goes too. The lines hold no line feed, as `edge.files.lines` gives them.
    """
    if not lines:
        return []
    # A bad sequence never swallows the line feed between two lines: it is no continuation byte.
    return strip_escapes(b"\n".join(lines).decode("utf-8", "replace")).split("\n")


def strip_escapes(text: str) -> str:
    """The text, of one line or of many, without ANSI escape sequences and leading byte order marks."""
    if "\x1b" in text or "\x9b" in text or "\x9d" in text:
        text = _ESCAPE_SEQUENCE.sub("", text)
    if _BYTE_ORDER_MARK in text:
        text = text.replace("\n" + _BYTE_ORDER_MARK, "\n")
        if text.startswith(_BYTE_ORDER_MARK):
            text = text[1:]
    return text
