"""Where engines are kept, whether there is room, and the disk."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Callable, Mapping, Optional

import msgspec

from edge.cache_folder import cache_folder
from edge.device.room import free_bytes, write_probe
from edge.errors import OutputError


class Storage(msgspec.Struct, frozen=True):
    """Sizes in bytes, None where they cannot be told.

    `cache` is the cache folder, which may not exist yet, None where it cannot be told; `why_not` says why nothing can
    be written there, None when it can. `cache_free` is what is free where it lies (or will lie), `root_free` on ``/``.
    """

    cache: Optional[str]
    why_not: Optional[str]
    cache_free: Optional[int]
    root_free: Optional[int]


def read_storage(
    environment: Mapping[str, str] = os.environ,
    attempt: Callable[[Path], None] = write_probe,
    free: Callable[[Path], int] = free_bytes,
) -> Storage:
    """The storage as it is; what is written to try it is gone again, and the cache folder is not made."""
    root_free = _told(free, Path("/"))
    try:
        cache = cache_folder(environment)
    except OutputError as error:
        return Storage(None, error.what, None, root_free)
    place = nearest_folder(cache)
    why_not = None
    try:
        attempt(place)
    except OSError as error:
        why_not = f"{place}: {error.strerror or error}"
    return Storage(str(cache), why_not, _told(free, place), root_free)


def nearest_folder(path: Path) -> Path:
    """The path, or what can be seen of it: the lowest of its parents that can. It may be no folder.

    What lies in a folder that may not be searched cannot be seen.
    """
    path = Path(os.path.abspath(path))  # noqa: PTH100 - a link must not be followed to where it does not lead
    # Path.exists() raises where a folder may not be searched.
    while not os.path.exists(path) and path != path.parent:  # noqa: PTH110
        path = path.parent
    return path


def _told(free: Callable[[Path], int], place: Path) -> Optional[int]:
    with contextlib.suppress(OSError):
        return free(place)
    return None
