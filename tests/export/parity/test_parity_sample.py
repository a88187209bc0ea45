"""What scores are compared on."""

from __future__ import annotations

from typing import Dict, List, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.encoders import Encoded
from export.parity import sample as sampling
from export.parity.sample import LEAST_INPUTS, altered_copies, take_sample


@pytest.fixture(autouse=True)
def _whole_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "LEAST_INPUTS", LEAST_INPUTS)
    monkeypatch.setattr(sampling, "_LEAST_ALTERED", 1_000)


class Letters:
    """Contents of letters: a row for each, of two numbers; a content with an "x" cannot be scored."""

    def keys(self, contents: Sequence[str]) -> List[str]:
        return [content.lower() for content in contents]

    def encode(self, keys: Sequence[str]) -> Encoded:
        rows = [[ord(letter), place] for key in keys for place, letter in enumerate(key)]
        owners = np.repeat(np.arange(len(keys)), [len(key) for key in keys])
        faults = {place: "x" for place, key in enumerate(keys) if "x" in key}
        return Encoded({"ids": np.array(rows, np.int32)}, owners, faults, 0)


def codes(outputs: Sequence[str], inputs: Dict[str, np.ndarray]) -> List[np.ndarray]:
    """The code of the letter as the score."""
    assert outputs == ("score",)
    return [inputs["ids"][:, 0].astype(np.float32)]


CONTENTS = ["ab", "c", "AB", "dx", "e", "c"]


def test_each_record_is_scored_by_its_oddest_row() -> None:
    sample = take_sample(Letters(), CONTENTS, ["", "", "", "", "odd", ""], 4)
    scores = sample.score(codes, batch_rows=3)
    assert sample.records == 5, "what cannot be scored is not compared"
    assert sample.numbers.tolist() == [0, 1, 2, 4, 5]
    assert [chr(int(score)) for score in scores[:5]] == ["b", "c", "b", "e", "c"]
    assert len(scores) == sample.records + sample.altered
    assert sample.name_of(2) == "record 3 of those that set the threshold"
    assert sample.name_of(3) == "record 1 of those held out for tests"
    assert sample.name_of(6) == "altered copy 1"
    assert [sample.content_of(place) for place in (0, 1, 2)] == [0, 1, 0]
    assert sample.content_of(5) != sample.content_of(6)


def test_scales_are_found_on_normal_records_that_set_the_threshold() -> None:
    sample = take_sample(Letters(), ["ab", "c", "AB", "dx", "g", "h", "e"], ["", "", "", "", "odd", "", ""], 6)
    letters = [chr(code) for code in sample.rows(100)["ids"][:, 0]]
    assert letters == ["a", "b", "c", "h"], "no test record, no anomaly, none that cannot be scored, each content once"
    assert [chr(code) for code in sample.rows(2)["ids"][:, 0]] == ["a", "h"], "spread over all"
    odd = take_sample(Letters(), ["ab", "c"], ["odd", "odd"], 1)
    assert len(odd.rows(100)["ids"]) == 3


@pytest.mark.parametrize("records", [1, 9_500, 12_000])
def test_there_are_ten_thousand_inputs_and_always_altered_ones(records: int) -> None:
    sample = take_sample(Letters(), ["ab"] * records, [""] * records, records)
    assert LEAST_INPUTS == 10_000
    assert sample.records == records
    assert sample.altered == max(10_000 - records, 1_000)


def test_anomalies_are_those_with_a_label() -> None:
    sample = take_sample(Letters(), CONTENTS * 100, ["", "", "", "", "odd", ""] * 100, 10)
    odd, normal = sample.odd_and_normal()
    assert sample.labelled
    assert np.flatnonzero(odd).tolist() == list(range(3, 500, 5))
    assert np.flatnonzero(normal).tolist() == [place for place in range(500) if place % 5 != 3]


@pytest.mark.parametrize("kind", ["", "odd"])
def test_with_few_labels_they_are_the_altered_copies(kind: str) -> None:
    sample = take_sample(Letters(), CONTENTS, ["", "", "", "", kind, ""], 6)
    odd, normal = sample.odd_and_normal()
    assert not sample.labelled
    assert odd.tolist() == [False] * 5 + [True] * sample.altered
    assert normal.tolist()[:5] == [True, True, True, kind == "", True]


def test_the_same_copies_each_time() -> None:
    one, other = (take_sample(Letters(), CONTENTS, [""] * 6, 6) for _ in range(2))
    assert one.inputs["ids"].tolist() == other.inputs["ids"].tolist()


@given(st.integers(1, 20), st.integers(1, 8), st.integers(1, 50), st.booleans(), st.integers(0, 3))
def test_copies_are_made_of_what_there_is(rows: int, width: int, count: int, steps: bool, seed: int) -> None:
    random = np.random.default_rng(seed)
    inputs = {
        "ids": random.integers(0, 9, (rows, width)).astype(np.int32),
        "features": random.normal(size=(rows, width, 2) if steps else (rows, width)).astype(np.float32),
    }
    copies = altered_copies(inputs, count, seed)
    for name, values in inputs.items():
        assert copies[name].shape == (count, *values.shape[1:])
        assert copies[name].dtype == values.dtype
    assert np.isin(copies["ids"], inputs["ids"]).all()
    for place in range(width):
        known = {tuple(np.ravel(value)) for value in inputs["features"][:, place]}
        assert {tuple(np.ravel(value)) for value in copies["features"][:, place]} <= known


def test_three_tenths_are_altered() -> None:
    inputs = {"features": np.arange(4000, dtype=np.float32).reshape(400, 10)}
    copies = altered_copies(inputs, 1000, 0)["features"]
    rows = np.array([np.bincount((row // 10).astype(int)).max() for row in copies])
    assert 6.5 < rows.mean() < 7.5, "of ten values, those of the row that was copied"
