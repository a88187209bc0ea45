"""Small system files, which may or may not be there."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Optional

Read = Callable[[str], Optional[str]]
"""Gives the text of a file, None when it cannot be read."""

_MOST_BYTES = 1 << 20


def read_text(path: str) -> Optional[str]:
    """The text of a file, at most its first mebibyte; None when there is none, or it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            return file.read(_MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return None
