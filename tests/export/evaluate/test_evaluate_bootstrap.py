"""Intervals that resample distinct records, against scikit-learn and against plain resampling."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn belongs to the extra `export`")

from export.evaluate.bootstrap import REPLICATES, Side, interval, resample
from export.evaluate.metrics import as_labelled, auroc, measure


def drawn(mean: float, distinct: int, repeats: int, seed: int) -> Side:
    scores = np.random.default_rng(seed).normal(mean, 1, distinct).round(2).astype(np.float32)
    return Side(np.repeat(scores, repeats), np.repeat(np.arange(distinct), repeats))


def one_by_one(side: Side) -> Side:
    return Side(side.scores, np.arange(len(side.scores)))


def test_each_replicate_is_what_scikit_learn_makes_of_the_draws() -> None:
    from sklearn.metrics import roc_auc_score

    random = np.random.default_rng(1)
    sides = [
        Side(
            random.integers(0, 9, 60).astype(np.float32) + odd,
            np.unique(random.integers(0, 15, 60), return_inverse=True)[1],
        )
        for odd in (0, 2)
    ]
    found = resample(*sides, 5.0, seed=7, replicates=20)
    again = np.random.default_rng(7)
    labels, scores = as_labelled(sides[0].scores, sides[1].scores)
    for replicate in range(20):
        weights = []
        for side in sides:
            clusters = int(side.clusters.max()) + 1
            weights.append(np.bincount(again.integers(0, clusters, clusters), minlength=clusters)[side.clusters])
        expected = roc_auc_score(labels, scores, sample_weight=np.concatenate(weights))
        assert found.auroc[replicate] == pytest.approx(expected)
        for rate, side, weight in zip((found.fpr, found.tpr), sides, weights):
            assert rate[replicate] == pytest.approx(np.average(side.scores >= 5, weights=weight))


def test_without_repetitions_it_is_the_plain_bootstrap() -> None:
    normal, anomalous = drawn(0, 150, 1, 2), drawn(1, 60, 1, 3)
    random = np.random.default_rng(5)
    areas = [auroc(random.choice(normal.scores, 150), random.choice(anomalous.scores, 60)) for _ in range(500)]
    found = interval(resample(normal, anomalous, 0.5, seed=1).auroc)
    assert found == pytest.approx(np.quantile(areas, [0.025, 0.975]), abs=0.015)


def test_repeated_lines_are_no_new_evidence() -> None:
    """A log that says everything fifty times is not fifty times surer; records drawn one by one would claim so."""
    once = interval(resample(drawn(0, 60, 1, 2), drawn(1, 40, 1, 3), 0.5, seed=1).auroc)
    sides = drawn(0, 60, 50, 2), drawn(1, 40, 50, 3)
    clustered = interval(resample(*sides, 0.5, seed=1).auroc)
    naive = interval(resample(*map(one_by_one, sides), 0.5, seed=1).auroc)
    assert clustered == pytest.approx(once)
    assert naive[1] - naive[0] < 0.25 * (clustered[1] - clustered[0])


def test_it_is_repeatable_and_seeded() -> None:
    sides = drawn(0, 80, 2, 5), drawn(1, 80, 2, 6)
    first = resample(*sides, 0.5, seed=1)
    assert len(first.auroc) == REPLICATES
    assert np.array_equal(first.auroc, resample(*sides, 0.5, seed=1).auroc)
    assert not np.array_equal(first.auroc, resample(*sides, 0.5, seed=2).auroc)
    found = measure(*sides, 0.5, seed=1)
    assert found.auroc_low < found.auroc < found.auroc_high
    assert found.tpr_low < found.tpr < found.tpr_high
    assert found.fpr_low < found.fpr < found.fpr_high
    assert found.f1_low < found.f1 < found.f1_high
    assert (found.normal, found.distinct_normal) == (160, 80)
