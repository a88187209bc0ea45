"""What all baselines have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from edge.bundle.preprocessing import Preprocessing
from export.calibrate import choose_threshold
from export.evaluate.inputs import ReadInputs
from export.run import TrainingInput


class Baseline(ABC):
    """A scorer of inputs, each distinct one rated once.

    `threshold` is 1 for the methods that only say known (0) or unknown (1); the others are `graded`, and get theirs
    from scores of held-out normal records.
    """

    name: str
    graded: bool

    def __init__(self, inputs: ReadInputs) -> None:
        self.preprocessing: Preprocessing = inputs.preprocessing
        self.threshold = 1.0
        self._inputs = inputs

    @abstractmethod
    def learn(self, training: Sequence[TrainingInput]) -> None:
        """Learn from these, and forget what was learnt before."""

    @abstractmethod
    def rate(self, inputs: Sequence[str], /) -> np.ndarray:
        """Float [n]: a score for each input; NaN for one that cannot be rated."""

    def score(self, contents: Sequence[str], /) -> np.ndarray:
        """float32 [n]."""
        return self.score_inputs(self._inputs.of_contents(contents))

    def score_inputs(self, inputs: Sequence[str]) -> np.ndarray:
        """float32 [n]."""
        index: dict[str, int] = {}
        position = np.fromiter((index.setdefault(text, len(index)) for text in inputs), np.int64, len(inputs))
        rated: np.ndarray = self.rate(list(index)).astype(np.float32)[position]
        return rated

    def calibrate(self, scores: np.ndarray, target_fpr: float) -> None:
        """Set the threshold on scores of held-out normal records as a detector's is set; unchanged without `graded`."""
        known = scores[~np.isnan(scores)]
        if self.graded and len(known):
            self.threshold = choose_threshold(known, target_fpr=target_fpr, alerts_per_day=None, days=None).value


class ExactMatch(Baseline):
    """1 for an input that no training record had, else 0."""

    name = "exact match"
    graded = False

    def learn(self, training: Sequence[TrainingInput]) -> None:
        """Remember every normal input."""
        self._known = frozenset(one.key for one in training)

    def rate(self, inputs: Sequence[str], /) -> np.ndarray:
        """Float [n]."""
        return np.array([text not in self._known for text in inputs], np.float64)
