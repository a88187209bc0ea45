"""Which shared libraries a library needs, and which of them this machine has not got.

onnxruntime loads a provider's library when the first session asks for it, and what it says of one that does not load
names the first missing library only. Here the names are read out of the file, and each is tried.

Sources: the System V ABI's "Dynamic Linking" (gabi) and Linux's ``<elf.h>`` for the layout of 64-bit ELF; ld.so(8) for
RUNPATH and ``$ORIGIN``.
"""

from __future__ import annotations

import ctypes
import mmap
import re
import struct
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Optional

import msgspec

_PT_LOAD, _PT_DYNAMIC = 1, 2
_DT_NULL, _DT_NEEDED, _DT_STRTAB, _DT_RPATH, _DT_RUNPATH = 0, 1, 5, 15, 29
_MOST_ENTRIES = 4096
_NOT_FOUND = re.compile(r"(\S+?): cannot open shared object file(?:: [A-Za-z ]+)?")


class Needed(NamedTuple):
    """`names` like ``libcudnn.so.8``; `folders` are searched before the system's, ``$ORIGIN`` put in."""

    names: List[str]
    folders: List[str]


class Missing(msgspec.Struct, frozen=True):
    """`name` is the library that is not there, or does not load; `why` is the loader's message."""

    name: str
    why: str


def load_library(name: str) -> None:
    """Load a shared library, and nothing of it is run but its own start.

    Raises:
        OSError: with the loader's message.
    """
    ctypes.CDLL(name)


def missing_libraries(path: str, load: Callable[[str], None] = load_library) -> List[Missing]:
    """What stands in the way of loading the library at `path`, in the order in which it asks for it.

    Empty when nothing does, or the file is none that can be read. A library that is found and lacks another one itself
    counts as that other one.
    """
    needed = read_needed(path)
    if needed is None:
        return []
    found: List[Missing] = []
    for name in needed.names:
        beside = next((f"{folder}/{name}" for folder in needed.folders if Path(folder, name).is_file()), None)
        if beside is not None and "onnxruntime" in name:
            continue  # it is part of the same package, and of no use on its own
        try:
            load(beside or name)
        except OSError as error:
            message = str(error)
            missing = Missing(next((one.name for one in missing_in(message)), name), message)
            if missing not in found:
                found.append(missing)
    return found


def missing_in(text: str) -> List[Missing]:
    """The libraries of which a text says, in the loader's words, that they are not there; each of them once."""
    found: Dict[str, Missing] = {}
    for match in _NOT_FOUND.finditer(text):
        name = match[1].rsplit("/", 1)[-1].lstrip("'\"(")
        found.setdefault(name, Missing(name, match[0]))
    return list(found.values())


def read_needed(path: str) -> Optional[Needed]:
    """What the dynamic section of a library names; None for a file that is no 64-bit little-endian ELF, or damaged."""
    try:
        with Path(path).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _parse(data, str(Path(path).resolve().parent))
    except (OSError, ValueError, OverflowError, struct.error):  # empty, or not at all as the header says
        return None


def _parse(data: mmap.mmap, origin: str) -> Optional[Needed]:
    if data[:6] != b"\x7fELF\x02\x01":
        return None
    (offset,) = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    loads, dynamic = [], None
    for index in range(count):
        kind, _, start, address, _, length = struct.unpack_from("<IIQQQQ", data, offset + index * size)
        if kind == _PT_LOAD:
            loads.append((address, length, start))
        elif kind == _PT_DYNAMIC:
            dynamic = (start, length)
    if dynamic is None:
        return None
    entries = []
    for index in range(min(dynamic[1] // 16, _MOST_ENTRIES)):
        tag, value = struct.unpack_from("<qQ", data, dynamic[0] + index * 16)
        if tag == _DT_NULL:
            break
        entries.append((tag, value))
    table = next((value for tag, value in entries if tag == _DT_STRTAB), None)
    place = next(
        (start + table - at for at, length, start in loads if table is not None and at <= table < at + length), None
    )
    if place is None:
        return None
    names = [_text(data, place + value) for tag, value in entries if tag == _DT_NEEDED]
    paths = [_text(data, place + value) for tag, value in entries if tag in (_DT_RPATH, _DT_RUNPATH)]
    folders = [part.replace("${ORIGIN}", origin).replace("$ORIGIN", origin) for one in paths for part in one.split(":")]
    return Needed([name for name in names if name], [folder for folder in folders if folder])


def _text(data: mmap.mmap, start: int) -> str:
    if not 0 <= start < len(data):
        return ""
    end = data.find(b"\0", start, start + 4096)
    return data[start:end].decode("utf-8", "replace") if end >= 0 else ""
