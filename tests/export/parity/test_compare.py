"""The proof that two backends score alike, and its refusals."""

from __future__ import annotations

from typing import List

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import ParityError
from export.parity import LARGEST_RELATIVE_DIFFERENCE, compare, prove

REFERENCE = np.array([0.0, 0.5, 3.0, 900.0, -4.0], np.float32)
THRESHOLD = 2.0


def changed(place: int, value: float) -> np.ndarray:
    scores = REFERENCE.copy()
    scores[place] = value
    return scores


def test_equal_scores_are_proven_and_counted() -> None:
    parity = prove(compare(REFERENCE, REFERENCE.copy(), THRESHOLD), where="b")
    assert (parity.records, parity.tolerance, parity.steps[0].flipped_verdicts) == (5, 1e-5, 0)
    assert (parity.steps[0].max_relative_difference, parity.steps[0].median_relative_difference) == (0.0, 0.0)


def test_small_differences_pass_and_are_recorded() -> None:
    parity = prove(compare(REFERENCE, changed(3, 900.005), THRESHOLD), where="b")
    assert parity.steps[0].max_relative_difference == pytest.approx(0.005 / 900, rel=0.01)
    assert parity.steps[0].median_relative_difference == 0.0
    small = prove(compare(REFERENCE, changed(0, 1.6e-5), THRESHOLD), where="b")
    assert small.steps[0].max_relative_difference == pytest.approx(8e-6), "below the threshold it is relative to that"


@pytest.mark.parametrize(("place", "value"), [(0, 4e-5), (1, 0.5001), (3, 899.0), (4, 4.0)])
def test_a_difference_too_large_names_the_worst_record(place: int, value: float) -> None:
    with pytest.raises(ParityError) as caught:
        prove(compare(REFERENCE, changed(place, value), THRESHOLD), where="bundle")
    error = str(caught.value)
    assert error.startswith("bundle: the exported model differs from the trained one: relative difference ")
    assert f"(at most 1e-05) on held-out record {place}, " in error
    assert error.endswith("report this with the versions of tensorflow, tf2onnx and onnxruntime")


def test_the_worst_of_several_is_named() -> None:
    exported = changed(1, 0.6)
    exported[2] = 30.0
    with pytest.raises(
        ParityError, match=r"difference 0\.9 \(at most 1e-05\) on held-out record 2, 0 verdicts flipped"
    ):
        prove(compare(REFERENCE, exported, THRESHOLD), where="b")


def test_a_flipped_verdict_fails_however_small_the_difference() -> None:
    threshold = 3.0
    exported = changed(2, np.nextafter(np.float32(3.0), np.float32(0.0)))
    comparison = compare(REFERENCE, exported, threshold)
    assert comparison.relative.max() < LARGEST_RELATIVE_DIFFERENCE
    assert comparison.flipped.tolist() == [False, False, True, False, False]
    with pytest.raises(ParityError, match="1 verdicts flipped"):
        prove(comparison, where="b")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("sides", ["exported", "reference", "both"])
def test_scores_that_are_no_numbers_prove_nothing(value: float, sides: str) -> None:
    reference = REFERENCE if sides == "exported" else changed(2, value)
    exported = REFERENCE if sides == "reference" else changed(2, value)
    with pytest.raises(ParityError, match=r"difference inf .* on held-out record 2"):
        prove(compare(reference, exported, THRESHOLD), where="b")


def test_another_tolerance() -> None:
    comparison = compare(REFERENCE, changed(1, 0.52), THRESHOLD)
    assert prove(comparison, where="b", tolerance=0.02).tolerance == 0.02
    with pytest.raises(ParityError, match=r"at most 0\.005"):
        prove(comparison, where="b", tolerance=0.005)


@given(st.lists(st.tuples(*[st.floats(-1e4, 1e4, width=32)] * 2), min_size=1, max_size=30), st.floats(-10, 10))
def test_it_does_not_matter_which_is_the_reference(pairs: List[tuple[float, float]], threshold: float) -> None:
    one, other = (np.array(column, np.float32) for column in zip(*pairs))
    there, back = compare(one, other, threshold), compare(other, one, threshold)
    assert there.relative.tolist() == back.relative.tolist()
    assert there.flipped.tolist() == back.flipped.tolist()
    assert (there.relative <= 2).all()
