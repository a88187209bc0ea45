"""Bound inputs and outputs, with the real onnxruntime and the CPU's memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List, Tuple

import numpy as np
import pytest
from small_bundle import LENGTH, WEIGHTS

from edge.runtime.binding import Binder
from edge.runtime.session import import_onnxruntime


class CountingValues:
    """The runtime's OrtValue, and what was asked of it."""

    def __init__(self, runtime: Any) -> None:
        self._runtime = runtime
        self.made: List[Tuple[Any, ...]] = []
        self.OrtValue = self

    def ortvalue_from_shape_and_type(self, shape: Any, dtype: Any, device: str, device_id: int) -> Any:
        self.made.append((shape, np.dtype(dtype).name, device, device_id))
        return self._runtime.OrtValue.ortvalue_from_shape_and_type(shape, dtype, device, device_id)


@pytest.fixture
def session(small_bundle: Path) -> Any:
    model = (small_bundle / "model.onnx").read_bytes()
    return import_onnxruntime().InferenceSession(model, providers=["CPUExecutionProvider"])


@pytest.fixture
def values() -> CountingValues:
    return CountingValues(import_onnxruntime())


def ids(rows: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, len(WEIGHTS), (rows, LENGTH), np.int32)


@pytest.mark.parametrize("rows", [1, 3, 8])
def test_the_results_are_those_of_a_plain_run(session: Any, values: CountingValues, rows: int) -> None:
    binder = Binder(values, session, "cpu")
    for seed in range(3):
        inputs = {"ids": ids(rows, seed)}
        names = ["token_scores", "score"]
        for found, expected in zip(binder.run(names, inputs, 8), session.run(names, inputs)):
            assert found.dtype == expected.dtype
            assert found.tolist() == expected.tolist()


def test_padding_is_zeros_whatever_ran_before(session: Any, values: CountingValues) -> None:
    bound: List[np.ndarray] = []

    class Seen:
        """The session, which notes the whole of what it is given."""

        def __getattr__(self, name: str) -> Any:
            return getattr(session, name)

        def run_with_iobinding(self, binding: Any) -> None:
            session.run_with_iobinding(binding)
            bound.append(np.array(binding.get_outputs()[0].numpy()))

    binder = Binder(values, Seen(), "cpu")
    for rows in (8, 2):
        binder.run(["token_scores"], {"ids": np.full((rows, LENGTH), 7, np.int32)}, 8)
    assert bound[1][:2].tolist() == [[WEIGHTS[7]] * LENGTH] * 2
    assert bound[1][2:].tolist() == [[WEIGHTS[0]] * LENGTH] * 6


def test_results_stay_when_the_memory_is_used_again(session: Any, values: CountingValues) -> None:
    binder = Binder(values, session, "cpu")
    (first,) = binder.run(["score"], {"ids": ids(4, 1)}, 4)
    kept = first.tolist()
    binder.run(["score"], {"ids": ids(4, 2)}, 4)
    assert first.tolist() == kept


def test_memory_is_taken_once_for_each_size(session: Any, values: CountingValues) -> None:
    binder = Binder(values, session, "cpu")
    for rows in (3, 4, 1, 2, 4):
        binder.run(["score"], {"ids": ids(rows)}, 4)
    assert values.made == [((4, LENGTH), "int32", "cpu", 0), ((4,), "float32", "cpu", 0)]
    binder.run(["token_scores", "score"], {"ids": ids(2)}, 4)
    assert values.made[2:] == [((4, LENGTH), "float32", "cpu", 0)], "only for the new output"
    binder.run(["score"], {"ids": ids(1)}, 1)
    assert binder.sizes == [4, 1]


def test_memory_is_given_back(session: Any, values: CountingValues) -> None:
    binder = Binder(values, session, "cpu")
    for size in (1, 4, 8):
        binder.run(["score"], {"ids": ids(1)}, size)
    binder.forget(above=4)
    assert binder.sizes == [1, 4]


def test_rows_that_are_not_contiguous(session: Any, values: CountingValues) -> None:
    binder = Binder(values, session, "cpu")
    every = ids(8)
    found = binder.run(["score"], {"ids": every[::2]}, 4)[0].tolist()
    assert found == session.run(["score"], {"ids": every[::2].copy()})[0].tolist()


def test_another_dtype_is_not_taken_for_the_graph_s(session: Any, values: CountingValues) -> None:
    with pytest.raises(TypeError, match="Cannot cast"):
        Binder(values, session, "cpu").run(["score"], {"ids": np.zeros((4, LENGTH), np.float32)}, 4)


def test_a_graph_that_cannot_be_bound() -> None:
    class Other:
        @staticmethod
        def get_inputs() -> List[Any]:
            class Text:
                name, type, shape = "text", "tensor(float)", ["batch", "length"]

            return [Text]

    with pytest.raises(ValueError, match=r"'text' is tensor\(float\) \['batch', 'length'\], which cannot be bound"):
        Binder(None, Other(), "cpu")
