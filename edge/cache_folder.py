"""Where things are kept that can be made again: engines, and what a benchmark recommends on this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Mapping

from edge.errors import OutputError

VARIABLE = "ODDLINE_CACHE_DIR"


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """The cache folder; it need not exist yet.

    `ODDLINE_CACHE_DIR` where that is set, else ``oddline`` in `XDG_CACHE_HOME`, else ``~/.cache/oddline`` (XDG Base
    Directory Specification 0.8, which has relative paths in its variable ignored).

    Raises:
        OutputError: no variable is set, and the user has no home folder.
    """
    own = environment.get(VARIABLE, "")
    if own:
        return Path(own)
    shared = environment.get("XDG_CACHE_HOME", "")
    if shared and Path(shared).is_absolute():
        return Path(shared) / "oddline"
    try:
        home = Path(environment.get("HOME") or Path.home())
    except RuntimeError as error:  # a user without an entry among the system's
        raise OutputError("there is no home folder to keep anything in", mend=f"set {VARIABLE} to a folder") from error
    return home / ".cache" / "oddline"
