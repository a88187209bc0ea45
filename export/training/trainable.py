"""What a detector brings to its training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np

from edge.bundle.preprocessing import Preprocessing
from export.dataset import LogData
from export.run import Run
from export.training.options import DEFAULT_TARGET_FPR, TrainOptions

Progress = Callable[[int, int, float], None]
"""Is told the epoch, the number of epochs, and the loss."""


class Slices(NamedTuple):
    """What is learnt from, what the threshold is set on, and what is kept for tests."""

    training: LogData
    calibration: LogData
    test: LogData


@dataclass(frozen=True)
class PartBudget:
    """How the threshold of one part of the score is set.

    `share` is its share of the whole budget. The threshold is never below `least`: the joint score is in units of it,
    and would be without measure. Where the held-out records are too few for the share, it is `instead`, if given.
    """

    share: float
    least: float | None = None
    instead: float | None = None


@dataclass(frozen=True)
class Fitted:
    """A model that has learnt, before its threshold is known.

    `graph` makes the tf.function that is exported; it takes the thresholds of the `parts` that it joins to the score,
    in their order, of which most detectors have none. `inputs` are the distinct keys of what was learnt from, and how
    often each stood there. `files` are those that the preprocessing needs, by their names in a bundle, and `network`
    the numbers from which a fresh model can be built for the `weights`. With `fold_scores`, float32 [n], the threshold
    is set on these scores of normal records that each were scored by a model that had not seen them, and not on the
    calibration slice. `fixed_threshold` is that of a preset which was published with one.

    `budgets` says how the thresholds of the parts are set, by their names: without it, each has an equal share of the
    budget. `target_fpr` is the budget where the user gives none. `history` are the curves of the training, a value for
    each epoch: ``loss`` and ``accuracy``, say, and those of the validation as ``val_loss`` and ``val_accuracy``.
    """

    preprocessing: Preprocessing
    files: Mapping[str, bytes]
    network: Mapping[str, int]
    weights: Sequence[np.ndarray]
    inputs: Mapping[str, int]
    graph: Callable[[Sequence[float]], Any]
    parameters: Mapping[str, str | int | float | bool | None]
    parts: tuple[str, ...] = ()
    fold_scores: np.ndarray | None = None
    fixed_threshold: float | None = None
    budgets: Mapping[str, PartBudget] = field(default_factory=dict)
    target_fpr: float = DEFAULT_TARGET_FPR
    history: Mapping[str, Sequence[float]] = field(default_factory=dict)


class Trainable(Protocol):
    """A detector that can be trained."""

    name: str
    knows: frozenset[str]
    """Which of the `OWN_OPTIONS` mean something to it."""

    def check(self, options: TrainOptions) -> None:
        """Raise `InputError` for options that make no sense here, before anything is read."""

    def read(self, paths: Sequence[str], options: TrainOptions, *, say: Callable[[str], None]) -> LogData:
        """The records of the paths, as the detector will see them on the device."""

    def split(self, data: LogData, options: TrainOptions, *, say: Callable[[str], None]) -> Slices:
        """Three slices, or a `TooLittleDataError`."""

    def load_graph(self, run: Run) -> Any:
        """A run's model as the tf.function that is exported: with an input signature, returning a dict of outputs.

        Raises:
            SchemaError: this oddline has no such preset, or another network for it.
            IntegrityError: the weights are missing or damaged.
        """

    def fit(self, slices: Slices, options: TrainOptions, *, say: Callable[[str], None], progress: Progress) -> Fitted:
        """Learn from the training slice; the calibration slice may tell when to stop, the test slice nothing."""
