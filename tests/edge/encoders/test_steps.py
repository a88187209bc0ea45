"""Sessions of rows to windows of numbers."""

from __future__ import annotations

from typing import List

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.bundle.manifest import TensorSpec
from edge.bundle.preprocessing import Feature, StepEncoderSpec
from edge.encoders.steps import StepEncoder

FEATURES = [Feature(name="bytes", categories=None), Feature(name="method", categories=["GET", "POST"])]
THREE = StepEncoder(StepEncoderSpec(steps=3, max_segments=3, features=FEATURES))


def content(*numbers: int) -> str:
    return " ".join(f"{number},GET" for number in numbers)


def lines_of(inputs: np.ndarray) -> List[List[int]]:
    """The numbers of each input's lines; a step without one is 0."""
    return [[int(step[1]) for step in row] for row in inputs]


def test_the_graph_takes_steps_and_gives_a_score_for_each() -> None:
    assert THREE.signature() == [
        TensorSpec(name="steps", dtype="float32", shape=["batch", 3, 4]),
        TensorSpec(name="step_scores", dtype="float32", shape=["batch", 3]),
    ]


def test_a_step_is_a_one_and_the_numbers_of_its_row() -> None:
    encoded = THREE.encode(["5,POST 6,GET 7,PUT"])
    assert encoded.inputs["steps"].dtype == np.float32
    assert encoded.inputs["steps"].tolist() == [[[1, 5, 0, 1], [1, 6, 1, 0], [1, 7, 0, 0]]]
    assert (encoded.faults, encoded.cut, encoded.owners.tolist()) == ({}, 0, [0])


def test_the_first_steps_of_few_lines_are_empty() -> None:
    encoded = THREE.encode([content(4), ""])
    assert encoded.inputs["steps"].tolist() == [[[0] * 4, [0] * 4, [1, 4, 1, 0]], [[0] * 4] * 3]


def test_more_lines_go_on_in_further_inputs_of_which_the_last_ends_with_them() -> None:
    encoded = THREE.encode([content(1, 2, 3, 4), content(9), content(*range(1, 7))])
    assert lines_of(encoded.inputs["steps"]) == [[1, 2, 3], [2, 3, 4], [0, 0, 9], [1, 2, 3], [4, 5, 6]]
    assert encoded.owners.tolist() == [0, 0, 1, 2, 2]
    assert encoded.cut == 0


def test_of_a_very_long_one_the_beginning_is_looked_at_and_it_is_counted() -> None:
    encoded = THREE.encode([content(*range(1, 12)), content(1)])
    assert lines_of(encoded.inputs["steps"]) == [[1, 2, 3], [4, 5, 6], [7, 8, 9], [0, 0, 1]]
    assert encoded.cut == 1


def test_a_line_that_is_no_row_makes_the_window_faulty_and_harms_no_other() -> None:
    encoded = THREE.encode([content(1, 2), f"{content(3)} no_row inf,GET", "inf,GET"])
    assert encoded.faults == {
        1: "its line 2: it holds 1 values where 2 are expected",
        2: "its line 1: bytes is infinite",
    }
    assert lines_of(encoded.inputs["steps"]) == [[0, 1, 2], [0, 0, 0], [0, 0, 0]]


def test_nothing_gives_nothing() -> None:
    assert THREE.encode([]).inputs["steps"].shape == (0, 3, 4)


def test_reasons_are_lines_and_where_they_stand() -> None:
    text = content(1, 22, 3, 4)
    odd = np.array([[0.1, 0.5, 0.0], [0.9, 0.3, 0.4]], np.float32)
    (reasons,) = THREE.explain([text], [odd])
    assert [(one.text, one.score) for one in reasons] == [("22,GET", 0.9), ("4,GET", 0.4)]
    assert all(text[one.start : one.end] == one.text for one in reasons)


def test_the_steps_before_the_first_line_are_no_reasons() -> None:
    odd = np.array([[0.9, 0.9, 0.2]], np.float32)
    ((reason,),) = THREE.explain([content(7)], [odd])
    assert (reason.text, reason.score) == ("7,GET", 0.2)


@pytest.mark.parametrize(("text", "odd"), [(content(1, 2), [[0.0, 0.0, -1.0]]), ("", [[0.0, 0.0, 0.0]])])
def test_without_an_odd_line_there_are_no_reasons(text: str, odd: List[List[float]]) -> None:
    assert THREE.explain([text], [np.array(odd, np.float32)]) == [[]]


@given(st.integers(1, 30), st.integers(1, 9))
def test_every_line_is_in_an_input_in_its_order(lines: int, steps: int) -> None:
    encoder = StepEncoder(StepEncoderSpec(steps=steps, max_segments=99, features=FEATURES))
    inputs = lines_of(encoder.encode([content(*range(1, lines + 1))]).inputs["steps"])
    assert sorted({number for row in inputs for number in row} - {0}) == list(range(1, lines + 1))
    for row in inputs:
        there = [number for number in row if number]
        assert row == [0] * (steps - len(there)) + list(range(there[0], there[0] + len(there)))
