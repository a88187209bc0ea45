"""Masks: a batch at a time, and one line with the way back to what it was."""

from __future__ import annotations

from itertools import groupby
from typing import List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.bundle.preprocessing import Mask
from edge.errors import FormatError
from edge.text.masks import Masker

MASKS = [
    Mask(name="run of nul", pattern=r"\x00+", token="<nul>"),
    Mask(name="address", pattern=r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])", token="<ip>"),
    Mask(name="line start", pattern=r"^-+", token=""),
    Mask(name="line end", pattern=r"\.$", token="!"),
    Mask(name="number", pattern=r"\d+", token="<num>"),
    Mask(name="blanks", pattern=r"a\s+a", token="<aa>"),
    Mask(name="token again", pattern=r"<num>(?:,<num>)+", token="<nums>"),
]
TOKENS = {mask.token for mask in MASKS}
CONTENT = st.lists(
    st.sampled_from(
        ["10.0.0.1", "1", "22", ",", ".", "-", "--", " ", "a", "a a", "\0", "\r", "\u2028", "é", "<num>", "\x1c"]
    )
    | st.text(st.characters(blacklist_characters="\n", blacklist_categories=["Cs"]), max_size=3),
    max_size=12,
).map("".join)


@pytest.fixture(scope="module")
def masker() -> Masker:
    return Masker(MASKS)


def test_masks_are_applied_in_their_order(masker: Masker) -> None:
    contents = ["from 10.0.0.1 port 22", "--dropped 1,2,30.", "", "a\0\0\0b", "1.2.3.4.5"]
    assert masker.apply(contents) == [
        "from <ip> port <num>",
        "dropped <nums>!",
        "",
        "a<nul>b",
        "<num>.<num>.<num>.<num>.<num>",
    ]
    assert masker.apply([]) == []


def test_without_masks_nothing_changes() -> None:
    assert Masker([]).apply(["a 1", ""]) == ["a 1", ""]
    assert Masker([]).trace("a 1") == ("a 1", [0, 1, 2], [1, 2, 3])


@given(st.lists(CONTENT, max_size=8))
def test_a_batch_is_masked_as_its_lines_are_one_by_one(contents: List[str]) -> None:
    masker = Masker(MASKS)
    masked = masker.apply(contents)
    assert masked == [text for content in contents for text in masker.apply([content])]
    assert len(masked) == len(contents)


@given(CONTENT)
def test_a_trace_masks_as_the_batch_does_and_points_into_the_content(content: str) -> None:
    masker = Masker(MASKS)
    text, starts, ends = masker.trace(content)
    assert [text] == masker.apply([content])
    assert len(starts) == len(ends) == len(text)
    assert starts == sorted(starts)
    assert ends == sorted(ends)
    assert all(0 <= start < end <= len(content) for start, end in zip(starts, ends))
    for span, group in groupby(zip(starts, ends, text), key=lambda place: place[:2]):
        part = "".join(character for _, _, character in group)
        assert part == content[slice(*span)] or part in TOKENS, "a character of the content, or a whole token"


def test_a_trace_gives_a_token_the_span_of_what_it_replaced(masker: Masker) -> None:
    content = "-- from 10.0.0.1: 7,88 x."
    text, starts, ends = masker.trace(content)
    assert text == " from <ip>: <nums> x!"
    for part, original in {"from": "from", "<ip>": "10.0.0.1", "<nums>": "7,88", "x": "x", "!": "."}.items():
        first = text.index(part)
        last = first + len(part) - 1
        assert content[starts[first] : ends[last]] == original, part
    at = text.index("<ip>")
    assert set(starts[at : at + 4]) == {content.index("10")}, "each character of a token has the whole span"
    assert set(ends[at : at + 4]) == {content.index("10") + len("10.0.0.1")}


@pytest.mark.parametrize("pattern", ["(", "[a", "*", "(?P<1>a)"])
def test_a_pattern_that_does_not_compile_is_refused(pattern: str) -> None:
    with pytest.raises(FormatError, match=r"^mask 'broken': '.*' is not a regular expression \(.+\)$"):
        Masker([*MASKS, Mask(name="broken", pattern=pattern, token="<x>")])


def test_a_blank_in_a_pattern_is_no_line_break(masker: Masker) -> None:
    assert masker.apply(["a a", "a", "a  a a", "a"]) == ["<aa>", "a", "<aa> a", "a"]


@pytest.mark.parametrize("pattern", ["a*", "^", r"\b|a", "(?=a)", "(?<=a)", r"\s", r"\n", "[^a]", "(?s:.)"])
def test_a_pattern_that_could_tear_lines_apart_is_refused(pattern: str) -> None:
    with pytest.raises(FormatError, match=r"mask 'wide': .* can match an empty text or a line break"):
        Masker([Mask(name="wide", pattern=pattern, token="<x>")])


@pytest.mark.parametrize("token", ["<a\nb>", r"\1", "\\"])
def test_a_token_that_would_not_stay_what_it_is_is_refused(token: str) -> None:
    with pytest.raises(FormatError, match=r"mask 'odd': token .* holds a line break or a backslash"):
        Masker([Mask(name="odd", pattern="a", token=token)])


@pytest.mark.parametrize("pattern", [r"\w+\Z", r"\A\w+", r"a|\\\Z"])
def test_the_ends_of_the_whole_text_are_no_ends_of_a_line(pattern: str) -> None:
    with pytest.raises(FormatError, match="lines are masked many at a time; use"):
        Masker([Mask(name="end", pattern=pattern, token="<x>")])
    Masker([Mask(name="fine", pattern=r"\\Zoo|\w+$", token="<x>")])
