"""Room on a disk: what is free, and whether something can really be written."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

_PROBE_BYTES = 1 << 20


def free_bytes(folder: Path) -> int:
    """What the file system of a folder has left for this user.

    Raises:
        OSError: there is no such folder, or it cannot be asked.
    """
    state = os.statvfs(folder)
    return state.f_bavail * state.f_frsize


def write_probe(folder: Path) -> None:
    """Write a mebibyte into the folder, synced, and take it away again.

    Raises:
        OSError: it is not writable, read-only, no folder, or has no room.
    """
    with tempfile.NamedTemporaryFile(prefix=".oddline-", dir=str(folder)) as file:
        file.write(bytes(_PROBE_BYTES))
        file.flush()
        os.fsync(file.fileno())
