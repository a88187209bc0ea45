"""Small system files and their folders, below a root that can be moved."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, List, Optional, Tuple

_MOST_BYTES = 1 << 20

Read = Callable[[str], Optional[str]]
"""Gives the text of a file, None when it cannot be read."""


class Files:
    """The file system below `root`; paths are absolute, and meant as if `root` were ``/``."""

    def __init__(self, root: str = "/") -> None:
        self.root = root

    def path(self, path: str) -> str:
        """Where the file really lies."""
        return str(Path(self.root, path.lstrip("/")))

    def read(self, path: str) -> Optional[str]:
        """The text of a file, at most its first mebibyte; None when there is none, or it cannot be read."""
        try:
            with Path(self.path(path)).open("rb") as file:
                return file.read(_MOST_BYTES).decode("utf-8", "replace")
        except (OSError, ValueError):  # ValueError: a path with a NUL, out of some other file
            return None

    def word(self, path: str) -> Optional[str]:
        """The text of a file without blanks and NULs around it; None when nothing is left."""
        return (self.read(path) or "").strip("\0 \t\r\n") or None

    def number(self, path: str) -> Optional[int]:
        """The whole number that a file holds (a unit may follow, as in ``32760 ma``), None when it holds none."""
        first = (self.word(path) or "").split(maxsplit=1)[:1]
        try:
            return int(first[0]) if first else None
        except ValueError:
            return None

    def names(self, path: str) -> List[str]:
        """What a folder holds, numbers in them in their order; empty when there is no such folder."""
        try:
            found = [entry.name for entry in Path(self.path(path)).iterdir()]
        except (OSError, ValueError):
            return []
        return sorted(found, key=_natural)


def _natural(name: str) -> Tuple[str, int, str]:
    stem = name.rstrip("0123456789")
    digits = name[len(stem) :]
    return (stem, int(digits) if digits else -1, name)


HERE = Files()
"""This machine's files."""
