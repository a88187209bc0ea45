"""Bytes as blocks of lines."""

from __future__ import annotations

import gzip
import io
import os
import threading
import tracemalloc
from pathlib import Path
from typing import Any, BinaryIO, Iterator, List, Tuple

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from edge.errors import InputError
from edge.files.binary import recognise_binary
from edge.files.lines import LineBlock, read_blocks, split_lines
from edge.files.paths import Source

STDIN = Source(None, "stdin")


def _read(data: bytes, **limits: int) -> List[LineBlock]:
    return list(read_blocks(STDIN, stdin=io.BytesIO(data), **limits))


def _flat(blocks: List[LineBlock]) -> Tuple[List[bytes], List[int]]:
    """All lines and offsets, after a check that line numbers continue from block to block."""
    lines: List[bytes] = []
    offsets: List[int] = []
    for block in blocks:
        assert block.first_line == len(lines) + 1
        assert block.offsets.dtype == np.int64
        assert len(block.offsets) == len(block.lines) > 0
        lines += block.lines
        offsets += block.offsets.tolist()
    return lines, offsets


def _expected(data: bytes) -> Tuple[List[bytes], List[int]]:
    """Lines and offsets, one byte at a time."""
    lines, offsets, start = [], [], 0
    for position, byte in enumerate(data):
        if byte == 0x0A:
            end = position - 1 if position > start and data[position - 1] == 0x0D else position
            lines.append(data[start:end])
            offsets.append(start)
            start = position + 1
    if start < len(data):
        lines.append(data[start:])
        offsets.append(start)
    return lines, offsets


TEXTURE = st.lists(st.sampled_from([b"\n", b"\r", b"\r\n", b"ab", b"\0", b"\xff", b" ", b"x" * 9]), max_size=60).map(
    b"".join
)


@given(st.binary(max_size=300) | TEXTURE, st.integers(1, 5))
def test_any_bytes_come_back(data: bytes, max_lines: int) -> None:
    assume(recognise_binary(data) is None)
    blocks = _read(data, max_lines=max_lines)
    lines, offsets = _flat(blocks)
    assert all(len(block.lines) <= max_lines for block in blocks)
    assert (lines, offsets) == _expected(data)
    rebuilt = b""
    for line, offset in zip(lines, offsets):
        rebuilt += data[len(rebuilt) : offset]  # the terminators, which hold nothing else
        rebuilt += line
    rest = data[len(rebuilt) :]
    assert rebuilt + rest == data
    for line, offset, following in zip(lines, offsets, [*offsets[1:], len(data)]):
        assert data[offset + len(line) : following] in (b"\n", b"\r\n", b"")


@given(TEXTURE, st.integers(1, 12), st.integers(1, 7))
def test_cuts_in_any_pieces(data: bytes, limit: int, size: int) -> None:
    pieces = [data[i : i + size] for i in range(0, len(data), size)]
    whole_lines, whole_offsets = _expected(data)
    lines: List[bytes] = []
    offsets: List[int] = []
    cut: List[int] = []
    for some_offsets, some_lines, some_cut in split_lines(pieces, limit):
        cut += [len(lines) + int(i) for i in some_cut]
        lines += some_lines
        offsets += some_offsets.tolist()
    assert lines == [line[:limit] for line in whole_lines]
    assert offsets == whole_offsets
    assert cut == [i for i, line in enumerate(whole_lines) if len(line) > limit]


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"\n", [b""]),
        (b"a\nb\n", [b"a", b"b"]),
        (b"no final newline", [b"no final newline"]),
        (b"a\r\nb\r\n", [b"a", b"b"]),
        (b"a\r\r\n", [b"a\r"]),
        (b"progress 1\rprogress 2\rdone\n", [b"progress 1\rprogress 2\rdone"]),
        (b"a\r", [b"a\r"]),
        (b"\n\n\r\n", [b"", b"", b""]),
        (b"nul\0inside\n\0\0\n", [b"nul\0inside", b"\0\0"]),
        (b"bad \xff\xfe utf-8\n", [b"bad \xff\xfe utf-8"]),
    ],
)
def test_terminators_and_odd_bytes(data: bytes, lines: List[bytes]) -> None:
    assert _flat(_read(data)) == (lines, _expected(data)[1])


