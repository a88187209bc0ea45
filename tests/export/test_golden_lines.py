"""Which lines the self-test of a bundle holds."""

from __future__ import annotations

from typing import Dict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.bundle.golden import decode_golden, encode_golden
from export.golden import NORMAL_LINES, ODD_EXAMPLES, ODD_LINES, make_golden, pick_lines


def picked(scores: Dict[str, float]) -> list[str]:
    lines = pick_lines(list(scores), np.array(list(scores.values()), np.float32))
    assert tuple(lines[-len(ODD_EXAMPLES) :]) == ODD_EXAMPLES
    return lines[: -len(ODD_EXAMPLES)]


def test_lines_are_spread_over_all_scores_and_the_oddest_are_all_there() -> None:
    scores = {f"line {number}": float(number) for number in np.random.default_rng(0).permutation(1000)}
    found = sorted(scores[line] for line in picked(scores))
    assert len(found) == NORMAL_LINES + ODD_LINES
    assert found[-ODD_LINES:] == list(range(1000 - ODD_LINES, 1000))
    assert (found[0], found[NORMAL_LINES - 1]) == (0, 1000 - ODD_LINES - 1)
    assert max(np.diff(found[:NORMAL_LINES])) <= 1000 / NORMAL_LINES + 1


def test_a_line_stands_there_once() -> None:
    lines = ["twice", "once", "twice"] * 500
    found = pick_lines(lines, np.array([1.0, 2.0, 1.0] * 500, np.float32))
    assert sorted(found[: -len(ODD_EXAMPLES)]) == ["once", "twice"]


@pytest.mark.parametrize("count", [1, 2, ODD_LINES, ODD_LINES + 1, NORMAL_LINES + ODD_LINES])
def test_a_short_slice_goes_in_whole(count: int) -> None:
    scores = {f"line {number}": float(number % 3) for number in range(count)}
    assert sorted(picked(scores)) == sorted(scores)


@given(st.dictionaries(st.text(max_size=5), st.sampled_from([0.0, 1.0, 2.5, 7.0]), min_size=1, max_size=200))
def test_the_order_of_the_lines_does_not_matter(scores: Dict[str, float]) -> None:
    backwards = dict(reversed(scores.items()))
    assert picked(scores) == picked(backwards)
    assert len(set(picked(scores))) == min(len(scores), NORMAL_LINES + ODD_LINES)


def test_the_examples_hold_what_parsers_stumble_over() -> None:
    assert "" in ODD_EXAMPLES
    assert any(not line.isascii() for line in ODD_EXAMPLES)
    assert any(len(line) > 2000 and " " not in line for line in ODD_EXAMPLES)
    assert any(len(line.split()) > 500 for line in ODD_EXAMPLES), "more tokens than all rows hold"
    assert not any("\n" in line for line in ODD_EXAMPLES)


def test_golden_records_are_what_was_given() -> None:
    scores = np.array([0.1, 9.0], np.float32)
    golden = make_golden(["a", "b"], ["ca", "cb"], [[[1, 2]], [[3, 4], [5, 0]]], scores, scores > 1)
    assert [(one.line, one.content, one.ids, one.anomalous) for one in golden] == [
        ("a", "ca", [[1, 2]], False),
        ("b", "cb", [[3, 4], [5, 0]], True),
    ]
    assert [np.float32(one.score) for one in golden] == scores.tolist()
    assert decode_golden(encode_golden(golden)) == golden
    with pytest.raises(ValueError, match="zip"):
        make_golden(["a"], ["ca"], [[[1]]], scores, scores > 1)
