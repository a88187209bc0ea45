"""Verdicts and p-values."""

from __future__ import annotations

from typing import List

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.bundle.manifest import Calibration
from edge.runtime.verdicts import PValues, is_anomalous

SCORE = st.floats(-100, 100, width=32)


def calibration(scores: List[float]) -> Calibration:
    """Every distinct score kept, as for a small held-out slice."""
    distinct = sorted(set(scores))
    at_least = [sum(score >= point for score in scores) for point in distinct]
    return Calibration(records=len(scores), scores=distinct, at_least=at_least)


def p_values_of(calibration: Calibration) -> PValues:
    """Without a tolerance, so that they are exact."""
    return PValues(calibration, tolerance=0.0, threshold=0.0)


def test_the_threshold_itself_is_anomalous() -> None:
    scores = np.array([4.999, 5.0, 5.001, -np.inf, np.inf], np.float32)
    assert is_anomalous(scores, 5.0).tolist() == [False, True, True, False, True]


def test_a_threshold_is_compared_in_the_precision_of_the_scores() -> None:
    """0.1 as float32 is larger than 0.1 as float64: written to the manifest and read back it must still be reached."""
    scores = np.array([0.1, 0.7], np.float32)
    assert is_anomalous(scores, 0.1).tolist() == [True, True]
    assert is_anomalous(scores, 0.7).tolist() == [False, True]


def test_p_values_are_the_share_of_held_out_lines_that_scored_as_high() -> None:
    p_values = p_values_of(calibration([1.0, 2.0, 2.0, 8.0]))
    scores = np.array([0.5, 1.0, 1.5, 2.0, 2.5, 8.0, 8.5], np.float32)
    found = p_values(scores)
    assert found.dtype == np.float64
    assert found.tolist() == pytest.approx([5 / 5, 5 / 5, 4 / 5, 4 / 5, 2 / 5, 2 / 5, 1 / 5])
    assert p_values(np.zeros(0, np.float32)).tolist() == []


def test_thinned_points_err_upwards() -> None:
    """Of the scores 1, 2, 3, 4 only 1 and 4 are kept: between them counts what is above 1."""
    p_values = p_values_of(Calibration(records=4, scores=[1.0, 4.0], at_least=[4, 3]))
    assert p_values(np.array([1.0, 2.0, 3.5, 4.0, 4.5], np.float32)).tolist() == [1.0, 0.8, 0.8, 0.8, 0.2]


@given(st.lists(SCORE, min_size=1, max_size=40), st.lists(SCORE, min_size=1, max_size=20))
def test_p_values_are_exact_and_fall_as_scores_rise(held_out: List[float], asked: List[float]) -> None:
    found = p_values_of(calibration(held_out))(np.array(sorted(asked), np.float32))
    assert ((found > 0) & (found <= 1)).all()
    assert (np.diff(found) <= 0).all()
    assert found.tolist() == [
        (1 + sum(score >= point for score in held_out)) / (1 + len(held_out)) for point in sorted(asked)
    ]


@given(st.lists(SCORE, min_size=2, max_size=40), st.integers(1, 20))
def test_p_values_are_valid(scores: List[float], alarms: int) -> None:
    """Of exchangeable lines, at most the share `level` has a p-value of at most `level` (each left out in turn)."""
    level = alarms / 20
    p_values = [
        p_values_of(calibration(scores[:i] + scores[i + 1 :]))(np.array([scores[i]], np.float32))[0]
        for i in range(len(scores))
    ]
    assert sum(p <= level for p in p_values) <= level * len(scores) + 1e-9


def test_the_last_bit_of_a_score_does_not_matter() -> None:
    """Most held-out lines share one score; another backend gives it one float32 away."""
    p_values = PValues(calibration([0.25] * 90 + [3.0] * 9), tolerance=1e-5, threshold=2.0)
    shared = np.float32(0.25)
    scores = np.array([shared, np.nextafter(shared, np.float32(1)), shared + np.float32(1e-4)], np.float32)
    assert p_values(scores).tolist() == [1.0, 1.0, 0.1]