def test_gzip_is_told_by_its_bytes(tmp_path: Path) -> None:
    data = b"one\ntwo\nthree"
    packed = gzip.compress(b"one\ntw") + gzip.compress(b"o\nthree")
    (tmp_path / "no_suffix").write_bytes(packed)
    (tmp_path / "plain.gz").write_bytes(data)
    (tmp_path / "empty.gz").write_bytes(b"")
    for name in ("no_suffix", "plain.gz"):
        assert _flat(list(read_blocks(Source(tmp_path / name, name)))) == _expected(data)
    assert list(read_blocks(Source(tmp_path / "empty.gz", "empty.gz"))) == []
    assert _flat(_read(packed)) == _expected(data)


def test_truncated_gzip_gives_its_lines_then_the_error(tmp_path: Path) -> None:
    data = b"".join(b"line %d\n" % i for i in range(5000))
    path = tmp_path / "cut.gz"
    path.write_bytes(gzip.compress(data)[:-2000])
    blocks: List[LineBlock] = []
    with pytest.raises(InputError, match=r"cut\.gz, after byte \d+ of the packed data: .* end too early"):
        blocks.extend(read_blocks(Source(path, "cut.gz")))  # extend keeps what came before the error
    lines, _ = _flat(blocks)
    assert len(lines) > 2000
    assert lines[:-1] == data.split(b"\n")[: len(lines) - 1]  # the last may be half a line, and is still given


def test_gzip_without_one_line_is_said_to_be_damaged() -> None:
    with pytest.raises(InputError, match="end too early"):
        _read(b"\x1f\x8b")
    with pytest.raises(InputError, match="damaged"):
        _read(b"\x1f\x8b\x07 not gzip after all\n")


