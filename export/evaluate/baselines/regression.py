"""Logistic regression on rows of numbers, for the baselines that may use labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from export.labels import NORMAL
from export.run import TrainingInput

_STEPS = 2000


def fit_regression(rows: np.ndarray, training: Sequence[TrainingInput]) -> Callable[[np.ndarray], np.ndarray]:
    """What gives the probability of an anomaly, float64 [n], for rows, [n, width].

    scikit-learn's `LogisticRegression` on standardised rows, with its own regularisation (C = 1); each row weighs as
    much as it has records. Both classes must be there.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    labels = np.array([one.kind != NORMAL for one in training], np.int8)
    weights = np.array([one.records for one in training], np.float64)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=_STEPS))
    model.fit(rows, labels, standardscaler__sample_weight=weights, logisticregression__sample_weight=weights)

    def rate(wanted: np.ndarray) -> np.ndarray:
        if not len(wanted):
            return np.zeros(0)
        found: np.ndarray = model.predict_proba(wanted)[:, 1]
        return found

    return rate
