"""Unpacking gzip data, whole and damaged."""

from __future__ import annotations

import gzip
import random
from typing import List, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import InputError
from edge.files.unpack import is_gzip, unpack, unpack_head

LINES = b"".join(b"line %d %d\n" % (i, random.Random(i).getrandbits(64)) for i in range(20000))


def _pieces(data: bytes, size: int) -> List[bytes]:
    return [data[i : i + size] for i in range(0, len(data), size)]


def _unpack_until_error(packed: bytes, size: int = 1 << 20) -> Tuple[bytes, InputError]:
    out: List[bytes] = []
    with pytest.raises(InputError) as caught:
        out.extend(unpack(_pieces(packed, size), "log.gz"))  # extend keeps what came before the error
    return b"".join(out), caught.value


@given(st.lists(st.binary(max_size=200), max_size=4), st.integers(1, 70), st.integers(0, 20))
def test_members_in_any_pieces_with_padding(members: List[bytes], size: int, padding: int) -> None:
    packed = b"".join(gzip.compress(member) for member in members)
    padded = packed + bytes(padding) if members else b""
    assert b"".join(unpack(_pieces(padded, size), "log.gz")) == b"".join(members)


def test_output_comes_in_bounded_pieces() -> None:
    packed = gzip.compress(bytes(50 << 20))
    sizes = [len(piece) for piece in unpack([packed], "log.gz")]
    assert sum(sizes) == 50 << 20
    assert max(sizes) <= 1 << 20


@pytest.mark.parametrize("size", [1000, 1 << 20])
@pytest.mark.parametrize("keep", [1, 2, 5, 12, 1000, 100000, -9, -8, -1])
def test_truncated_data_give_all_that_is_there(keep: int, size: int) -> None:
    packed = gzip.compress(LINES)[:keep]
    out, error = _unpack_until_error(packed, size)
    assert LINES.startswith(out)
    if keep < 0:
        assert out == LINES  # only the check sum is missing
    elif keep == 100000:
        assert len(out) > 150000
    assert "end too early" in error.what
    assert error.where == f"log.gz, after byte {len(packed)} of the packed data"
    assert error.mend


def test_second_member_truncated() -> None:
    out, error = _unpack_until_error(gzip.compress(b"first\n") + gzip.compress(LINES)[:50])
    assert out.startswith(b"first\n")
    assert "end too early" in error.what


def test_flipped_byte_gives_what_came_before() -> None:
    packed = bytearray(gzip.compress(LINES))
    packed[-5] ^= 0xFF  # in the check sum: every byte of the data is good
    out, error = _unpack_until_error(bytes(packed))
    assert out == LINES
    assert "damaged" in error.what
    place = int(str(error.where).split("after byte ")[1].split()[0])
    assert len(packed) - 8 <= place < len(packed), "the check sum and the size take the last eight bytes"


def test_damage_in_the_middle_gives_what_came_before() -> None:
    packed = bytearray(gzip.compress(LINES))
    middle = len(packed) // 2
    packed[middle : middle + 200] = bytes(200)
    out, error = _unpack_until_error(bytes(packed))
    good = next(i for i in range(0, len(LINES), 1000) if out[: i + 1000] != LINES[: i + 1000])
    assert good > len(LINES) // 3
    assert "damaged" in error.what


def test_rubbish_after_the_last_member_is_said() -> None:
    out, error = _unpack_until_error(gzip.compress(b"a line\n") + b"rubbish")
    assert out == b"a line\n"
    assert "damaged" in error.what


def test_head() -> None:
    packed = gzip.compress(LINES)
    assert is_gzip(packed)
    assert not is_gzip(LINES)
    assert unpack_head(packed[:10000], 100) == LINES[:100]
    assert unpack_head(b"\x1f\x8b\x08rubbish", 100) == b""
