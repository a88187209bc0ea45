"""The bounded memory of recent scores."""

from __future__ import annotations

from typing import Dict, List, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.runtime.cache import RecentCache


def test_what_was_put_is_found_again() -> None:
    cache = RecentCache(8)
    cache.put_many(["a", "b", ""], [1.0, 2.5, 0.0])
    assert cache.get_many(["", "b", "c", "a"]) == [0.0, 2.5, None, 1.0]
    cache.put_many(["a"], [7.0])
    assert cache.get_many(["a"]) == [7.0], "the newest score counts"
    assert cache.get_many([]) == []


def test_the_oldest_are_forgotten() -> None:
    cache = RecentCache(4)
    cache.put_many(["a", "b", "c", "d"], [1.0, 2.0, 3.0, 4.0])
    cache.put_many(["e"], [5.0])
    assert cache.get_many(["a", "b", "c", "d", "e"]) == [None, None, 3.0, 4.0, 5.0]


def test_what_is_used_is_kept() -> None:
    cache = RecentCache(4)
    cache.put_many(["often"], [1.0])
    for number in range(50):
        assert cache.get_many(["often"]) == [1.0], number
        cache.put_many([f"once {number}"], [float(number)])
    assert cache.get_many(["once 3"]) == [None]


@pytest.mark.parametrize("capacity", [0, -1])
def test_without_capacity_nothing_is_kept(capacity: int) -> None:
    cache = RecentCache(capacity)
    cache.put_many(["a"], [1.0])
    assert cache.get_many(["a", "b"]) == [None, None]
    assert len(cache) == 0


STEP = st.tuples(st.booleans(), st.lists(st.sampled_from("abcdefghij"), max_size=6, unique=True))


@given(st.integers(2, 12), st.lists(STEP, max_size=30))
def test_it_is_never_wrong_and_never_too_large(capacity: int, steps: List[Tuple[bool, List[str]]]) -> None:
    cache = RecentCache(capacity)
    model: Dict[str, float] = {}
    for turn, (put, texts) in enumerate(steps):
        if put:
            scores = [turn + len(text) / 2 for text in texts]
            cache.put_many(texts, scores)
            model.update(zip(texts, scores))
            newest = texts[-(capacity // 2) :]
            assert cache.get_many(newest) == [model[text] for text in newest]
        else:
            found = cache.get_many(texts)
            assert all(score is None or score == model[text] for text, score in zip(texts, found))
        assert len(cache) <= capacity


def test_very_long_texts_are_not_remembered() -> None:
    cache = RecentCache(10)
    cache.put_many(["a" * 1024, "b" * 1025], [1.0, 2.0])
    assert cache.get_many(["a" * 1024, "b" * 1025]) == [1.0, None]
