"""Where things are kept that can be made again: engines, and what a benchmark recommends on this machine."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import Mapping

from edge.errors import OutputError

VARIABLE = "ODDLINE_CACHE_DIR"


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """The cache folder; it need not exist yet.

    `ODDLINE_CACHE_DIR` where that is set, else ``oddline`` in `XDG_CACHE_HOME`, else ``~/.cache/oddline`` (XDG Base
    Directory Specification 0.8, which has relative paths in its variable ignored).

    Raises:
        OutputError: no variable says where it is, and this user has no home folder.
    """
    own = environment.get(VARIABLE, "")
    if own:
        return Path(own)
    shared = environment.get("XDG_CACHE_HOME", "")
    if shared and Path(shared).is_absolute():
        return Path(shared) / "oddline"
    return Path(environment.get("HOME", "") or _home()) / ".cache" / "oddline"


def _home() -> str:
    """The home folder that the system's list of users has; a container's user is often not in it."""
    try:
        found = pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        found = ""
    if not found:
        raise OutputError(
            f"the cache folder cannot be told: HOME is not set, and the system has no home for the user {os.getuid()}",
            mend=f"set {VARIABLE} to a folder that can be written to",
        )
    return found
