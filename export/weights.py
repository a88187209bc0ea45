"""A run's weights back into its network."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Protocol

import numpy as np

from edge.errors import SchemaError
from export.run import RUN_NAME, WEIGHTS_NAME, Run


class Network(Protocol):
    """What takes weights: a Keras model, or something like it."""

    def get_weights(self) -> list[np.ndarray]:
        """The arrays, in the order in which they are taken."""

    def set_weights(self, weights: list[np.ndarray]) -> Any:
        """Take the arrays."""


def check_preset(run: Run, presets: Collection[str]) -> str:
    """The name of the run's preset; raises `SchemaError` when it is none of these."""
    preset = run.spec.preset
    if preset not in presets:
        raise SchemaError(f"there is no preset {preset!r}", where=str(run.folder / RUN_NAME), mend="train again")
    return preset


def check_shapes(run: Run, found: Sequence[np.ndarray], expected: Sequence[tuple[int, ...]] | None) -> None:
    """Raise `SchemaError` for arrays that have other shapes than the network; None for one that cannot be built."""
    if expected is None or [array.shape for array in found] != list(expected):
        raise SchemaError(
            f"the weights do not fit the network of the preset {run.spec.preset}",
            where=str(run.folder / WEIGHTS_NAME),
            mend="train again",
        )


def set_weights(run: Run, network: Network, weights: list[np.ndarray]) -> None:
    """Put weights of the run into a network that was built for them.

    Raises:
        SchemaError: they are of another network.
    """
    check_shapes(run, weights, [array.shape for array in network.get_weights()])
    network.set_weights(weights)
