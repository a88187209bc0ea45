"""The threshold from its budget, and the p-values from what the manifest keeps of the slice."""

from __future__ import annotations

from typing import List

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.bundle.manifest import Calibration, Threshold
from edge.errors import InputError
from edge.runtime.verdicts import PValues, is_anomalous
from export.calibrate import choose_threshold, summarise

SCORES = st.lists(st.floats(-1e6, 1e6, width=32) | st.integers(-3, 3).map(float), min_size=1, max_size=200)


def p_values_of(calibration: Calibration) -> PValues:
    """Without a tolerance, so that they are exact."""
    return PValues(calibration, tolerance=0.0, threshold=0.0)


def by_share(scores: np.ndarray, share: float) -> Threshold:
    return choose_threshold(scores, target_fpr=share, alerts_per_day=None, days=None)


def by_day(scores: np.ndarray, alerts: float, days: float) -> Threshold:
    return choose_threshold(scores, target_fpr=None, alerts_per_day=alerts, days=days)


def flagged(scores: np.ndarray, threshold: Threshold) -> int:
    return int(is_anomalous(scores, threshold.value).sum())


def test_the_threshold_lies_halfway_between_the_last_allowed_score_and_the_next() -> None:
    scores = np.arange(999, dtype=np.float32)
    threshold = by_share(scores, 0.01)
    assert threshold.value == 989.5, "nine of 999: with the one to come they are 1 % of 1,000"
    assert flagged(scores, threshold) == 9
    assert threshold.expected_fpr == pytest.approx(0.01)
    assert (threshold.target_fpr, threshold.alerts_per_day, threshold.records) == (0.01, None, 999)
    assert threshold.method == "conformal: at most a share of 0.01 of normal records"


def test_equal_scores_are_flagged_together_or_not_at_all() -> None:
    scores = np.array([0.0] * 90 + [5.0] * 10, np.float32)
    assert flagged(scores, by_share(scores, 0.10)) == 0
    assert flagged(scores, by_share(scores, 0.12)) == 10
    assert by_share(scores, 0.12).value == 2.5


@pytest.mark.parametrize("share", [0.001, 0.005])
def test_a_slice_too_short_for_the_budget_flags_none_of_it(share: float) -> None:
    scores = np.linspace(1, 3, 150, dtype=np.float32)
    threshold = by_share(scores, share)
    assert flagged(scores, threshold) == 0
    assert 3.0 < threshold.value < 3.1
    needed = round(1 / share) - 1
    assert threshold.method.endswith(f"150 held-out records are too few for that, {needed} are needed")
    assert needed not in range(151), "with so many, one may be flagged by chance"
    assert threshold.expected_fpr == pytest.approx(1 / 151)


@pytest.mark.parametrize("scores", [[0.0], [0.0] * 300, [-5.0] * 300, [2.0] * 300, [1e30] * 300])
def test_scores_that_are_all_equal_lie_below_the_threshold(scores: List[float]) -> None:
    column = np.array(scores, np.float32)
    assert flagged(column, by_share(column, 0.01)) == 0


def test_a_budget_that_allows_all() -> None:
    scores = np.array([1.0, 2.0], np.float32)
    threshold = by_day(scores, 10, 1)
    assert flagged(scores, threshold) == 2
    assert threshold.value < 1


@pytest.mark.parametrize(("alerts", "days", "most"), [(1, 3.0, 3), (0.5, 4.0, 2), (2, 1.25, 2), (0, 100.0, 0)])
def test_alerts_per_day_are_those_of_the_days_of_the_slice(alerts: float, days: float, most: int) -> None:
    scores = np.arange(500, dtype=np.float32)
    threshold = by_day(scores, alerts, days)
    assert flagged(scores, threshold) == most
    assert (threshold.target_fpr, threshold.alerts_per_day) == (None, alerts)
    assert f"{alerts:g} alerts a day on {days:.2f} days" in threshold.method


