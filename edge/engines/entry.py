"""One engine in the cache: a folder with its files, and ``entry.json``, which says what it is and vouches for them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import List, Optional

import msgspec

from edge.bundle.manifest import FileEntry
from edge.bundle.preprocessing import Strict
from edge.engines.key import EngineKey, differences
from edge.files.atomic import AtomicFile

SCHEMA_VERSION = 1
ENTRY_NAME = "entry.json"
ENGINE_SUFFIX = ".engine"
CONTEXT_NAME = "context.onnx"
_MOST_ENTRY_BYTES = 1 << 20
_CHUNK = 1 << 20


class Entry(Strict, frozen=True):
    """What ``entry.json`` says.

    `via` built it: ``onnxruntime`` or ``trtexec``. `built` is the time in UTC, ISO 8601; `seconds` is how long it took.
    `files` are all others of the folder.
    """

    schema_version: int
    bundle: str
    key: EngineKey
    via: str
    built: str
    seconds: float
    files: List[FileEntry]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def has_context(self) -> bool:
        """Whether the engine lies in a model of its own, to be loaded instead of the bundle's."""
        return any(file.path == CONTEXT_NAME for file in self.files)


class _Versioned(msgspec.Struct):
    schema_version: int


class UnusableError(Exception):
    """An entry must not be used; the text says why. It is built anew, so no user sees this as an error."""


def read_entry(folder: Path) -> Optional[Entry]:
    """What the folder says of itself, None when there is no such folder; its files are not looked at.

    Raises:
        UnusableError: ``entry.json`` is missing, damaged, or of another schema version.
    """
    try:
        if not folder.is_dir():
            return None
        with (folder / ENTRY_NAME).open("rb") as file:
            data = file.read(_MOST_ENTRY_BYTES)
        version = msgspec.json.decode(data, type=_Versioned).schema_version
        if version != SCHEMA_VERSION:
            raise UnusableError(f"its schema version is {version} and not {SCHEMA_VERSION}")
        return msgspec.json.decode(data, type=Entry)
    except OSError as error:
        raise UnusableError(f"its {ENTRY_NAME} cannot be read ({error.strerror})") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnusableError(f"its {ENTRY_NAME} is damaged") from error


def check_entry(folder: Path, key: EngineKey) -> Optional[Entry]:
    """The entry when it is the one for `key` and all its files are as they were written; None when there is none.

    Raises:
        UnusableError: it is another one's, or damaged.
    """
    entry = read_entry(folder)
    if entry is None:
        return None
    changed = differences(entry.key, key)
    if changed:
        raise UnusableError(f"it is for {', '.join(changed)}")
    for listed in entry.files:
        _check_file(folder, listed)
    if names_in(folder) != sorted([ENTRY_NAME, *(listed.path for listed in entry.files)]):
        raise UnusableError("it holds files that do not belong to it")
    return entry


def seal(folder: Path, *, bundle: str, key: EngineKey, via: str, built: str, seconds: float) -> Entry:
    """Write ``entry.json`` for what is in the folder.

    Raises:
        OutputError: it cannot be written.
        OSError: a file cannot be read.
    """
    files = [file_of(folder, name) for name in names_in(folder) if name != ENTRY_NAME]
    entry = Entry(
        schema_version=SCHEMA_VERSION, bundle=bundle, key=key, via=via, built=built, seconds=seconds, files=files
    )
    with AtomicFile(folder / ENTRY_NAME) as file:
        file.write(msgspec.json.format(msgspec.json.encode(entry), indent=2) + b"\n")
    return entry


def names_in(folder: Path) -> List[str]:
    """What a folder holds, sorted.

    Raises:
        OSError: it cannot be read.
    """
    return sorted(path.name for path in folder.iterdir())


def file_of(folder: Path, name: str) -> FileEntry:
    """Name, size and hash of a file.

    Raises:
        OSError: it cannot be read, is a link, or a folder.
    """
    digest, size = hashlib.sha256(), 0
    descriptor = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        chunk = os.read(descriptor, _CHUNK)
        while chunk:
            digest.update(chunk)
            size += len(chunk)
            chunk = os.read(descriptor, _CHUNK)
    finally:
        os.close(descriptor)
    return FileEntry(path=name, size=size, sha256=digest.hexdigest())


def _check_file(folder: Path, listed: FileEntry) -> None:
    if Path(listed.path).name != listed.path:
        raise UnusableError(f"it lists {listed.path!r}, which is outside of it")
    try:
        found = file_of(folder, listed.path)
    except OSError as error:
        raise UnusableError(f"its {listed.path} cannot be read ({error.strerror})") from error
    if found.size != listed.size:
        raise UnusableError(f"its {listed.path} has {found.size:,} bytes and not {listed.size:,}")
    if found.sha256 != listed.sha256:
        raise UnusableError(f"its {listed.path} was changed")
