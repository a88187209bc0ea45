"""Weights of a run, put back into networks of any kind."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edge.errors import SchemaError
from export.weights import check_preset, check_shapes, set_weights

RUN: Any = SimpleNamespace(spec=SimpleNamespace(preset="seed"), folder=Path("runs/a"))


class Network:
    def __init__(self, *shapes: tuple[int, ...]) -> None:
        self.held = [np.zeros(shape, np.float32) for shape in shapes]

    def get_weights(self) -> list[np.ndarray]:
        return self.held

    def set_weights(self, weights: list[np.ndarray]) -> None:
        self.held = weights


def test_weights_that_fit_are_taken() -> None:
    network = Network((2, 3), (3,))
    weights = [np.ones((2, 3)), np.ones(3)]
    set_weights(RUN, network, weights)
    assert network.held is weights


@pytest.mark.parametrize("shapes", [[(2, 3)], [(3,), (2, 3)], [(2, 3), (4,)], []])
def test_others_are_refused_and_nothing_is_changed(shapes: list[tuple[int, ...]]) -> None:
    network = Network((2, 3), (3,))
    with pytest.raises(SchemaError, match="the weights do not fit the network of the preset seed") as caught:
        set_weights(RUN, network, [np.ones(shape) for shape in shapes])
    assert caught.value.where.endswith("weights.npz")
    assert not network.held[0].any()


def test_a_network_that_cannot_be_built_fits_nothing() -> None:
    with pytest.raises(SchemaError, match="do not fit"):
        check_shapes(RUN, [], None)


def test_only_known_presets() -> None:
    assert check_preset(RUN, {"seed"}) == "seed"
    with pytest.raises(SchemaError, match="there is no preset 'seed'"):
        check_preset(RUN, ("default",))
