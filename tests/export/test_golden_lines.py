"""Which lines the self-test of a bundle holds."""

from __future__ import annotations

from typing import Dict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.bundle.preprocessing import FormatSpec
from export.golden import NORMAL_RECORDS, ODD_EXAMPLES, ODD_RECORDS, odd_examples, pick


def picked(scores: Dict[str, float]) -> list[str]:
    contents = list(scores)
    return [contents[place] for place in pick(contents, np.array(list(scores.values()), np.float32))]


def test_lines_are_spread_over_all_scores_and_the_oddest_are_all_there() -> None:
    scores = {f"line {number}": float(number) for number in np.random.default_rng(0).permutation(1000)}
    found = sorted(scores[line] for line in picked(scores))
    assert len(found) == NORMAL_RECORDS + ODD_RECORDS
    assert found[-ODD_RECORDS:] == list(range(1000 - ODD_RECORDS, 1000))
    assert (found[0], found[NORMAL_RECORDS - 1]) == (0, 1000 - ODD_RECORDS - 1)
    assert max(np.diff(found[:NORMAL_RECORDS])) <= 1000 / NORMAL_RECORDS + 1


def test_a_line_stands_there_once() -> None:
    lines = ["twice", "once", "twice"] * 500
    found = pick(lines, np.array([1.0, 2.0, 1.0] * 500, np.float32))
    assert sorted(lines[place] for place in found) == ["once", "twice"]


@pytest.mark.parametrize("count", [1, 2, ODD_RECORDS, ODD_RECORDS + 1, NORMAL_RECORDS + ODD_RECORDS])
def test_a_short_slice_goes_in_whole(count: int) -> None:
    scores = {f"line {number}": float(number % 3) for number in range(count)}
    assert sorted(picked(scores)) == sorted(scores)


@given(st.dictionaries(st.text(max_size=5), st.sampled_from([0.0, 1.0, 2.5, 7.0]), min_size=1, max_size=200))
def test_the_order_of_the_lines_does_not_matter(scores: Dict[str, float]) -> None:
    backwards = dict(reversed(scores.items()))
    assert picked(scores) == picked(backwards)
    assert len(set(picked(scores))) == min(len(scores), NORMAL_RECORDS + ODD_RECORDS)


def test_the_examples_hold_what_parsers_stumble_over() -> None:
    assert "" in ODD_EXAMPLES
    assert any(not line.isascii() for line in ODD_EXAMPLES)
    assert any(len(line) > 2000 and " " not in line for line in ODD_EXAMPLES)
    assert any(len(line.split()) > 500 for line in ODD_EXAMPLES), "more tokens than all rows hold"
    assert not any("\n" in line for line in ODD_EXAMPLES)


def test_examples_are_records_of_one_line() -> None:
    spec = FormatSpec(name="syslog", layout=None, fields=None, header=None, skip_characters=0)
    assert odd_examples(spec) == [[line] for line in ODD_EXAMPLES]