@pytest.mark.parametrize("data", [b"\x7fELF\x02\x01\x01", gzip.compress(b"\x7fELF\x02\x01\x01")])
def test_binary_is_an_error_that_names_it(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a program"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"a program: this is a program \(ELF\), not a text log; leave it out"):
        list(read_blocks(Source(path, "a program")))


def test_packed_file_says_how_to_unpack_it(tmp_path: Path) -> None:
    path = tmp_path / "a b.xz"
    path.write_bytes(b"\xfd7zXZ\x00")
    with pytest.raises(InputError) as caught:
        list(read_blocks(Source(path, "a b.xz")))
    assert caught.value.mend == f"unpack it first: xz -dc '{path}' | oddline score BUNDLE -"


def test_a_file_that_vanished_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        list(read_blocks(Source(tmp_path / "gone", "gone")))


def test_no_stdin_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(InputError, match="closed"):
        list(read_blocks(STDIN))


class _FailingDisk(io.RawIOBase):
    """Gives one piece, then an input/output error."""

    def __init__(self, piece: bytes) -> None:
        self._piece = piece

    def read(self, size: int = -1) -> bytes:
        if not self._piece:
            raise OSError(5, "Input/output error")
        piece, self._piece = self._piece, b""
        return piece


def test_a_failing_read_gives_what_came_before() -> None:
    blocks: List[LineBlock] = []
    with pytest.raises(InputError, match=r"stdin, byte 7: cannot be read \(Input/output error\)"):
        blocks.extend(read_blocks(STDIN, stdin=_FailingDisk(b"one\ntwo")))
    assert _flat(blocks)[0] == [b"one", b"two"]


def test_long_lines_are_cut_counted_and_offsets_stay_right(tmp_path: Path) -> None:
    path = tmp_path / "long.log"
    path.write_bytes(b"short\n" + b"x" * (10 << 20) + b"\r\nafter\n" + b"y" * (1 << 20) + b"\r\n" + b"z" * (3 << 20))
    blocks = list(read_blocks(Source(path, "long.log")))
    lines, offsets = _flat(blocks)
    assert lines == [b"short", b"x" * (1 << 20), b"after", b"y" * (1 << 20), b"z" * (1 << 20)]
    start = 6 + (10 << 20) + 2
    assert offsets == [0, 6, start, start + 6, start + 6 + (1 << 20) + 2]
    assert sum(block.cut for block in blocks) == 2


def test_cuts_are_counted_in_their_own_block() -> None:
    blocks = _read(b"aaaa\nb\ncccc\nd\n", max_lines=2, max_line_bytes=3)
    assert [(block.lines, block.cut) for block in blocks] == [([b"aaa", b"b"], 1), ([b"ccc", b"d"], 1)]


class _Endless(io.RawIOBase):
    """A megabyte at a time, without any line end; counts what was asked of it."""

    def __init__(self, megabytes: int) -> None:
        self.left = megabytes

    def read(self, size: int = -1) -> bytes:
        self.left -= 1
        return b"x" * (1 << 20) if self.left >= 0 else b""


def test_no_newline_at_all_takes_constant_memory() -> None:
    stream = _Endless(100)
    tracemalloc.start()
    try:
        (block,) = list(read_blocks(STDIN, stdin=stream))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert stream.left < 0
    assert (len(block.lines[0]), block.cut) == (1 << 20, 1)
    assert peak < 10 << 20


@pytest.fixture
def pipe() -> Iterator[Tuple[BinaryIO, int]]:
    read_end, write_end = os.pipe()
    with os.fdopen(read_end, "rb") as reader:
        yield reader, write_end


def test_a_trickling_pipe_is_delivered_as_it_comes(pipe: Tuple[BinaryIO, int]) -> None:
    reader, write_end = pipe
    blocks = read_blocks(STDIN, stdin=reader)
    os.write(write_end, b"fir")
    timer = threading.Timer(0.05, os.write, (write_end, b"st\nsec"))
    timer.start()
    assert next(blocks).lines == [b"first"]  # would wait for ever if a block had to be full
    timer.join()
    os.write(write_end, b"ond\n\nthird\n")
    assert next(blocks).lines == [b"second", b"", b"third"]
    os.write(write_end, b"end")
    os.close(write_end)
    last = next(blocks)
    assert (last.lines, last.first_line, last.offsets.tolist()) == ([b"end"], 5, [20])
    assert list(blocks) == []


def test_a_trickling_gzip_pipe_is_delivered_as_it_comes(pipe: Tuple[BinaryIO, int]) -> None:
    reader, write_end = pipe
    blocks = read_blocks(STDIN, stdin=reader)
    os.write(write_end, gzip.compress(b"first\n"))
    assert next(blocks).lines == [b"first"]
    os.write(write_end, gzip.compress(b"second\n"))
    assert next(blocks).lines == [b"second"]
    os.close(write_end)
    assert list(blocks) == []


def test_a_full_pipe_gives_large_blocks(pipe: Tuple[BinaryIO, int]) -> None:
    """What lies ready is gathered, so that a fast pipe does not end in tiny batches."""
    reader, write_end = pipe
    for _ in range(100):
        os.write(write_end, b"a line of text\n")
    os.close(write_end)
    assert [len(block.lines) for block in read_blocks(STDIN, stdin=reader)] == [100]


def test_a_named_pipe(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)

    def write() -> None:
        with path.open("wb") as file:
            file.write(b"one\ntwo\n")

    writer = threading.Thread(target=write)
    writer.start()
    blocks = list(read_blocks(Source(path, "fifo")))
    writer.join()
    assert _flat(blocks)[0] == [b"one", b"two"]


def test_the_complete_linux_log(data_dir: Path) -> None:
    path = data_dir / "linux_messages_full" / "Linux.log.gz"
    raw = gzip.decompress(path.read_bytes())
    blocks: Any = list(read_blocks(Source(path, "Linux.log")))
    lines, offsets = _flat(blocks)
    assert len(lines) == 25567
    assert lines == [line[:-1] if line.endswith(b"\r") else line for line in raw.split(b"\n")[:25567]]
    starts = [0]
    for piece in raw.split(b"\n")[:25566]:
        starts.append(starts[-1] + len(piece) + 1)
    assert offsets == starts
