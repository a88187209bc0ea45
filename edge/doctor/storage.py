"""Where engines are kept, whether there is room, and the disk."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Callable, Optional

import msgspec

# An engine of these models takes a few megabytes, and TensorRT's timing cache as much again.
LITTLE_ROOM = 64 << 20
_PROBE_BYTES = 1 << 16


class Storage(msgspec.Struct, frozen=True):
    """Sizes in bytes, None where they cannot be told.

    `cache` is the cache folder, which may not exist yet; `why_not` says why nothing can be written there, None when it
    can. `cache_free` is what is free where it lies (or will lie), `root_free` on ``/``.
    """

    cache: str
    why_not: Optional[str]
    cache_free: Optional[int]
    root_free: Optional[int]


def read_storage(
    cache: Path,
    attempt: Callable[[Path], None] = lambda folder: try_to_write(folder),
    free: Callable[[str], int] = lambda folder: shutil.disk_usage(folder).free,
) -> Storage:
    """The storage as it is; what is written to try it is gone again, and the cache folder is not made."""
    place = nearest_folder(cache)
    why_not = None
    try:
        attempt(place)
    except OSError as error:
        why_not = f"{place}: {error.strerror or error}"
    return Storage(str(cache), why_not, _told(free, place), _told(free, Path("/")))


def nearest_folder(path: Path) -> Path:
    """The path, or what exists of it: the lowest of its parents that does. It may be no folder."""
    path = Path(os.path.abspath(path))  # noqa: PTH100 - a link must not be followed to where it does not lead
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def try_to_write(folder: Path) -> None:
    """Write a folder and a file into `folder`, and take them away again.

    Raises:
        OSError: it is not writable, read-only, no folder, or has no room.
    """
    inner = tempfile.mkdtemp(prefix=".oddline-", dir=str(folder))
    try:
        with (Path(inner) / "probe").open("wb") as file:
            file.write(bytes(_PROBE_BYTES))
            file.flush()
            os.fsync(file.fileno())
    finally:
        shutil.rmtree(inner, ignore_errors=True)


def _told(free: Callable[[str], int], place: Path) -> Optional[int]:
    with contextlib.suppress(OSError):
        return free(str(place))
    return None
