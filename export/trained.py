"""Trained detectors of any kind, as something that scores contents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from edge.bundle.preprocessing import Preprocessing
from edge.encoders import make_encoder
from edge.errors import SchemaError, TrainingError
from edge.runtime.scorer import RunGraph, Scorer
from export.run import RUN_NAME, Run
from export.training.detectors import NAMES, load_detector

BATCH_ROWS = 512


def load_graph(run: Run) -> Any:
    """The run's model as the graph that is exported.

    Raises:
        SchemaError: this oddline has no such detector or preset, or another network for it.
        IntegrityError: the weights are missing or damaged.
    """
    detector = run.spec.detector
    if detector not in NAMES:
        raise SchemaError(f"there is no detector {detector!r}", where=str(run.folder / RUN_NAME), mend="train again")
    return load_detector(detector).load_graph(run)


def load_scorer(run: Run) -> Scorer:
    """The run's model in TensorFlow, with the device's preprocessing around it.

    Raises:
        SchemaError: as in `load_graph`.
        IntegrityError: as in `load_graph`.
    """
    return keras_scorer(load_graph(run), run.spec.preprocessing, run.read)


def keras_scorer(graph: Any, preprocessing: Preprocessing, read: Callable[[str], bytes]) -> Scorer:
    """A graph in memory as something that scores contents; `read` gives the files that the preprocessing needs."""
    broken = TrainingError("the model gives scores that are no finite numbers", mend="train it with another --seed")
    return Scorer(make_encoder(preprocessing, read), in_keras(graph), batch_rows=BATCH_ROWS, broken=broken)


def in_keras(graph: Any) -> RunGraph:
    """A graph in memory as what a `Scorer` runs."""

    def run(outputs: Sequence[str], inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        found = graph(**inputs)
        return [np.asarray(found[name]) for name in outputs]

    return run
