"""What tests of `oddline score` share: log lines, and the command in its own process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List

REPOSITORY = Path(__file__).resolve().parents[3]
COMMAND = [sys.executable, "-c", "from edge.cli import main; main()"]
LINE = b"Jun 14 15:16:01 combo sshd[17]: session opened\n"
ODD = b"Jun 14 15:16:02 combo sshd[17]: session stolen\n"


def parse(output: str) -> List[Dict[str, Any]]:
    """The records of JSON lines."""
    return [json.loads(line) for line in output.split("\n")[:-1]]


def read(path: Path) -> List[Dict[str, Any]]:
    """The records of a file of JSON lines."""
    return parse(path.read_bytes().decode("utf-8"))


def names(folder: Path) -> List[str]:
    """All names in a folder, hidden ones too."""
    return sorted(entry.name for entry in folder.iterdir())


def shell(command: str, *arguments: object) -> subprocess.CompletedProcess:
    """Run a shell command, in which `oddline` is the real one in its own process and the arguments are $1, $2, ..."""
    script = f'oddline() {{ "$PYTHON" -c "$MAIN" "$@"; }}; set -o pipefail; {command}'
    return subprocess.run(
        ["bash", "-c", script, "bash", *map(str, arguments)],
        cwd=str(REPOSITORY),
        env={**os.environ, "PYTHON": sys.executable, "MAIN": COMMAND[2]},
        capture_output=True,
        timeout=60,
        check=False,
    )


def start(*arguments: object) -> subprocess.Popen:
    """Start the command in its own process, with pipes on all three streams."""
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        cwd=str(REPOSITORY),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    )
