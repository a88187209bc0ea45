"""The word that a line is in its session."""

from __future__ import annotations

from typing import List

from hypothesis import given
from hypothesis import strategies as st

from edge.bundle.preprocessing import Mask
from edge.dictionary.spec import Dictionary, Template
from edge.sequence.words import NEW_EVENT, LineEvents, RowWords


def test_masks_come_before_the_dictionary() -> None:
    template = Template(id=4, text="sent <num> bytes to <*>", count=1, history=[], known=False)
    masks = [Mask(name="number", pattern=r"\d+", token="<num>")]
    events = LineEvents(masks, Dictionary(schema_version=1, templates=[template]))
    assert events.words(["sent 12 bytes to b", "sent 9 bytes", "sent x bytes to b"]) == ["4", NEW_EVENT, NEW_EVENT]


def test_rows_are_words_already() -> None:
    assert RowWords().words(["GET,1,2", "no row", "", " "]) == ["GET,1,2", "no_row", "_", "_"]


@given(st.lists(st.text()))
def test_whatever_a_content_is_it_becomes_one_word(contents: List[str]) -> None:
    words = RowWords().words(contents)
    assert len(words) == len(contents)
    assert all(word.split() == [word] for word in words)
