"""Where things are kept that can be made again: engines, and what a benchmark recommends on this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Mapping

VARIABLE = "ODDLINE_CACHE_DIR"


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """The cache folder; it need not exist yet.

    `ODDLINE_CACHE_DIR` where that is set, else ``oddline`` in `XDG_CACHE_HOME`, else ``~/.cache/oddline`` (XDG Base
    Directory Specification 0.8, which has relative paths in its variable ignored).
    """
    own = environment.get(VARIABLE, "")
    if own:
        return Path(own)
    shared = environment.get("XDG_CACHE_HOME", "")
    if shared and Path(shared).is_absolute():
        return Path(shared) / "oddline"
    return Path(environment.get("HOME") or Path.home()) / ".cache" / "oddline"
