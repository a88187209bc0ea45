"""Precision and F1 at another base rate, against the closed formula and against scikit-learn's weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("sklearn", reason="scikit-learn belongs to the extra `export`")

from export.evaluate.base_rate import f1_at, precision_at
from export.evaluate.bootstrap import Side
from export.evaluate.metrics import measure

shares = st.floats(0, 1)
rates = st.floats(0.0001, 0.9999)


@given(shares, shares, rates)
def test_closed_formula(tpr: float, fpr: float, rate: float) -> None:
    precision = float(precision_at(tpr, fpr, rate))
    flagged = rate * tpr + (1 - rate) * fpr
    assert precision == pytest.approx(rate * tpr / flagged if flagged else 0.0)
    harmonic = 2 * precision * tpr / (precision + tpr) if precision + tpr else 0.0
    assert float(f1_at(tpr, fpr, rate)) == pytest.approx(harmonic, abs=1e-12)


def test_known_figures() -> None:
    """16,838 abnormal sessions of 570,204: a recall of 1 at one false alarm in a hundred."""
    rate = 16838 / (16838 + 553366)
    assert float(precision_at(1.0, 0.01, rate)) == pytest.approx(16838 / (16838 + 5533.66))
    assert float(f1_at(1.0, 0.01, rate)) == pytest.approx(2 * 16838 / (2 * 16838 + 5533.66))


def test_it_is_what_weights_give_in_scikit_learn() -> None:
    from sklearn.metrics import f1_score, precision_score

    random = np.random.default_rng(0)
    normal, anomalous = random.normal(0, 1, 300).astype(np.float32), random.normal(2, 1, 50).astype(np.float32)
    found = measure(Side(normal, np.arange(300)), Side(anomalous, np.arange(50)), 1.0, seed=0, base_rate=0.003)
    labels = [0] * 300 + [1] * 50
    flagged = np.concatenate([normal, anomalous]) >= 1
    weights = np.array([0.997 / 300] * 300 + [0.003 / 50] * 50)
    assert found.precision_at_base_rate == pytest.approx(precision_score(labels, flagged, sample_weight=weights))
    assert found.f1_at_base_rate == pytest.approx(f1_score(labels, flagged, sample_weight=weights))
    assert found.shown_f1 == found.f1_at_base_rate < found.f1
    low, high = found.shown_f1_interval
    assert low < found.shown_f1 < high
