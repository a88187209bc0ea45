"""How likely bags of events are."""

from __future__ import annotations

import numpy as np

from export.sequence.bags import COUNT_LEVELS, Bags, fit_bags

A, B, C = 5, 6, 7
VOCABULARY = 8


def rows(*contents: list[int]) -> np.ndarray:
    ids = np.zeros((len(contents), 24), np.int32)
    for row, content in zip(ids, contents, strict=True):
        row[: len(content)] = content
    return ids


def surprise(bags: Bags, ids: list[int]) -> float:
    levels = [int(np.searchsorted(COUNT_LEVELS, ids.count(e), side="right")) - 1 for e in range(1, VOCABULARY)]
    places = [e * len(COUNT_LEVELS) + level for e, level in enumerate(levels, 1)]
    return float(-np.logaddexp.reduce(bags.weights + bags.table[places].sum(axis=0)))


def test_bags_are_a_distribution() -> None:
    """What each prototype says of a token's levels adds up to 1."""
    bags = fit_bags(rows(*[[A, B]] * 30, *[[A, A, B]] * 10, [A, C]), VOCABULARY, 0)
    table = np.exp(bags.table.astype(np.float64)).reshape(VOCABULARY, len(COUNT_LEVELS), -1)
    np.testing.assert_allclose(table.sum(axis=1), 1.0, rtol=1e-5)
    np.testing.assert_allclose(np.exp(bags.weights).sum(), 1.0, rtol=1e-5)


def test_what_was_never_so_is_less_likely() -> None:
    bags = fit_bags(rows(*[[A, B, B]] * 60, *[[A, A, B, B]] * 40), VOCABULARY, 0)
    common, rarer = surprise(bags, [A, B, B]), surprise(bags, [B, A, B, A])
    assert common < rarer < 1.5
    for odd in ([A, B], [A, B, B, C], [A] * 12 + [B, B], []):
        assert surprise(bags, odd) > rarer + 5, odd
    assert surprise(bags, []) > surprise(bags, [A, B])


def test_the_order_is_none_of_its_business() -> None:
    first = fit_bags(rows(*[[A, B, C]] * 5, [A]), VOCABULARY, 0)
    second = fit_bags(rows(*[[C, B, A]] * 5, [A]), VOCABULARY, 0)
    assert (first.table == second.table).all()


def test_counts_are_drawn_anew_where_they_vary_without_a_rule() -> None:
    """Two tokens vary independently: a pair of counts that never came together is ordinary."""
    random = np.random.default_rng(0)
    varied = [[A] * random.integers(1, 7) + [B] * random.integers(1, 7) for _ in range(400)]
    free = fit_bags(rows(*varied), VOCABULARY, 0)
    bound = fit_bags(rows(*([A] * n + [B] * n for n in range(1, 7) for _ in range(60))), VOCABULARY, 0)
    assert surprise(free, [A] * 6 + [B]) < 6
    assert surprise(bound, [A] * 6 + [B]) > surprise(bound, [A] * 6 + [B] * 6) + 4
