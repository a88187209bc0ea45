"""Metrics against brute force and against cases that are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("sklearn", reason="scikit-learn belongs to the extra `export`")

from export.evaluate.bootstrap import Side
from export.evaluate.metrics import auroc, measure, percentile, tpr_at

# Few distinct values, so that ties are the rule.
scores = st.lists(st.integers(0, 6), min_size=1, max_size=30).map(lambda values: np.array(values, np.float32) / 4)


def alone(scores: np.ndarray) -> Side:
    """Every record distinct."""
    return Side(scores, np.arange(len(scores)))


def brute_auroc(normal: np.ndarray, anomalous: np.ndarray) -> float:
    wins = sum((a > n) + 0.5 * (a == n) for a in anomalous.tolist() for n in normal.tolist())
    return wins / (len(normal) * len(anomalous))


def operating_points(normal: np.ndarray, anomalous: np.ndarray) -> list[tuple[float, float, float]]:
    """(FPR, TPR, precision) from the highest threshold to the lowest."""
    points = []
    for threshold in sorted({*normal.tolist(), *anomalous.tolist()}, reverse=True):
        hits, alarms = np.count_nonzero(anomalous >= threshold), np.count_nonzero(normal >= threshold)
        points.append((alarms / len(normal), hits / len(anomalous), hits / (hits + alarms)))
    return points


def brute_pauc(normal: np.ndarray, anomalous: np.ndarray, limit: float) -> float:
    area, last_fpr, last_tpr = 0.0, 0.0, 0.0
    for fpr, tpr, _ in operating_points(normal, anomalous):
        if fpr > limit:
            cut = last_tpr + (tpr - last_tpr) * (limit - last_fpr) / (fpr - last_fpr)
            area += (limit - last_fpr) * (last_tpr + cut) / 2
            break
        area += (fpr - last_fpr) * (last_tpr + tpr) / 2
        last_fpr, last_tpr = fpr, tpr
    chance = limit**2 / 2
    return 0.5 * (1 + (area - chance) / (limit - chance))


def brute_average_precision(normal: np.ndarray, anomalous: np.ndarray) -> float:
    total, last = 0.0, 0.0
    for _, tpr, precision in operating_points(normal, anomalous):
        total += (tpr - last) * precision
        last = tpr
    return total


@settings(deadline=None, max_examples=25)
@given(scores, scores, st.sampled_from([0.0, 0.5, 0.6, 1.5, 9.0]))
def test_measure_agrees_with_brute_force(normal: np.ndarray, anomalous: np.ndarray, threshold: float) -> None:
    found = measure(alone(normal), alone(anomalous), threshold, seed=0)
    assert found.auroc == pytest.approx(brute_auroc(normal, anomalous))
    assert found.average_precision == pytest.approx(brute_average_precision(normal, anomalous))
    assert found.pauc == pytest.approx(brute_pauc(normal, anomalous, 0.01))
    assert found.tpr == np.mean([score >= threshold for score in anomalous.tolist()])
    assert found.fpr == np.mean([score >= threshold for score in normal.tolist()])
    assert (found.normal, found.anomalous) == (len(normal), len(anomalous))
    hits, alarms = np.count_nonzero(anomalous >= threshold), np.count_nonzero(normal >= threshold)
    assert (found.flagged_anomalous, found.flagged_normal) == (hits, alarms)
    assert found.precision == pytest.approx(hits / (hits + alarms) if hits + alarms else 0)
    right = hits + len(normal) - alarms
    assert found.accuracy == pytest.approx(right / (len(normal) + len(anomalous)))
    assert found.f1 == pytest.approx(2 * hits / (len(anomalous) + hits + alarms))
    assert (found.f1_at_base_rate, found.shown_f1) == (None, found.f1)


@given(scores, scores)
def test_auroc_agrees_with_brute_force(normal: np.ndarray, anomalous: np.ndarray) -> None:
    assert auroc(normal, anomalous) == pytest.approx(brute_auroc(normal, anomalous))


@given(scores, scores)
def test_percentile_counts_what_is_strictly_below(normal: np.ndarray, wanted: np.ndarray) -> None:
    expected = [np.mean(normal < score) for score in wanted]
    assert percentile(normal, wanted).tolist() == pytest.approx(expected)


@given(scores, scores, st.sampled_from([0.0, 0.01, 0.1, 0.5]))
def test_tpr_at_a_rate_of_false_alarms(normal: np.ndarray, anomalous: np.ndarray, rate: float) -> None:
    """Brute force: of all thresholds that keep the rate, the one that finds most."""
    candidates = [-np.inf, *normal.tolist(), *anomalous.tolist()]
    kept = [t for t in candidates if np.count_nonzero(normal > t) <= rate * len(normal) + 1e-9]
    assert tpr_at(normal, anomalous, rate) == max(np.mean(anomalous > t) for t in kept)


def test_pauc_looks_at_the_first_percent_only() -> None:
    """One normal line in fifty above everything: small over the whole curve, all that counts up to 1 %."""
    normal = np.zeros(1000, np.float32)
    normal[:20] = 2
    found = measure(alone(normal), alone(np.ones(100, np.float32)), 1.5, seed=0)
    assert found.auroc == pytest.approx(0.98)
    assert found.pauc < 0.5
