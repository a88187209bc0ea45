"""The bytes of a source as blocks of lines, with line numbers and byte offsets, in constant memory."""

from __future__ import annotations

import select
import sys
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO, Callable, Iterable, Iterator, List, Optional, Tuple

import numpy as np

from edge.errors import InputError
from edge.files.binary import recognise_binary
from edge.files.paths import HEAD_BYTES, Source
from edge.files.unpack import is_gzip, unpack

BLOCK_LINES = 8192
_CHUNK_BYTES = 1 << 20
_LONGEST_MAGIC = 262
_NO_CUT = np.zeros(0, np.int64)

# Offsets of the lines, the lines, and the indices of those that were cut.
_Lines = Tuple[np.ndarray, List[bytes], np.ndarray]


@dataclass(eq=False)
class LineBlock:
    r"""Consecutive lines of one source.

    `first_line` is the number of `lines[0]`, from 1. `offsets`, int64 [n], are the positions of the lines' first
    bytes in the unpacked data. A line has neither its ``\n`` nor one ``\r`` before it; every other byte is content.
    `cut` is how many of them were longer than the limit and lost their tails.
    """

    source: str
    first_line: int
    offsets: np.ndarray
    lines: List[bytes]
    cut: int


def read_blocks(
    source: Source, *, max_lines: int = BLOCK_LINES, max_line_bytes: int = 1 << 20, stdin: Optional[BinaryIO] = None
) -> Iterator[LineBlock]:
    """Blocks of at most `max_lines` lines, plain or unpacked from gzip (told by the first bytes, not by the name).

    A block is given as soon as its lines are there: what trickles through a pipe is not held until a block is full.
    A line of more than `max_line_bytes` bytes is cut there. `stdin` stands for ``sys.stdin.buffer``.

    Raises `InputError` for binary data, and for damaged gzip data or a failing read after everything before was given.
    """
    if source.path is None:
        if stdin is None:
            if sys.stdin is None:
                raise InputError("it is closed", where=source.name, mend="pipe a log into the command")
            stdin = sys.stdin.buffer
        yield from _blocks(stdin, source, max_lines, max_line_bytes)
        return
    try:
        file = source.path.open("rb", buffering=0)
    except OSError as error:
        raise _failed(source, 0, error) from error
    with file:
        yield from _blocks(file, source, max_lines, max_line_bytes)


def _blocks(stream: BinaryIO, source: Source, max_lines: int, max_line_bytes: int) -> Iterator[LineBlock]:
    first_line = 1
    for offsets, lines, cut in split_lines(_text_chunks(stream, source), max_line_bytes):
        for start in range(0, len(lines), max_lines):
            stop = min(start + max_lines, len(lines))
            cuts = int(np.count_nonzero((cut >= start) & (cut < stop))) if len(cut) else 0
            yield LineBlock(source.name, first_line + start, offsets[start:stop], lines[start:stop], cuts)
        first_line += len(lines)


def _text_chunks(stream: BinaryIO, source: Source) -> Iterator[bytes]:
    """The source's bytes, unpacked, after a look at the first of them."""
    head, chunks = _take_head(_read_chunks(stream, source))
    if is_gzip(head):
        head, chunks = _take_head(unpack(chunks, source.name))
    kind = recognise_binary(head[:HEAD_BYTES])
    if kind is not None:
        file = None if source.path is None else str(source.path)
        raise InputError(f"this is {kind.name}, not a text log", where=source.name, mend=kind.mend_for(file))
    return chunks


def _take_head(chunks: Iterator[bytes]) -> Tuple[bytes, Iterator[bytes]]:
    """Enough first bytes to know what they are, and all chunks, these included.

    It waits for no more than a first line or the longest magic number, so that a slow pipe is not held up.
    """
    head = b""
    taken = []
    failure: Optional[InputError] = None
    try:
        for chunk in chunks:
            taken.append(chunk)
            head += chunk
            if len(head) >= _LONGEST_MAGIC or b"\n" in head or is_gzip(head):
                break
    except InputError as error:
        failure = error
    return head, chain(taken, chunks if failure is None else _raise(failure))


def _raise(error: InputError) -> Iterator[bytes]:
    yield b""
    raise error


