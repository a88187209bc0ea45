"""Training of the preset `seed`; that of `default` is `export.tokens.fit`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from export.tokens.fit import fit_regression


def fit_seed(
    model: Any, ids: np.ndarray, *, epochs: int, batch: int, seed: int, progress: Callable[[int, int, float], None]
) -> None:
    """The published training: Adamax on the mean squared error of the ids.

    `ids` int32 [records, length]. `progress` gets the epoch, the number of epochs and the loss.

    Raises:
        TrainingError: the loss is no finite number.
    """
    targets = ids.astype(np.float32)
    fit_regression(model, ids, targets, optimizer="adamax", epochs=epochs, batch=batch, seed=seed, progress=progress)
