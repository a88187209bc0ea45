"""Unpack gzip data as they stream by, in constant memory, and give back all of a damaged file that can be had.

Source of the layout: RFC 1952. A file may hold several members one after another, and zeros after the last.
"""

from __future__ import annotations

import zlib
from typing import Generator, Iterable, Iterator

from edge.errors import InputError

_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 31  # zlib's code for: a gzip header, and a window as large as the data ask for
_OUTPUT_BYTES = 1 << 20
_SALVAGE_STEPS = (1 << 10, 1 << 5, 1)  # packed bytes; the first unpacks to at most 1 MiB
_MEND = "what came before was read; copy or pack the file again to get the rest"


def is_gzip(head: bytes) -> bool:
    """Whether `head` begins like a gzip file."""
    return head.startswith(_MAGIC)


def unpack_head(head: bytes, limit: int) -> bytes:
    """The first unpacked bytes, at most `limit`, of a gzip file that begins with `head`; damage ends them early."""
    try:
        return zlib.decompressobj(_GZIP_WINDOW).decompress(head, limit)
    except zlib.error:
        return b""


def unpack(chunks: Iterable[bytes], name: str) -> Iterator[bytes]:
    """The unpacked bytes of a gzip file that comes in `chunks`, in pieces of at most 1 MiB.

    Raises `InputError`, with the place of the damage, after everything before it was given.
    """
    member = zlib.decompressobj(_GZIP_WINDOW)
    begun = False  # whether the present member has had any byte
    taken = 0  # packed bytes that were fed in before the present piece
    for chunk in chunks:
        packed = chunk
        while packed:
            if not begun and taken:
                # Some writers pad the last member with zeros up to a full block.
                stripped = packed.lstrip(b"\x00")
                taken += len(packed) - len(stripped)
                packed = stripped
                if not packed:
                    break
            begun = True
            before = member.copy()
            try:
                piece = member.decompress(packed, _OUTPUT_BYTES)
            except zlib.error as error:
                place = taken + (yield from _salvage(before, packed))
                raise InputError(f"the gzip data are damaged ({error})", where=_at(name, place), mend=_MEND) from error
            rest = member.unused_data if member.eof else member.unconsumed_tail
            taken += len(packed) - len(rest)
            packed = rest
            if piece:
                yield piece
            if member.eof:
                member = zlib.decompressobj(_GZIP_WINDOW)
                begun = False
    while begun:
        # The window may still hold output that did not fit into the last piece.
        piece = member.decompress(b"", _OUTPUT_BYTES) if not member.eof else b""
        if not piece:
            break
        yield piece
    if begun:
        raise InputError("the gzip data end too early", where=_at(name, taken), mend=_MEND)


def _at(name: str, position: int) -> str:
    return f"{name}, after byte {position} of the packed data"


def _salvage(member: zlib._Decompress, packed: bytes) -> Generator[bytes, None, int]:
    """What can be unpacked before the error: zlib drops the output of a failing call, so feed ever less in one.

    Returns how many of the packed bytes that took.
    """
    size = len(packed)
    for step in _SALVAGE_STEPS:
        while packed:
            before = member.copy()
            try:
                piece = member.decompress(packed[:step])
            except zlib.error:
                member = before
                break
            packed = packed[step:]
            if piece:
                yield piece
    return size - len(packed)
