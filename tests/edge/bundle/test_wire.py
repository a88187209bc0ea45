from __future__ import annotations

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


def test_wrong_kinds() -> None:
    with pytest.raises(WireError, match="not an integer"):
        message(w.block(1, b"x")).pick(1).integer(1)
    with pytest.raises(WireError, match="not a string"):
        message(w.integer(1, 1)).pick(1).text(1)
    with pytest.raises(WireError, match="not a message"):
        message(w.integer(1, 1)).pick(1).messages(1)
    with pytest.raises(WireError, match="UTF-8"):
        message(w.block(1, b"\xff")).pick(1).text(1)


def test_offsets_are_those_of_the_file() -> None:
    inner = w.block(1, w.block(2, b"abc"))
    data = b"head" + inner
    field = Message(data, 4, len(data)).pick(1).messages(1)[0].pick(2).one(2)
    assert field is not None
    assert data[field.start : field.end] == b"abc"
