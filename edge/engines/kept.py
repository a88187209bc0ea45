"""A kept engine while a session uses its folder, which other processes may remove or replace meanwhile."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Optional, Set, Tuple, Type

from edge.engines.entry import CONTEXT_NAME, Entry


class KeptEngine:
    """A context manager. The folder is held open, so that no later one is taken for it: its number is not given anew.

    `entry` is what it says of itself, `place` its path, and `model` the model to be loaded instead of the bundle's, or
    None.
    """

    def __init__(self, entry: Entry, place: Path) -> None:
        """Raise OSError where it is not there any more, or cannot be read."""
        self.entry = entry
        self.place = place
        self.model: Optional[bytes] = None
        self._folder = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            self._before = _state(self._folder)
            if entry.has_context:
                self.model = (place / CONTEXT_NAME).read_bytes()
        except BaseException:
            os.close(self._folder)
            raise

    def __enter__(self) -> KeptEngine:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        os.close(self._folder)

    def is_there(self) -> bool:
        """Whether any engine is at the place now.

        Raises:
            OSError: that cannot be told.
        """
        try:
            self.place.stat()
        except FileNotFoundError:
            return False
        return True

    def is_in_place(self) -> bool:
        """Whether the engine at the place is still this one.

        Raises:
            OSError: that cannot be told.
        """
        return self.is_there() and os.path.samestat(self.place.stat(), os.fstat(self._folder))

    def written(self) -> Set[str]:
        """The names of the files that were written since.

        Raises:
            OSError: they cannot be read.
        """
        return {name for name, _, _ in _state(self._folder) - self._before}


def _state(folder: int) -> Set[Tuple[str, int, int]]:
    """Names, sizes and times of the files: enough to see that one was written."""
    with os.scandir(folder) as found:
        return {(item.name, item.stat().st_size, item.stat().st_mtime_ns) for item in found}
