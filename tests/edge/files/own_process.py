"""What tests of files share: a folder's names, and Python in its own process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import List

REPOSITORY = Path(__file__).resolve().parents[3]


def names(folder: Path) -> List[str]:
    return sorted(entry.name for entry in folder.iterdir())


def run(script: str, *arguments: Path) -> subprocess.CompletedProcess:
    """Run Python in its own process: limits, users and signals are the process's own."""
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=REPOSITORY,
        capture_output=True,
        timeout=60,
        check=False,
    )
