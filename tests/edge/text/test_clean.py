"""Raw lines to text."""

from __future__ import annotations

import time
from typing import List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.text.clean import decode_block, strip_escapes

LINE = st.lists(
    st.binary(max_size=6)
    | st.sampled_from(
        [
            b"\x1b[",
            b"\x1b]",
            b"\x1b\\",
            b"\x07",
            b"31m",
            b"\xc2\x9b",
            b"\xef\xbb\xbf",
            b"\xe2\x82",
            b"\x1bP",
            b"\r",
            b"\0",
        ]
    ),
    max_size=8,
).map(lambda parts: b"".join(parts).replace(b"\n", b""))


@given(st.lists(LINE, max_size=8))
def test_the_number_of_lines_stays_and_lines_do_not_affect_each_other(lines: List[bytes]) -> None:
    assert decode_block(lines) == [text for line in lines for text in decode_block([line])]
    assert len(decode_block(lines)) == len(lines)


@given(st.lists(st.text(st.characters(blacklist_characters="\n\x1b\x9b\x9d\ufeff", blacklist_categories=["Cs"]))))
def test_clean_text_comes_back(texts: List[str]) -> None:
    assert decode_block([text.encode() for text in texts]) == texts


def test_bad_bytes_become_replacement_characters() -> None:
    assert decode_block([b"a\xffb", b"cut \xe2\x82", b"\xacnext"]) == ["a\ufffdb", "cut \ufffd", "\ufffdnext"]


def test_other_line_separators_do_not_split() -> None:
    assert decode_block(["a\u2028b\x85c\x0bd\x0ce\rf".encode()]) == ["a\u2028b\x85c\x0bd\x0ce\rf"]


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("\x1b[0;31mExample\x1b[0m foo", "Example foo"),
        ("\x1b[38;2;0;255;0mbaz\x1b[m", "baz"),
        ("\x1b[2K\x1b[1Aweb-1 | up", "web-1 | up"),
        ("\x1b[?25lhidden cursor\x1b[?25h", "hidden cursor"),
        ("\x9b1mbold\x9b0m", "bold"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://host/\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b(B\x1b[mreset", "reset"),
        ("\x1bPdevice\x1b\\text", "text"),
        ("\ufefffirst\n\ufeffsecond \ufeff inside", "first\nsecond \ufeff inside"),
    ],
)
def test_escape_sequences_go(text: str, clean: str) -> None:
    assert strip_escapes(text) == clean


@pytest.mark.parametrize("text", ["\x1b]0;no end of the title", "\x1b[31", "\x1bPno end", "ends in \x1b"])
def test_unfinished_sequences_hide_nothing(text: str) -> None:
    assert strip_escapes(text) == text
    assert decode_block([text.encode(), b"next\x07"]) == [text, "next\x07"]


@pytest.mark.parametrize("piece", ["\x1b]", "\x1b[", "\x9d", "\x9b0", "\x1bP", "\x1b ", "\x1b[0 ", "\ufeff", "\x1b"])
def test_a_hostile_line_does_not_stall(piece: str) -> None:
    begin = time.perf_counter()
    assert len(decode_block([(piece * ((1 << 20) // len(piece))).encode()] * 2)) == 2
    assert time.perf_counter() - begin < 10
