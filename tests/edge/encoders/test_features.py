"""Rows of a table to numbers."""

from __future__ import annotations

import math
from typing import List

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.bundle.manifest import TensorSpec
from edge.bundle.preprocessing import Feature, FeatureEncoderSpec
from edge.encoders.features import FeatureEncoder
from edge.table.reader import FAULT

NUMBERS = FeatureEncoder(FeatureEncoderSpec(features=[Feature(name=name, categories=None) for name in ("a", "b c")]))
MIXED = FeatureEncoder(
    FeatureEncoderSpec(
        features=[
            Feature(name="proto", categories=["tcp", "udp"]),
            Feature(name="bytes", categories=None),
            Feature(name="state", categories=["SF"]),
        ]
    )
)


def test_the_graph_is_as_wide_as_the_features() -> None:
    assert MIXED.signature() == [
        TensorSpec(name="features", dtype="float32", shape=["batch", 4]),
        TensorSpec(name="feature_scores", dtype="float32", shape=["batch", 4]),
    ]


@given(st.lists(st.tuples(st.floats(width=32, allow_nan=False, allow_infinity=False), st.integers(-999, 999))))
def test_numbers_are_read_as_they_are(rows: List[List[float]]) -> None:
    encoded = NUMBERS.encode(NUMBERS.keys([f"{first!r},{second}" for first, second in rows]))
    assert encoded.faults == {}
    assert encoded.inputs["features"].dtype == np.float32
    assert encoded.inputs["features"].tolist() == [[first, float(second)] for first, second in rows]
    assert encoded.owners.tolist() == list(range(len(rows)))


def test_categories_become_a_number_each_and_unknown_ones_none() -> None:
    encoded = MIXED.encode(["udp,5,SF", "icmp,6,", "TCP,7,SF"])
    assert encoded.faults == {}
    assert encoded.inputs["features"].tolist() == [[0, 1, 5, 1], [0, 0, 6, 0], [0, 0, 7, 1]]


BAD = [
    ("inf", "b c is infinite"),
    ("-Infinity", "b c is infinite"),
    ("NaN", "b c is missing"),
    ("", "b c is missing"),
    ("1e39", "b c is too large"),
    ("-1e300", "b c is too large"),
    ("text", "b c is 'text', which is no number"),
    ("1_000", "b c is '1_000', which is no number"),
    ("x" * 60, "b c is '" + "x" * 40 + "...', which is no number"),
]


@pytest.mark.parametrize(("field", "fault"), BAD)
def test_what_cannot_be_scored_says_why_and_harms_no_other_row(field: str, fault: str) -> None:
    encoded = NUMBERS.encode(["1,2", f"3,{field}", "4,5"])
    assert encoded.faults == {1: fault}
    assert encoded.inputs["features"].tolist() == [[1, 2], [0, 0], [4, 5]]


def test_the_same_holds_beside_categories() -> None:
    encoded = MIXED.encode(["tcp,inf,SF", "tcp,,SF", "tcp,1,SF"])
    assert encoded.faults == {0: "bytes is infinite", 1: "bytes is missing"}
    assert encoded.inputs["features"].tolist() == [[0] * 4, [0] * 4, [1, 0, 1, 1]]


@pytest.mark.parametrize("encoder", [NUMBERS, MIXED])
def test_rows_of_another_width_and_faults_of_the_reader(encoder: FeatureEncoder) -> None:
    encoded = encoder.encode([f"{FAULT}the row has 2 fields", "1,2,3,4", "a line of a log", ""])
    width = 2 if encoder is NUMBERS else 3
    assert encoded.faults == {
        0: "the row has 2 fields",
        1: f"it holds 4 values where {width} are expected",
        2: f"it holds 1 values where {width} are expected",
        3: f"it holds 1 values where {width} are expected",
    }
    assert not encoded.inputs["features"].any()


def test_rows_that_only_together_have_the_right_number_of_fields_are_not_mixed_up() -> None:
    assert set(NUMBERS.encode(["1", "2,3,4"]).faults) == {0, 1}


def test_nothing_gives_nothing() -> None:
    encoded = NUMBERS.encode([])
    assert encoded.inputs["features"].shape == (0, 2)
    assert encoded.owners.tolist() == []


def test_reasons_are_the_features_that_count_most_with_their_places() -> None:
    content = "udp,5000,SF"
    (reasons,) = MIXED.explain([content], [np.array([[0.5, 0.75, 9.0, 3.7]], np.float32)])
    assert [(one.text, content[one.start : one.end], one.score) for one in reasons] == [
        ("bytes=5000", "5000", 9.0),
        ("state=SF", "SF", 3.7),
    ]
    (category,) = MIXED.explain([content], [np.array([[1.0, 2.0, 0.1, 0.1]], np.float32)])
    assert [(one.text, one.score) for one in category] == [("proto=udp", 3.0)], "a category counts with all its numbers"


@pytest.mark.parametrize("scores", [[0.0, 0.0, 0.0, 0.0], [-1.0, 0.0, -2.0, 0.0], [math.nan] * 4])
def test_without_an_odd_feature_there_are_no_reasons(scores: List[float]) -> None:
    assert MIXED.explain(["tcp,1,SF"], [np.array([scores], np.float32)]) == [[]]
