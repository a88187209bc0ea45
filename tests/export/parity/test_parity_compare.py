"""The proof that two backends score alike, and its refusals."""

from __future__ import annotations

from typing import List

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import ParityError
from export.parity.compare import Comparison, compare, prove
from export.parity.limits import LIMITS, Limits, limits_for, tolerance_of
from export.parity.sample import Sample

REFERENCE = np.array([0.0, 0.5, 3.0, 900.0, -4.0], np.float32)
THRESHOLD = 2.0
NORMAL = np.array([True, True, False, False, True])
FP32 = LIMITS["fp32"]


@pytest.fixture(autouse=True)
def _needs_sklearn(tensorflow: None) -> None:
    """The packages of the extra `export`."""


def changed(place: int, value: float) -> np.ndarray:
    scores = REFERENCE.copy()
    scores[place] = value
    return scores


def sample(records: int, altered: int = 0, places: np.ndarray | None = None) -> Sample:
    """A sample of records, each of its own content unless `places` says otherwise, and of altered copies."""
    return Sample(
        inputs={"x": np.zeros((records + altered, 1), np.float32)},
        starts=np.arange(records + 1),
        places=np.arange(records) if places is None else places,
        normal=np.ones(records, bool),
        numbers=np.arange(records),
        calibration=records - 1,
    )


def compared(scores: np.ndarray, threshold: float = THRESHOLD, reference: np.ndarray = REFERENCE) -> Comparison:
    return compare(reference, scores, threshold, sample(len(reference)))


def check(comparison: Comparison, limits: Limits = FP32) -> None:
    records = sample(len(comparison.reference))
    prove(comparison, limits, sample=records, what="it differs", where="bundle", mend="mend it")


def test_equal_scores_are_proven_and_recorded() -> None:
    comparison = compared(REFERENCE.copy())
    check(comparison)
    step = comparison.step("Keras", "ONNX")
    assert (step.reference, step.compared) == ("Keras", "ONNX")
    assert (step.max_relative_difference, step.median_relative_difference) == (0.0, 0.0)
    assert (step.flipped_verdicts, step.auroc_change) == (0, 0.0)


def test_small_differences_pass_and_are_recorded() -> None:
    comparison = compared(changed(3, 900.005))
    check(comparison)
    step = comparison.step("a", "b")
    assert step.max_relative_difference == pytest.approx(0.005 / 900, rel=0.01)
    assert step.median_relative_difference == 0.0
    small = compared(changed(0, 1.6e-5)).step("a", "b")
    assert small.max_relative_difference == pytest.approx(8e-6), "below the threshold it is relative to that"


@pytest.mark.parametrize(("place", "value"), [(0, 4e-5), (1, 0.5001), (3, 899.0), (4, 4.0)])
def test_a_difference_too_large_names_the_worst_record(place: int, value: float) -> None:
    with pytest.raises(ParityError) as caught:
        check(compared(changed(place, value)))
    error = str(caught.value)
    assert error.startswith("bundle: it differs: a relative difference of ")
    assert "(at most 1e-05)" in error
    name = (
        "record 1 of those held out for tests" if place == 4 else f"record {place + 1} of those that set the threshold"
    )
    assert f"worst: {name} scores {np.float32(value):.9g} instead of {REFERENCE[place]:.9g}; record " in error
    assert error.endswith("; mend it")


def test_flipped_verdicts_are_named_before_larger_differences() -> None:
    scores = changed(1, 0.6)
    scores[2] = 1.9
    scores[3] = 10.0
    with pytest.raises(
        ParityError, match=r"verdicts of 1 of 5 records flipped \(at most 0.00%\); worst: record 3 of .* scores 1\.8999"
    ):
        check(compared(scores))


def test_a_flipped_verdict_fails_however_small_the_difference() -> None:
    comparison = compared(changed(2, np.nextafter(np.float32(3.0), np.float32(0.0))), 3.0)
    assert comparison.relative.max() < 1e-6
    assert comparison.flipped.tolist() == [False, False, True, False, False]
    with pytest.raises(ParityError, match="the verdicts of 1 of 5 records flipped"):
        check(comparison)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("sides", ["exported", "reference", "both"])
