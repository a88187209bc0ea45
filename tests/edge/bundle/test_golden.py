from __future__ import annotations

import json
from typing import Any, Dict, List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.bundle.golden import Golden, decode_golden, encode_golden
from edge.errors import IntegrityError

GOOD: Dict[str, Any] = {
    "lines": ["<13>Jun 14 15:16:01 combo su: x"],
    "content": "su: x",
    "inputs": {"ids": [[1, 2], [3, 0]]},
    "score": 1.5,
    "anomalous": True,
}
TEXTS = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\n"))
ROWS = st.integers(1, 4).flatmap(
    lambda length: st.lists(
        st.lists(st.integers(0, 2**31 - 1), min_size=length, max_size=length), min_size=1, max_size=3
    )
)
SCORES = st.floats(width=32, allow_nan=False, allow_infinity=False)
NUMBERS = st.lists(st.lists(SCORES, min_size=3, max_size=3), min_size=1, max_size=2)
STEPS = st.lists(st.lists(st.lists(SCORES, min_size=2, max_size=2), min_size=3, max_size=3), min_size=1, max_size=2)
GOLDEN = st.builds(
    Golden,
    lines=st.lists(TEXTS, min_size=1, max_size=3),
    content=TEXTS,
    inputs=st.fixed_dictionaries({"ids": ROWS})
    | st.fixed_dictionaries({"features": NUMBERS})
    | st.fixed_dictionaries({"steps": STEPS}),
    score=st.none() | SCORES,
    anomalous=st.booleans(),
)


@given(st.lists(GOLDEN, min_size=1, max_size=4))
def test_what_was_written_is_read(golden: List[Golden]) -> None:
    data = encode_golden(golden)
    assert decode_golden(data) == golden
    assert data.count(b"\n") == len(golden)


def changed(**changes: Any) -> bytes:
    fields = {name: value for name, value in {**GOOD, **changes}.items() if value is not ...}
    return json.dumps(fields).encode()


def test_the_good_line_is_good() -> None:
    (one,) = decode_golden(changed() + b"\n")
    assert one == Golden(**GOOD)


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (b"{", "truncated"),
        (b"", "truncated"),
        (b"\xff", "malformed"),
        (changed().replace(b"su: x", b"su: \xff"), "utf-8"),
        (changed(score=...), "missing required field `score`"),
        (changed(extra=1), "unknown field `extra`"),
        (changed(score="1"), "Expected `float | null`, got `str`"),
        (changed(anomalous=1), "Expected `bool`"),
        (changed(inputs={"ids": [["1"]]}), "Expected `int | float | array`"),
        (changed(inputs={}), "not rows of one length"),
        (changed(inputs={"ids": []}), "not rows of one length"),
        (changed(inputs={"ids": [[]]}), "not rows of one length"),
        (changed(inputs={"ids": [[1, 2], [3]]}), "not rows of one length"),
        (changed(inputs={"steps": [[[1.0], [2.0, 3.0]]]}), "not rows of one length"),
        (changed(inputs={"steps": [[[1.0]], [[2.0, 3.0]]]}), "not rows of one length"),
        (changed(inputs={"steps": [[[1.0], 2.0]]}), "not rows of one length"),
        (changed(inputs={"steps": [[[], []]]}), "not rows of one length"),
        (changed(inputs={"steps": [[[["1"]]]]}), "Expected `float`"),
        (changed(lines=["a", "a\nb"]), "line feed"),
        (changed(lines=[]), "no lines"),
    ],
)
def test_a_damaged_line_is_refused_with_its_number(bad: bytes, why: str) -> None:
    with pytest.raises(IntegrityError) as caught:
        decode_golden(changed() + b"\n" + bad + b"\n" + changed() + b"\n", "b/golden.jsonl")
    assert str(caught.value).startswith("b/golden.jsonl, line 2: damaged (")
    assert why.lower() in str(caught.value).lower()
    assert str(caught.value).endswith("; copy or export the bundle again")


def test_a_file_that_was_cut_off_is_refused() -> None:
    with pytest.raises(IntegrityError, match=r"golden\.jsonl, line 2: damaged \(it is cut off\)"):
        decode_golden(changed() + b"\n" + changed())


def test_a_file_without_lines_is_refused() -> None:
    with pytest.raises(IntegrityError, match=r"golden\.jsonl: holds no lines"):
        decode_golden(b"")