@pytest.mark.parametrize(
    ("share", "alerts", "days"), [(None, None, None), (0.1, 3.0, 2.0), (None, 3.0, None), (None, 3.0, 0.0)]
)
def test_exactly_one_budget(share: float, alerts: float, days: float) -> None:
    with pytest.raises(ValueError, match=r"give one of|needs the number of days"):
        choose_threshold(np.ones(200, np.float32), target_fpr=share, alerts_per_day=alerts, days=days)


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_scores_that_are_no_numbers_give_no_threshold(broken: float) -> None:
    scores = np.array([1.0, broken, 2.0], np.float32)
    with pytest.raises(InputError, match="1 of 3 held-out scores are no finite numbers; "):
        by_share(scores, 0.1)


@given(SCORES, st.floats(1e-6, 0.5))
def test_the_flagged_share_is_within_the_budget(values: List[float], share: float) -> None:
    scores = np.array(values, np.float32)
    threshold = by_share(scores, share)
    count = flagged(scores, threshold)
    assert count <= share * len(scores)
    assert (count + 1) / (len(scores) + 1) == pytest.approx(threshold.expected_fpr)
    if count:
        assert threshold.expected_fpr <= share + 1e-9
    rest = scores[~is_anomalous(scores, threshold.value)]
    more = count + int((rest == rest.max()).sum()) if len(rest) else count + 1
    assert more + 1 > share * (len(scores) + 1) - 1e-6, "and the next score would not be"


@given(SCORES, st.floats(0, 50), st.floats(0.01, 10))
def test_the_alerts_are_within_the_budget(values: List[float], alerts: float, days: float) -> None:
    scores = np.array(values, np.float32)
    assert flagged(scores, by_day(scores, alerts, days)) <= alerts * days + 1e-6


@given(st.floats(-1e6, 1e6, width=32), st.integers(1, 30))
def test_neighbouring_scores_are_told_apart(value: float, count: int) -> None:
    """The middle of two neighbours of float32 rounds to one of them, half of the time to the lower one."""
    low = np.float32(value)
    high = np.nextafter(low, np.float32(np.inf))
    scores = np.array([low] * 100 + [high] * count, np.float32)
    assert flagged(scores, by_share(scores, 0.2)) == (count if count + 1 <= 0.2 * (len(scores) + 1) else 0)


def brute_force(held_out: np.ndarray, score: float) -> float:
    return (1 + int((held_out >= score).sum())) / (1 + len(held_out))


@given(SCORES, st.lists(st.floats(-1e6, 1e6, width=32), max_size=20))
def test_p_values_of_a_short_slice_are_exact(values: List[float], others: List[float]) -> None:
    held_out = np.array(values, np.float32)
    asked = np.array([*values, *others], np.float32)
    found = p_values_of(summarise(held_out))(asked)
    assert found.tolist() == [brute_force(held_out, score) for score in asked]


def test_p_values_of_a_long_slice_err_upwards_and_are_exact_at_the_end() -> None:
    random = np.random.default_rng(3)
    held_out = random.normal(size=20_000).astype(np.float32)
    calibration = summarise(held_out)
    assert len(calibration.scores) == len(calibration.at_least) <= 2048
    assert (calibration.scores[0], calibration.scores[-1]) == (held_out.min(), held_out.max())
    asked = np.sort(np.concatenate([held_out, random.normal(size=2000).astype(np.float32), [-9, 9]])).astype(np.float32)
    found = p_values_of(calibration)(asked)
    at_least = len(held_out) - np.searchsorted(np.sort(held_out), asked, side="left")
    exact = (1 + at_least) / (1 + len(held_out))
    assert (found >= exact).all()
    assert (found - exact).max() < 0.002
    end = asked >= np.sort(held_out)[-1024]
    assert end.sum() > 1024
    assert (found[end] == exact[end]).all()
    assert (found > exact).any(), "the slice was long enough to be thinned"


@given(SCORES, st.floats(1e-3, 0.5))
def test_the_threshold_and_the_p_values_agree(values: List[float], share: float) -> None:
    """A record of the slice is flagged when, and only when, its own p-value is within the share."""
    scores = np.array(values, np.float32)
    verdicts = is_anomalous(scores, by_share(scores, share).value)
    p_values = p_values_of(summarise(scores))(scores)
    clear = np.abs(p_values - share) > 1e-6
    assert (verdicts == (p_values <= share))[clear].all()
