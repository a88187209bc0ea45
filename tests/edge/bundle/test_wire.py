from __future__ import annotations

import struct
from typing import Optional

import onnx_writer as w
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.bundle.wire import Message, WireError


def message(data: bytes) -> Message:
    return Message(data, 0, len(data))


@given(st.integers(-(1 << 63), (1 << 63) - 1))
def test_integers_round_trip(value: int) -> None:
    assert message(w.integer(3, value)).pick(3).integer(3) == value


@given(st.lists(st.tuples(st.integers(1, 1 << 28), st.binary() | st.text())))
def test_blocks_round_trip(blocks: list) -> None:
    fields = list(message(b"".join(w.block(number, content) for number, content in blocks)).fields())
    contents = [content.encode() if isinstance(content, str) else content for _, content in blocks]
    assert [(field.number, field.data[field.start : field.end]) for field in fields] == [
        (number, content) for (number, _), content in zip(blocks, contents)
    ]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x80", "cut short"),
        (b"\x08" + b"\xff" * 9 + b"\x7f", "too long"),
        (b"\x08" + b"\x80" * 10 + b"\x01", "too long"),
        (b"\x0a\x05abc", "cut short"),
        (b"\x0d\x00\x00", "cut short"),
        (b"\x09" + b"\x00" * 7, "cut short"),
        (b"\x0b", "wire type 3"),
        (b"\x0c", "wire type 4"),
        (b"\x0e", "wire type 6"),
        (b"\x00\x01", "field number 0"),
        (w.varint(1 << 32) + b"\x01", "field number"),
    ],
)
def test_damage_is_told_with_its_place(data: bytes, words: str) -> None:
    with pytest.raises(WireError, match=words) as caught:
        list(message(data).fields())
    assert "at byte" in str(caught.value)


def test_a_singular_field_must_not_be_there_twice() -> None:
    picked = message(w.integer(1, 5) + w.integer(1, 6)).pick(1)
    with pytest.raises(WireError, match="twice"):
        picked.integer(1)


@given(st.lists(st.integers(-(1 << 63), (1 << 63) - 1)))
def test_lists_of_integers_round_trip_packed_or_not(values: list) -> None:
    packed = w.block(7, b"".join(w.varint(value) for value in values))
    loose = b"".join(w.integer(7, value) for value in values)
    for data in (packed, loose):
        found = [int(number) for field in message(data).pick(7).all(7) for number in field.integers()]
        assert found == values


@given(st.lists(st.floats(width=32, allow_nan=False)))
def test_lists_of_floats_round_trip_packed_or_not(values: list) -> None:
    packed = w.block(7, struct.pack(f"<{len(values)}f", *values))
    loose = b"".join(w.floating(7, value) for value in values)
    for data in (packed, loose):
        assert [float(number) for field in message(data).pick(7).all(7) for number in field.floats()] == values


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"\x80", "cut short"),
        (b"\x01\xff", "cut short"),
        (b"\xff" * 10 + b"\x01", "too long"),
        (b"\xff" * 9 + b"\x02", "too long"),
        (b"\x01" + b"\x80" * 9 + b"\x7f\x01", "too long"),
    ],
)
def test_damaged_lists_of_integers(octets: bytes, words: str) -> None:
    (field,) = message(w.block(7, octets)).pick(7).all(7)
    with pytest.raises(WireError, match=words):
        field.integers()


@given(st.binary(max_size=40))
def test_a_list_is_read_as_its_numbers_one_by_one_are(octets: bytes) -> None:
    (field,) = message(w.block(1, octets)).pick(1).all(1)
    expected: Optional[list] = []
    rest = octets
    try:
        while rest and expected is not None:
            size = next((place + 1 for place, octet in enumerate(rest) if octet < 0x80), len(rest))
            expected.append(message(b"\x08" + rest[:size]).pick(1).integer(1))
            rest = rest[size:]
    except WireError:
        expected = None
    if expected is None:
        with pytest.raises(WireError):
            field.integers()
    else:
        assert field.integers().tolist() == expected


def test_wrong_kinds() -> None:
    with pytest.raises(WireError, match="not an integer"):
        message(w.block(1, b"x")).pick(1).integer(1)
    with pytest.raises(WireError, match="not a string"):
        message(w.integer(1, 1)).pick(1).text(1)
    with pytest.raises(WireError, match="not a message"):
        message(w.integer(1, 1)).pick(1).messages(1)
    with pytest.raises(WireError, match="not a list of integers"):
        message(w.floating(1, 1.0)).pick(1).all(1)[0].integers()
    with pytest.raises(WireError, match="not a list of floats"):
        message(w.block(1, b"abc")).pick(1).all(1)[0].floats()
    with pytest.raises(WireError, match="not a float"):
        message(w.block(1, b"abcd")).pick(1).float32(1)
    with pytest.raises(WireError, match="not a run of bytes"):
        message(w.integer(1, 1)).pick(1).all(1)[0].octets()
    with pytest.raises(WireError, match="UTF-8"):
        message(w.block(1, b"\xff")).pick(1).text(1)


def test_offsets_are_those_of_the_file() -> None:
    inner = w.block(1, w.block(2, b"abc"))
    data = b"head" + inner
    field = Message(data, 4, len(data)).pick(1).messages(1)[0].pick(2).one(2)
    assert field is not None
    assert data[field.start : field.end] == b"abc"
