from __future__ import annotations

import random
from typing import List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.bench.spread import grouped, ratio_of, slope_of, t_99


def test_student_of_the_handbook() -> None:
    assert (t_99(1), t_99(9), t_99(10)) == (63.657, 3.250, 3.169)
    # Between two rows the wider one, and behind the last one never less than the normal distribution's.
    assert (t_99(14), t_99(18), t_99(10**6)) == (2.977, 2.947, 2.626)


def test_a_ratio_by_hand() -> None:
    # Logarithms are 0, 1, 2 and 1, 2, 3 times that of 2: variance 1 each, standard error sqrt(2 / 3), t of 2 is 9.925.
    found = ratio_of([1, 2, 4], [2, 4, 8])
    assert found is not None
    assert found.value == pytest.approx(2)
    reach = 2 ** (9.925 * (2 / 3) ** 0.5)
    assert (found.low, found.high) == pytest.approx((2 / reach, 2 * reach))


def test_few_blocks_and_impossible_ones_tell_nothing() -> None:
    assert ratio_of([1, 2], [1, 2, 3]) is None
    assert ratio_of([1, 2, 3], []) is None
    assert ratio_of([1, 2, 0], [1, 2, 3]) is None


def test_noise_of_one_kind_is_seldom_a_difference() -> None:
    rng = random.Random(0)

    def blocks(mean: float) -> List[float]:
        return [rng.gauss(mean, 0.05) for _ in range(10)]

    def seen(second: float) -> int:
        found = [ratio_of(blocks(1.0), blocks(second)) for _ in range(500)]
        return sum(one is not None and not one.low <= 1 <= one.high for one in found)

    assert seen(1.0) <= 10
    assert seen(1.2) >= 490


@given(st.lists(st.floats(0.1, 1e6), min_size=3, max_size=12))
def test_a_ratio_with_itself_holds_one(values: List[float]) -> None:
    found = ratio_of(values, values)
    assert found is not None
    assert found.low <= 1 <= found.high


def test_a_slope_by_hand() -> None:
    # The line is 1 + 2 t; residuals 1, -1, -1, 1 cancel in it: s² = 4 / 2, over a square of 5.
    found = slope_of([0, 1, 2, 3], [2, 2, 4, 8])
    assert found is not None
    assert found.value == pytest.approx(2)
    assert found.high - found.value == pytest.approx(9.925 * (2 / 5) ** 0.5)


def test_no_line_through_two_points_or_one_moment() -> None:
    assert slope_of([0, 1], [0, 1]) is None
    assert slope_of([1, 1, 1], [0, 1, 2]) is None


def test_groups_are_consecutive_sums() -> None:
    assert grouped([[1, 10], [2, 20], [3, 30], [4, 40], [5, 50]], 2) == [[6, 60], [9, 90]]
    assert grouped([[1, 10]], 3) == [[1, 10]]
    assert grouped([], 3) == []
