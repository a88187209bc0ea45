from __future__ import annotations

import time
from typing import Any, List, Optional, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.dictionary.matcher import Matcher
from edge.dictionary.spec import MOST_WORDS, WILDCARD, Template


def templates(*texts: str) -> List[Template]:
    return [Template(id=number, text=text, count=0, history=[], known=False) for number, text in enumerate(texts, 1)]


def naive(known: List[Template], text: str) -> Optional[int]:
    """What `Matcher` promises, in the plainest way."""
    words = text.split()[:MOST_WORDS]
    fitting: List[Tuple[int, List[int], int]] = []
    for template in known:
        parts = template.text.split()
        if len(parts) == len(words) and all(part in (WILDCARD, word) for part, word in zip(parts, words)):
            constants = [place for place, part in enumerate(parts) if part != WILDCARD]
            fitting.append((-len(constants), constants, template.id))
    return min(fitting)[2] if fitting else None


WORDS = st.sampled_from(["a", "b", "c", WILDCARD, WILDCARD])
FORMS = st.lists(st.lists(WORDS, max_size=5).map(" ".join), max_size=25, unique=True)
TEXTS = st.lists(st.tuples(st.lists(st.sampled_from("abcd"), max_size=6), st.sampled_from([" ", "  ", "\t", "\xa0"])))


@given(FORMS, TEXTS, st.sampled_from([0, 3, 1 << 16]))
def test_agrees_with_a_naive_matcher_at_the_first_and_at_the_second_time(forms: Any, parts: Any, memo: int) -> None:
    known = templates(*forms)
    texts = [blank.join(words) for words, blank in parts]
    matcher = Matcher(known, memo=memo)
    expected = [naive(known, text) for text in texts]
    assert matcher.match(texts) == expected
    assert matcher.match(texts) == expected


@given(st.permutations(templates("a <*> c", "<*> b c", "a b <*>", "<*> <*> <*>", "a b", "a <*>")), TEXTS)
def test_the_order_of_templates_changes_nothing(order: List[Template], parts: Any) -> None:
    texts = [blank.join(words) for words, blank in parts]
    assert Matcher(order).match(texts) == [naive(order, text) for text in texts]


# Frozen: these answers are part of what a bundle means, and must never change.
FROZEN = templates(
    "session opened for user <*>",
    "session <*> for user <*>",
    "session opened for user root",
    "<*> opened for user root",
    "connection from <ip> port <num>",
    "<*> from <*> port <num>",
    "",
    "<*>",
    "restart",
    "<*> <*>",
)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("session opened for user root", 3),
        ("session  opened\tfor user root ", 3),
        ("session opened for user ubuntu", 1),
        ("session closed for user ubuntu", 2),
        ("sessions opened for user root", 4),
        ("sessions opened for user ubuntu", None),
        ("connection from <ip> port <num>", 5),
        ("scan from <ip> port <num>", 6),
        ("scan from <ip> port 22", None),
        ("", 7),
        ("  ", 7),
        ("restart", 9),
        ("stop", 8),
        ("stop now", 10),
        ("one two three", None),
        ("session opened for user <*>", 1),
    ],
)
def test_frozen_answers(text: str, number: Optional[int]) -> None:
    assert Matcher(FROZEN).match([text]) == [number]
    assert naive(FROZEN, text) == number


def test_of_equally_many_constants_those_that_stand_first_win() -> None:
    assert Matcher(templates("<*> b <*> d", "a <*> c <*>", "<*> <*> c d")).match(["a b c d"]) == [2]


def test_of_a_long_text_the_first_words_count() -> None:
    form = " ".join(["start", *[WILDCARD] * (MOST_WORDS - 1)])
    matcher = Matcher(templates(form), memo=0)
    short, enough, more = (" ".join(["start", *["word"] * count]) for count in (254, 255, 5000))
    assert matcher.match([short, enough, more, more.replace("start", "end")]) == [None, 1, 1, None]


def test_no_templates_and_no_texts() -> None:
    assert Matcher([]).match(["a", ""]) == [None, None]
    assert Matcher(templates("a")).match([]) == []


def test_the_memory_is_bounded_and_holds_no_long_texts() -> None:
    matcher = Matcher(templates("<*>"), memo=100)
    for start in range(0, 1000, 30):
        assert matcher.match([f"w{number}" for number in range(start, start + 30)]) == [1] * 30
    assert matcher.match([f"v{number}" for number in range(500)]) == [1] * 500
    matcher.match(["x" * 2000])
    assert 1 <= len(matcher._known) <= 100
    assert max(map(len, matcher._known)) <= 1024
    constants = Matcher(templates("a", "b", "<*> <*>"), memo=2)
    assert constants.match(["c d", "e f", "g h", "a", "b", "a b c"]) == [3, 3, 3, 1, 2, None]
    assert len(constants._known) <= 4
    assert constants.match(["a", "c d"]) == [1, 3]


def test_many_templates_of_one_shape_take_no_longer() -> None:
    few, many = (
        Matcher(templates(*[f"unit-{number} <*> is down" for number in range(count)]), memo=0) for count in (10, 20_000)
    )
    texts = [f"unit-{number % 10} x is down" for number in range(5000)]
    assert few.match(texts) == many.match(texts)

    def seconds(matcher: Matcher) -> float:
        best = float("inf")
        for _ in range(5):
            begun = time.process_time()
            matcher.match(texts)
            best = min(best, time.process_time() - begun)
        return best

    assert seconds(many) < 10 * seconds(few)
