"""How any command ends when the system says no: one line, no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, List

import pytest

FULL = Path("/dev/full")


def run(arguments: List[str], out: Any) -> subprocess.CompletedProcess[str]:
    script = "import sys; from edge.cli import main; main(sys.argv[1:])"
    return subprocess.run([sys.executable, "-c", script, *arguments], stdout=out, stderr=subprocess.PIPE, text=True)


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("command", ["inspect", "verify", "doctor", "--version"])
def test_a_full_standard_output_is_said_in_one_line(command: str, small_bundle: Path) -> None:
    with FULL.open("w") as full:
        ended = run([command] if command == "--version" else [command, str(small_bundle)], full)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith(
        "oddline: error: standard output: the disk is full; free some space"
    )
    assert "Traceback" not in ended.stderr


def test_a_reader_that_has_seen_enough_is_no_error(small_bundle: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ended = run(["inspect", str(small_bundle)], writing)
    os.close(writing)
    assert ended.stderr == ""


@pytest.mark.parametrize("command", ["inspect", "verify", "doctor", "bench"])
def test_a_name_that_no_system_takes_is_said_in_one_line(oddline: Callable[..., Any], command: str) -> None:
    ended = oddline(command, "a" * 300)
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.startswith("oddline: error: aaa")
    assert ended.err.endswith("File name too long; check the path\n")
    assert len(ended.err) < 300
