"""Baselines for rows of a table, and for sessions of rows by the mean of these."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge.bundle.preprocessing import FeatureEncoderSpec, StepEncoderSpec
from edge.encoders.features import FeatureEncoder
from edge.encoders.steps import StepEncoder
from export.evaluate.baselines.base import Baseline
from export.evaluate.baselines.regression import fit_regression
from export.evaluate.inputs import ReadInputs
from export.labels import NORMAL
from export.run import TrainingInput


def encode_rows(spec: FeatureEncoderSpec | StepEncoderSpec, contents: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Rows of numbers, float64 [n, width], and which are sound, bool [n]; of a session, the mean of its rows."""
    if not contents:
        return np.zeros((0, spec.width)), np.zeros(0, np.bool_)
    if isinstance(spec, StepEncoderSpec):
        encoded = StepEncoder(spec).encode(contents)
        sums = np.zeros((len(contents), 1 + spec.width))
        np.add.at(sums, encoded.owners, encoded.inputs["steps"].sum(axis=1, dtype=np.float64))
        rows = sums[:, 1:] / np.maximum(sums[:, :1], 1.0)
    else:
        encoded = FeatureEncoder(spec).encode(contents)
        rows = encoded.inputs["features"].astype(np.float64)
    sound = np.ones(len(contents), np.bool_)
    sound[list(encoded.faults)] = False
    return rows, sound


class _OnRows(Baseline):
    graded = True

    def __init__(self, inputs: ReadInputs) -> None:
        super().__init__(inputs)
        encoder = inputs.preprocessing.encoder
        if not isinstance(encoder, (FeatureEncoderSpec, StepEncoderSpec)):
            raise TypeError("these baselines are for rows of features")
        self._encoder = encoder

    def _sound(self, training: Sequence[TrainingInput]) -> tuple[np.ndarray, list[TrainingInput]]:
        rows, sound = encode_rows(self._encoder, [one.key for one in training])
        return rows[sound], [training[place] for place in np.flatnonzero(sound).tolist()]


class RowRegression(_OnRows):
    """Logistic regression on the features, learnt with the training part's labels: the probability of an attack."""

    name = "logistic regression"

    def learn(self, training: Sequence[TrainingInput]) -> None:
        """Fit, with every row weighted by its records."""
        self._model = fit_regression(*self._sound(training))

    def rate(self, inputs: Sequence[str], /) -> np.ndarray:
        """Float [n]."""
        rows, sound = encode_rows(self._encoder, inputs)
        rated = np.full(len(inputs), np.nan)
        rated[sound] = self._model(rows[sound])
        return rated


class LargestDeviation(_OnRows):
    """How many standard deviations the oddest feature is from its mean over the normal training rows.

    A feature that is constant there counts in units of the largest of 1 and its absolute value.
    """

    name = "largest deviation"

    def learn(self, training: Sequence[TrainingInput]) -> None:
        """Means and deviations of the normal rows."""
        rows, kept = self._sound([one for one in training if one.kind == NORMAL])
        weights = np.array([one.records for one in kept], np.float64)
        self._mean = np.average(rows, axis=0, weights=weights)
        deviation = np.sqrt(np.average((rows - self._mean) ** 2, axis=0, weights=weights))
        self._deviation = np.where(deviation > 0, deviation, np.maximum(np.abs(self._mean), 1.0))

    def rate(self, inputs: Sequence[str], /) -> np.ndarray:
        """Float [n]."""
        rows, sound = encode_rows(self._encoder, inputs)
        rated: np.ndarray = (np.abs(rows - self._mean) / self._deviation).max(axis=1, initial=0.0)
        return np.where(sound, rated, np.nan)


class MeanRowRegression(RowRegression):
    """`RowRegression` on the mean row of a session, with its labels: the probability of an anomaly."""

    name = "logistic regression on mean rows"


class MeanDeviation(LargestDeviation):
    """`LargestDeviation` of the mean row of a session."""

    name = "largest deviation of mean rows"
