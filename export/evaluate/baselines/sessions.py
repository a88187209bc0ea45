"""Baselines for sessions, whose inputs are the ids of events, separated by blanks.

Landauer, Skopik and Wurzenberger, A Critical Review of Common Log Data Sets Used for Evaluation of Sequence-based
Anomaly Detection Techniques (FSE 2024), found that such methods reach what deep networks reach on the usual data sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from export.evaluate.baselines.base import Baseline
from export.evaluate.baselines.grams import Trigrams
from export.run import TrainingInput

_CHUNK = 1024


class EventCounts(Baseline):
    """How far a session's event counts are from those of the most similar training session: Bray and Curtis's distance.

    ``sum |a - b| / sum (a + b)`` over all events, in [0, 1]; events that the training part did not hold count as one
    more event. Sessions without any event are 0 from each other and 1 from all others.
    """

    name = "event-count vectors"
    graded = True

    def learn(self, training: Sequence[TrainingInput]) -> None:
        """Remember the distinct count vectors."""
        from sklearn.neighbors import NearestNeighbors

        self._events = {
            event: place for place, event in enumerate(sorted({e for one in training for e in one.key.split()}))
        }
        known = np.unique(count_events([one.key for one in training], self._events), axis=0)
        self._knows_empty = bool((known.sum(axis=1) == 0).any())
        known = known[known.sum(axis=1) > 0]
        self._nearest: Any = None
        if len(known):
            self._nearest = NearestNeighbors(n_neighbors=1, algorithm="brute", metric="braycurtis").fit(known)

    def rate(self, inputs: Sequence[str], /) -> np.ndarray:
        """Float [n]."""
        counts = count_events(inputs, self._events)
        rated = np.ones(len(inputs))
        empty = counts.sum(axis=1) == 0
        rated[empty] = 0.0 if self._knows_empty else 1.0
        full = np.flatnonzero(~empty)
        for start in range(0, len(full), _CHUNK):
            part = full[start : start + _CHUNK]
            if self._nearest is not None:
                rated[part] = self._nearest.kneighbors(counts[part])[0][:, 0]
        return rated


class SessionLength(Baseline):
    """How unusual a session's number of events is: ``-ln((min(shorter, longer) + 1) / (n + 1))``.

    Of the n training sessions, `shorter` are at most as long, `longer` at least as long.
    """

    name = "session length"
    graded = True

    def learn(self, training: Sequence[TrainingInput]) -> None:
        """Remember the lengths."""
        lengths = np.array([len(one.key.split()) for one in training], np.int64)
        self._lengths = np.sort(np.repeat(lengths, [one.records for one in training]))

    def rate(self, inputs: Sequence[str], /) -> np.ndarray:
        """Float [n]."""
        lengths = np.array([len(text.split()) for text in inputs], np.int64)
        shorter = np.searchsorted(self._lengths, lengths, side="right")
        longer = len(self._lengths) - np.searchsorted(self._lengths, lengths, side="left")
        rated: np.ndarray = np.log(len(self._lengths) + 1) - np.log(np.minimum(shorter, longer) + 1)
        return rated


class EventTrigrams(Baseline):
    """The largest surprise of a session's events, and of its end, each given the two events before, in nats.

    See `Trigrams`; an event that the training part did not hold is one more symbol.
    """

    name = "n-gram surprise"
    graded = True

    def learn(self, training: Sequence[TrainingInput]) -> None:
        """Count."""
        self._events = {
            event: place for place, event in enumerate(sorted({e for one in training for e in one.key.split()}))
        }
        counts = np.array([one.records for one in training], np.float64)
        self._model = Trigrams(len(self._events) + 1, [self._symbols(one.key) for one in training], counts)

    def rate(self, inputs: Sequence[str], /) -> np.ndarray:
        """Float [n]."""
        if not inputs:
            return np.zeros(0)
        surprise, starts = self._model.surprise([self._symbols(text) for text in inputs])
        largest: np.ndarray = np.maximum.reduceat(surprise, starts)
        return largest

    def _symbols(self, text: str) -> list[int]:
        return [self._events.get(event, len(self._events)) for event in text.split()]


class CountRegression(Baseline):
    """Logistic regression on event counts, where the training records have labels: the probability of an anomaly."""

    name = "logistic regression on event counts"
    graded = True

    def learn(self, training: Sequence[TrainingInput]) -> None:
        """Fit, with every input weighted by its records."""
        from export.evaluate.baselines.regression import fit_regression

        self._events = {
            event: place for place, event in enumerate(sorted({e for one in training for e in one.key.split()}))
        }
        counts = count_events([one.key for one in training], self._events)
        self._model = fit_regression(counts, training)

    def rate(self, inputs: Sequence[str], /) -> np.ndarray:
        """Float [n]."""
        rated: np.ndarray = self._model(count_events(inputs, self._events))
        return rated


def count_events(texts: Sequence[str], events: dict[str, int]) -> np.ndarray:
    """float64 [n, events + 1]: how often each event stands in each session; the last one is for all others."""
    counts = np.zeros((len(texts), len(events) + 1))
    for row, text in enumerate(texts):
        places = [events.get(event, len(events)) for event in text.split()]
        counts[row] = np.bincount(places, minlength=len(events) + 1) if places else 0
    return counts
