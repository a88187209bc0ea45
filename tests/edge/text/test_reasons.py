"""From scores of tokens to odd words."""

from __future__ import annotations

from typing import List, Tuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.bundle.preprocessing import Mask
from edge.runtime.records import Reason
from edge.text.masks import Masker
from edge.text.reasons import MOST_REASONS, odd_words

MASKER = Masker([Mask(name="number", pattern=r"\d+", token="<num>")])


def reasons(content: str, tokens: List[Tuple[str, float]], *, length: int = 8, shift: int = 0) -> List[Reason]:
    """The reasons when the masked content consists of these tokens with these scores, all in one row."""
    traced = MASKER.trace(content)
    spans, done = [], 0
    for token, _ in tokens:
        start = traced.text.index(token, done)
        done = start + len(token)
        spans.append((start, done))
    places = np.full((1, length), -1, np.int32)
    places[0, : len(tokens)] = np.arange(len(tokens))
    scores = np.full((1, length), 99.0, np.float32)  # what the model says of padding counts for nothing
    scores[0, : len(tokens)] = [score for _, score in tokens]
    return odd_words(content, traced, spans, places, scores, shift)


def test_the_oddest_words_come_first_and_faint_ones_are_left_out() -> None:
    found = reasons("open the vault now", [("open", 1.0), ("the", 0.5), ("vault", 8.0), ("now", 4.0)])
    assert found == [Reason("vault", 9, 14, 8.0), Reason("now", 15, 18, 4.0)]


def test_a_word_counts_with_its_oddest_token() -> None:
    found = reasons("sshd[17]: gone", [("sshd", 1.0), ("[", 0.0), ("<num>", 6.0), ("]:", 0.5), ("gone", 5.0)])
    assert found == [Reason("sshd[17]:", 0, 9, 6.0), Reason("gone", 10, 14, 5.0)]


def test_spans_are_those_of_the_line_before_masking_and_shifted_by_its_header() -> None:
    content = "took 123456 ms, then 7 failed"
    found = reasons(content, [("<num> ms", 0.1), ("<num>", 3.0), ("failed", 2.0)], shift=100)
    assert [(reason.text, reason.start, reason.end) for reason in found] == [("7", 121, 122), ("failed", 123, 129)]


def test_a_token_in_several_rows_counts_with_its_highest_score() -> None:
    traced = MASKER.trace("a b c")
    places = np.array([[0, 1], [1, 2]], np.int32)
    scores = np.array([[1.0, 1.5], [6.0, 2.0]], np.float32)
    found = odd_words("a b c", traced, [(0, 1), (2, 3), (4, 5)], places, scores)
    assert found == [Reason("b", 2, 3, 6.0)]


def test_at_most_five_words_and_ties_in_the_order_of_the_line() -> None:
    content = " ".join(f"word{chr(97 + i % 26)}{'x' * (i // 26)}" for i in range(60))
    found = reasons(content, [(word, 1.0 + i % 2) for i, word in enumerate(content.split())], length=60)
    assert [reason.text for reason in found] == content.split()[1::2][:MOST_REASONS]


@pytest.mark.parametrize("score", [0.0, -1.0])
def test_a_line_that_is_not_odd_has_no_reasons(score: float) -> None:
    assert reasons("all fine", [("all", score), ("fine", score)]) == []


def test_nothing_to_name() -> None:
    assert reasons("", []) == []
    assert reasons("   ", []) == []
    assert reasons("no token at all", []) == []


def test_tokens_of_blanks_and_empty_tokens_name_no_word() -> None:
    traced = MASKER.trace("a b")
    places = np.array([[0, 1, 2]], np.int32)
    scores = np.array([[9.0, 9.0, 1.0]], np.float32)
    assert odd_words("a b", traced, [(1, 2), (2, 2), (2, 3)], places, scores) == [Reason("b", 2, 3, 1.0)]


@given(st.text("ab 1\u00fc\t", max_size=40), st.lists(st.floats(-5, 50, width=32), min_size=8, max_size=8))
def test_reasons_are_words_of_the_line(content: str, scores: List[float]) -> None:
    tokens = [(word, score) for word, score in zip(MASKER.apply([content])[0].split(), scores)]
    found = reasons(content, tokens)
    assert len(found) <= MOST_REASONS
    assert [reason.score for reason in found] == sorted((reason.score for reason in found), reverse=True)
    for reason in found:
        assert reason.text == content[reason.start : reason.end]
        assert reason.text in content.split()
    assert bool(found) == any(score > 0 for _, score in tokens)
