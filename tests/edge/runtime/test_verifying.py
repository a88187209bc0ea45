from __future__ import annotations

from pathlib import Path
from typing import List

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_bundle import LENGTH, SPEC, WEIGHTS

from edge.bundle.folder import load_bundle
from edge.bundle.golden import Golden, decode_golden
from edge.bundle.preprocessing import FormatSpec
from edge.errors import InputError, ParityError
from edge.runtime.detector import Detector
from edge.runtime.verifying import compare, content_of, relative_differences, replay

THRESHOLD = 1.0


@pytest.fixture(scope="module")
def detector(small_bundle: Path) -> Detector:
    return Detector(load_bundle(small_bundle), provider="cpu")


@pytest.fixture
def golden(small_bundle: Path) -> List[Golden]:
    return decode_golden((small_bundle / "golden.jsonl").read_bytes())


def run(detector: Detector, spec: FormatSpec, lines: List[List[str]]) -> List[Golden]:
    return replay(detector.scorer, detector.threshold, lines, [content_of(spec, one) for one in lines])


def replaced(golden: List[Golden], index: int, **changes: object) -> List[Golden]:
    return [
        *golden[:index],
        msgspec.structs.replace(golden[index], **changes),
        *golden[index + 1 :],
    ]


def test_a_line_goes_the_whole_way(detector: Detector) -> None:
    odd = "Jun 15 04:06:18 combo sshd[2]: session stolen"
    long = "Jun 15 04:06:18 combo cron[3]: " + "session " * LENGTH + "closed"
    first, second, third = run(detector, SPEC, [[odd], [long], [""]])
    assert first == Golden(
        lines=[odd],
        content="sshd[2]: session stolen",
        inputs={"ids": [[3, 5, 1, 0, 0, 0, 0, 0]]},
        score=WEIGHTS[1],
        anomalous=True,
    )
    assert second.inputs["ids"] == [[4] + [5] * (LENGTH - 1), [5] * (LENGTH - 1) + [7]], (
        "the second row ends with the line"
    )
    assert second.score == WEIGHTS[7], "the score of a long line is that of its oddest row"
    assert not second.anomalous
    assert (third.inputs["ids"], third.score) == ([[0] * LENGTH], 0.0)
    assert run(detector, SPEC, []) == []


def test_the_format_is_that_asked_for() -> None:
    line = "Jun 15 04:06:18 combo sshd[2]: session"
    assert content_of(SPEC, [line]) == "sshd[2]: session"
    assert content_of(msgspec.structs.replace(SPEC, name="plain"), [line]) == line
    with pytest.raises(InputError, match="2 lines give 2 records where one was expected"):
        content_of(SPEC, [line, line])


def test_a_replay_scores_as_the_detector_does(detector: Detector, golden: List[Golden]) -> None:
    scores = detector.score([one.content for one in golden])
    assert [one.score for one in golden] == scores.tolist()
    assert [one.anomalous for one in golden] == detector.verdicts(scores).tolist()
    assert {one.anomalous for one in golden} == {True, False}


def test_equal_runs_have_no_difference(detector: Detector, golden: List[Golden]) -> None:
    found = run(detector, SPEC, [one.lines for one in golden])
    result = compare(found, golden, THRESHOLD, 0.0, "b")
    assert (result.lines, result.anomalous, result.largest) == (len(golden), 2, 0.0)


def test_a_difference_within_the_tolerance_passes_and_is_told(golden: List[Golden]) -> None:
    expected = replaced(golden, 3, score=golden[3].score * (1 + 5e-6))
    result = compare(golden, expected, THRESHOLD, 1e-5, "b")
    assert result.largest == pytest.approx(5e-6, rel=1e-3)
    assert result.largest_line == 4


def test_the_worst_score_is_named(golden: List[Golden]) -> None:
    expected = replaced(replaced(golden, 1, score=golden[1].score + 0.1), 4, score=golden[4].score * 2)
    with pytest.raises(ParityError) as caught:
        compare(golden, expected, THRESHOLD, 1e-5, "b")
    assert str(caught.value) == (
        "b/golden.jsonl, line 5: it scores 9.5 instead of 19, a relative difference of 0.5 where 1e-05 is allowed: "
        "Jun 15 12:12:34 combo kernel: Out of memory: kill process 12 \u00fc\u6e29; "
        "run oddline doctor, try --provider cpu, or export the bundle again"
    )


@pytest.mark.parametrize("score", [float("nan"), float("inf"), float("-inf")])
def test_a_score_that_is_no_number_fails(golden: List[Golden], score: float) -> None:
    with pytest.raises(ParityError, match="line 3: it scores"):
        compare(replaced(golden, 2, score=score), golden, THRESHOLD, 1e-5, "b")


@pytest.mark.parametrize(
    ("changes", "what"),
    [({"inputs": {"ids": [[3, 3]]}}, "its inputs are not"), ({"content": "else"}, "its content is not")],
)
def test_other_ids_or_contents_fail_whatever_the_score(golden: List[Golden], changes: object, what: str) -> None:
    assert isinstance(changes, dict)
    with pytest.raises(ParityError, match=rf"b/golden\.jsonl, line 2: {what} what the bundle promises: Jun 14"):
        compare(replaced(golden, 1, **changes), golden, THRESHOLD, 1.0, "b")


def test_another_verdict_fails(golden: List[Golden]) -> None:
    with pytest.raises(ParityError, match=r"line 6: it is not anomalous here \(score 9\.5\): no syslog at all"):
        compare(replaced(golden, 5, anomalous=False), golden, THRESHOLD, 1e-5, "b")


def test_a_long_line_is_shown_short(golden: List[Golden]) -> None:
    long = replaced(golden, 0, lines=["x" * 5000])
    with pytest.raises(ParityError) as caught:
        compare(replaced(long, 0, inputs={"ids": [[1]]}), long, THRESHOLD, 1e-5, "b")
    assert len(str(caught.value)) < 400


@given(
    st.floats(-1e6, 1e6, allow_nan=False),
    st.floats(-1e6, 1e6, allow_nan=False),
)
def test_differences_are_relative_to_the_threshold_at_least(found: float, expected: float) -> None:
    for threshold in (1.0, 50.0, -3.0):
        (difference,) = relative_differences([found], [expected], threshold)
        scale = max(abs(threshold), abs(expected), abs(found))
        assert difference == pytest.approx(abs(found - expected) / scale)


def test_no_numbers_and_no_scale() -> None:
    assert np.isnan(relative_differences([np.inf], [np.inf], 1.0)).all()
    assert np.isnan(relative_differences([1.0], [np.inf], 1.0)).all()
    assert relative_differences([0.0], [0.0], 0.0).tolist() == [0.0]