def _read_chunks(stream: BinaryIO, source: Source) -> Iterator[bytes]:
    """The stream's bytes as they come: whatever is there, at most 1 MiB at a time, without waiting for more."""
    read: Callable[[int], Optional[bytes]] = getattr(stream, "read1", stream.read)
    has_more, wait = _readiness(stream)
    position = 0
    ended = False
    while not ended:
        wait()
        pieces: List[bytes] = []
        size = 0
        failure: Optional[OSError] = None
        while size < _CHUNK_BYTES and (not pieces or has_more()):
            try:
                piece = read(_CHUNK_BYTES - size)
            except OSError as error:
                failure = error
                break
            if piece is None:  # a stream that does not block had nothing after all
                break
            if not piece:
                ended = True
                break
            pieces.append(piece)
            size += len(piece)
        if pieces:
            yield pieces[0] if len(pieces) == 1 else b"".join(pieces)
        position += size
        if failure is not None:
            raise _failed(source, position, failure) from failure


def _failed(source: Source, position: int, error: OSError) -> InputError:
    where = source.name if position == 0 else f"{source.name}, byte {position}"
    return InputError(f"cannot be read ({error.strerror or error})", where=where, mend="check the file and its disk")


def _readiness(stream: BinaryIO) -> Tuple[Callable[[], bool], Callable[[], object]]:
    """Whether a read would return at once, and a wait until it would: a stream may have been set not to block.

    One without a file number is read without either.
    """
    try:
        number = stream.fileno()
    except (OSError, AttributeError):
        return (lambda: False), (lambda: None)
    poll = select.poll()
    poll.register(number, select.POLLIN)
    return (lambda: bool(poll.poll(0))), poll.poll


def split_lines(chunks: Iterable[bytes], max_line_bytes: int) -> Iterator[_Lines]:
    """The lines that end in each chunk: their offsets int64 [n], the lines, and which of them were cut.

    Memory stays within the chunk and one line of `max_line_bytes`. An `InputError` of `chunks` comes after the lines
    before it, the unfinished last one included.
    """
    position = 0
    held: List[bytes] = []  # the pieces of a line whose end has not come yet
    held_bytes = 0
    line_start = 0
    skipping = False  # inside the tail of a line that was cut
    failure: Optional[InputError] = None
    try:
        for chunk in chunks:
            end = position + len(chunk)
            if skipping:
                newline = chunk.find(b"\n")
                if newline < 0:
                    position = end
                    continue
                chunk = chunk[newline + 1 :]
                line_start = end - len(chunk)
                skipping = False
            position = end
            last = chunk.rfind(b"\n")
            if last < 0:
                held.append(chunk)
                held_bytes += len(chunk)
            else:
                rest = chunk[last + 1 :]
                yield _split(b"".join((*held, chunk[: last + 1])), line_start, max_line_bytes)
                line_start = end - len(rest)
                held = [rest]
                held_bytes = len(rest)
            # One byte more than the limit may still be the "\r" of a line end.
            if held_bytes > max_line_bytes + 1:
                yield _single(b"".join(held), line_start, max_line_bytes)
                held = []
                held_bytes = 0
                skipping = True
    except InputError as error:
        failure = error
    if held_bytes:
        yield _single(b"".join(held), line_start, max_line_bytes)
    if failure is not None:
        raise failure


def _single(line: bytes, offset: int, max_line_bytes: int) -> _Lines:
    cut = np.zeros(1, np.int64) if len(line) > max_line_bytes else _NO_CUT
    return np.array([offset], np.int64), [line[:max_line_bytes]], cut


def _split(data: bytes, start: int, max_line_bytes: int) -> _Lines:
    r"""Split `data`, which ends in ``\n`` and begins at the offset `start`."""
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == 0x0A)
    offsets = np.empty(len(ends), np.int64)
    offsets[0] = start
    np.add(ends[:-1], start + 1, out=offsets[1:])
    lines = (data.replace(b"\r\n", b"\n") if b"\r\n" in data else data).split(b"\n")
    lines.pop()
    cut = _NO_CUT
    if len(data) > max_line_bytes:
        lengths = np.diff(ends, prepend=-1) - 1
        cut = np.array(
            [i for i in np.flatnonzero(lengths > max_line_bytes) if len(lines[i]) > max_line_bytes], np.int64
        )
        for i in cut:
            lines[i] = lines[i][:max_line_bytes]
    return offsets, lines, cut
