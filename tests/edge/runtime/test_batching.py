"""Batches of fixed sizes."""

from __future__ import annotations

from typing import Dict, List, Optional, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.runtime.batching import Batches

SIZES = st.sets(st.integers(2, 40), max_size=4).map(lambda more: [1, *sorted(more)])


class Device:
    """Doubles its input, and has memory for `most` rows; anything else it does wrong is `fails`."""

    def __init__(self, most: int = 1 << 30, fails: Optional[Exception] = None) -> None:
        self.runs: List[int] = []
        self.forgotten: List[int] = []
        self._most = most
        self._fails = fails

    def run(self, outputs: Sequence[str], inputs: Dict[str, np.ndarray], size: int) -> List[np.ndarray]:
        rows = inputs["x"]
        assert 0 < len(rows) <= size
        self.runs.append(size)
        if self._fails is not None:
            raise self._fails
        if size > self._most:
            raise RuntimeError("CUDA failure 2: out of memory")
        return [rows * 2 for _ in outputs]

    def forget(self, above: int) -> None:
        self.forgotten.append(above)


def silent(text: str) -> None:
    raise AssertionError(text)


@given(st.integers(1, 200), SIZES)
def test_every_row_is_run_once_in_one_of_the_sizes(rows: int, sizes: List[int]) -> None:
    device = Device()
    x = np.arange(rows, dtype=np.float32)
    first, second = Batches(device, sizes, silent).run(["y", "z"], {"x": x})
    assert first.tolist() == second.tolist() == (x * 2).tolist()
    assert set(device.runs) <= set(sizes)
    assert len(device.runs) == -(-rows // sizes[-1]), "no more runs than the largest size needs"


@given(st.integers(1, 100), SIZES, st.integers(1, 40))
def test_what_does_not_fit_is_run_in_smaller_batches(rows: int, sizes: List[int], most: int) -> None:
    device = Device(most)
    said: List[str] = []
    batches = Batches(device, sizes, said.append)
    x = np.arange(rows, dtype=np.float32)
    assert batches.run(["y"], {"x": x})[0].tolist() == (x * 2).tolist()
    failed = [size for size in device.runs if size > most]
    assert len(said) == bool(failed), "said once, however often it was halved"
    assert all(after <= before // 2 for before, after in zip(failed, [*failed[1:], batches.sizes[-1]]))
    assert device.forgotten[-1:] == ([batches.sizes[-1]] if failed else [])


def test_sizes_above_half_of_the_one_that_failed_are_given_up() -> None:
    batches = Batches(Device(most=40), [1, 8, 32, 48, 64], lambda text: None)
    batches.run(["y"], {"x": np.zeros(64, np.float32)})
    assert batches.sizes == (1, 8, 32)


@pytest.mark.parametrize(("rows", "expected"), [(1, (1, 1)), (2, (2, 8)), (8, (8, 8)), (9, (9, 32)), (99, (32, 32))])
def test_the_next_size(rows: int, expected: object) -> None:
    assert Batches(Device(), [1, 8, 32], silent).fit(rows) == expected


def test_too_little_memory_for_a_single_row() -> None:
    said: List[str] = []
    with pytest.raises(RuntimeError, match="out of memory"):
        Batches(Device(most=0), [1, 8], said.append).run(["y"], {"x": np.zeros(8, np.float32)})
    assert len(said) == 1


def test_other_failures_are_not_tried_again() -> None:
    device = Device(fails=RuntimeError("CUDA failure 719"))
    with pytest.raises(RuntimeError, match="719"):
        Batches(device, [1, 8], silent).run(["y"], {"x": np.zeros(8, np.float32)})
    assert device.runs == [8]
