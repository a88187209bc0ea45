"""Which files are read: paths as a user writes them (files, folders, ``-``) become sources."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, List, Optional, Sequence

from edge.errors import InputError
from edge.files.binary import BinaryKind, recognise_binary
from edge.files.unpack import is_gzip, unpack_head

STDIN_ARGUMENT = "-"
STDIN_NAME = "stdin"
HEAD_BYTES = 1 << 16


@dataclass(frozen=True)
class Source:
    """Something to read lines from: `path` is None for the standard input, `name` is what records show."""

    path: Optional[Path]
    name: str


def expand_paths(paths: Sequence[str], *, warn: Callable[[str], None]) -> List[Source]:
    """The sources that `paths` name, in the order given, a folder's files sorted by path.

    A folder is walked to its leaves without following links to folders. In it, hidden files and folders are left
    out, and so is, each with a call of `warn`, what is no log: binary and unreadable files, devices, dead links.
    A file that is named by itself is not judged by its content here.

    Raises `InputError` before anything is read when a path is missing or unreadable, when a folder holds nothing
    to read, and when the standard input is named twice.
    """
    sources: List[Source] = []
    for path in paths:
        if path == STDIN_ARGUMENT:
            if any(source.path is None for source in sources):
                raise InputError(
                    "the standard input can be read only once", where=STDIN_ARGUMENT, mend="give - one time"
                )
            sources.append(Source(None, STDIN_NAME))
        elif stat.S_ISDIR(_mode(path)):
            sources.extend(_walk(Path(path), warn))
        else:
            sources.append(_named_file(path))
    return sources


def check_apart(sources: Sequence[Source], output: Optional[Path]) -> None:
    """Refuse to write into what is read: the log would be lost, or the run would read its own results for ever.

    `output` is None for the standard output.

    Raises:
        InputError: one of the sources is the output.
    """
    try:
        written = os.fstat(1) if output is None else output.stat()
    except OSError:
        return  # it is not there yet, or closed
    if not stat.S_ISREG(written.st_mode):
        return
    for source in sources:
        with suppress(OSError):
            if source.path is not None and os.path.samestat(source.path.stat(), written):
                raise InputError(
                    "the results would be written into the log itself", where=source.name, mend="write elsewhere"
                )


def _mode(path: str) -> int:
    try:
        return os.stat(path).st_mode  # noqa: PTH116  (Path.stat would turn "" into ".")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError("there is no such file or folder", where=path, mend="check the path") from error
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def _named_file(name: str) -> Source:
    path = Path(name)
    try:
        # A pipe (``<(zcat ...)``) must not be opened twice: what the first reader takes is gone.
        if path.is_file():
            with path.open("rb"):
                pass
        elif not os.access(path, os.R_OK):
            raise PermissionError("Permission denied")
    except OSError as error:
        raise _unreadable(name, error) from error
    return Source(path, _shown(name))


def _shown(path: str) -> str:
    """The path as records show it; a file's name need not be UTF-8, and records must be."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _unreadable(name: str, error: Exception) -> InputError:
    reason = getattr(error, "strerror", None) or str(error)
    return InputError(
        f"cannot be read ({reason})", where=name, mend="check its permissions, or run as a user who may read it"
    )


def _walk(folder: Path, warn: Callable[[str], None]) -> List[Source]:
    def say(error: OSError) -> None:
        warn(f"{error.filename}: folder skipped, it cannot be read ({error.strerror})")

    sources = []
    skipped = 0
    for parent, folders, names in os.walk(folder, onerror=say):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.startswith("."):
                continue
            path = Path(parent) / name
            reason = _reason_to_skip(path)
            if reason is None:
                sources.append(Source(path, _shown(str(path))))
            else:
                skipped += 1
                warn(f"{path}: skipped, {reason}")
    if not sources:
        what = "the folder holds no log" if skipped else "the folder is empty"
        raise InputError(what, where=str(folder), mend="name the files to read, or another folder")
    return sorted(sources, key=lambda source: source.name)


def _reason_to_skip(path: Path) -> Optional[str]:
    try:
        if not path.is_file():
            return "no regular file" if path.exists() else "the link leads nowhere"
        kind = _kind_of(path)
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    return None if kind is None else f"it is {kind.name}"


def _kind_of(path: Path) -> Optional[BinaryKind]:
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    return recognise_binary(unpack_head(head, HEAD_BYTES) if is_gzip(head) else head)