def test_scores_that_are_no_numbers_prove_nothing(value: float, sides: str) -> None:
    reference = REFERENCE if sides == "exported" else changed(2, value)
    exported = REFERENCE if sides == "reference" else changed(2, value)
    for limits in LIMITS.values():
        with pytest.raises(ParityError, match=r"a score is no finite number.*worst: record 3 of"):
            check(compared(exported, reference=reference), limits)


def test_the_change_of_the_auroc_has_its_limit() -> None:
    reference = np.concatenate([np.zeros(100), np.ones(100)]).astype(np.float32)
    scores = reference.copy()
    scores[100:150] = -5.0
    comparison = compare(reference, scores, 1000.0, sample(100, 100))
    assert comparison.auroc_change == pytest.approx(-0.5)
    assert comparison.broken(LIMITS["int8"]) == ["the AUROC changed by -0.5000 (at most 0.002)"]
    assert not comparison.only_flips(LIMITS["int8"])
    assert comparison.broken(LIMITS["fp16"]) == []


@pytest.mark.parametrize(("precision", "share"), [("fp32", 0.0), ("fp16", 0.0005), ("int8", 0.002)])
def test_each_precision_has_its_share_of_flips(precision: str, share: float) -> None:
    count = 10_000
    reference = np.zeros(count, np.float32)
    reference[::2] = 1.0
    for flips in (int(share * count), int(share * count) + 1):
        scores = reference.copy()
        scores[1 : 1 + 2 * flips : 2] = 0.500001
        comparison = compare(reference, scores, 0.5, sample(count))
        assert int(comparison.flipped.sum()) == flips
        broken = [what for what in comparison.broken(limits_for(precision, None)) if "flipped" in what]
        assert bool(broken) == (flips > share * count)
        assert not [what for what in comparison.broken(limits_for(precision, 0.5)) if "flipped" in what]


def test_the_limit_can_be_raised_and_not_lowered() -> None:
    assert limits_for("int8", 0.01).flips == 0.01
    assert limits_for("int8", 0.0001).flips == 0.002
    assert limits_for("int8", 0.01).auroc == 0.002
    assert limits_for("fp32", 0.01).relative == 1e-5


def test_the_tolerance_of_a_device_follows_what_the_precision_does() -> None:
    assert tolerance_of("fp32", 3e-7) == 1e-5
    assert tolerance_of("fp16", 1e-5) == 1e-3
    assert tolerance_of("fp16", 2e-3) == pytest.approx(4e-3)
    assert tolerance_of("int8", 0.4) == 0.1, "no more than a manifest may state"


@given(st.lists(st.tuples(*[st.floats(-1e4, 1e4, width=32)] * 2), min_size=1, max_size=30), st.floats(-10, 10))
def test_it_does_not_matter_which_is_the_reference(pairs: List[tuple[float, float]], threshold: float) -> None:
    one, other = (np.array(column, np.float32) for column in zip(*pairs))
    there, back = (compare(*pair, threshold, sample(len(one))) for pair in ((one, other), (other, one)))
    assert there.relative.tolist() == back.relative.tolist()
    assert there.flipped.tolist() == back.flipped.tolist()
    assert (there.relative <= 2).all()


def test_altered_copies_do_not_make_up_for_records() -> None:
    """20 of 100 records are a fifth of the verdicts, and not 0.2 %."""
    reference = np.zeros(10_000, np.float32)
    scores = reference.copy()
    scores[:20] = 1.0
    comparison = compare(reference, scores, 0.5, sample(100, 9_900))
    assert comparison.broken(LIMITS["int8"])[0] == "the verdicts of 20 of 100 records flipped (at most 0.20%)"
    step = comparison.step("a", "b")
    assert (step.flipped_verdicts, step.flipped_records) == (20, 20)
    of_copies = compare(reference, np.roll(scores, 5_000), 0.5, sample(100, 9_900))
    assert of_copies.broken(LIMITS["int8"]) == ["the verdicts of 20 of 9,900 altered copies flipped (at most 0.20%)"]
    assert of_copies.only_flips(LIMITS["int8"])


def test_one_content_is_named_once() -> None:
    reference = np.zeros(6, np.float32)
    scores = np.array([3, 3, 3, 2, 1, 0], np.float32)
    repeated = sample(6, 0, np.array([0, 0, 0, 1, 2, 3]))
    assert compare(reference, scores, 10.0, repeated).worst(repeated.content_of) == [0, 3, 4]
