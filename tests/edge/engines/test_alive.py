"""A long build shows that it is alive."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from typing import Callable, List

import pytest

from edge.engines.ticker import elapsed, tick

ROOT = Path(__file__).resolve().parents[3]
# PyDLL, other than CDLL, keeps Python's global lock during a call, as ONNX Runtime does while it creates a session.
HOLDS_THE_LOCK = """
import ctypes
from edge.engines.alive import on_stderr
with on_stderr("building", 0.2):
    ctypes.PyDLL(None).usleep(900_000)
"""


class Passing:
    """A clock that moves by what is waited, until `ends`."""

    def __init__(self, ends: float) -> None:
        self.now = 0.0
        self._ends = ends

    def clock(self) -> float:
        return 1000.0 + self.now

    def ended(self, seconds: float) -> bool:
        self.now += seconds
        return self.now > self._ends


def ticks(seconds: float, *, rewrite: bool) -> List[str]:
    passing, written = Passing(seconds), []
    write: Callable[[str], object] = written.append
    tick("building", 10.0, rewrite=rewrite, ended=passing.ended, write=write, clock=passing.clock)
    return written


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0, "0 s"), (59.9, "59 s"), (60.0, "1 min 0 s"), (200.4, "3 min 20 s")]
)
def test_elapsed(seconds: float, text: str) -> None:
    assert elapsed(seconds) == text


def test_a_line_every_ten_seconds() -> None:
    assert ticks(35, rewrite=False) == [f"oddline: building, {n} s so far\n" for n in (10, 20, 30)]


def test_a_quick_build_says_nothing() -> None:
    assert ticks(9, rewrite=False) == ticks(9, rewrite=True) == []


def test_on_a_terminal_one_line_is_rewritten_and_wiped() -> None:
    first, *_, last, wiped = ticks(75, rewrite=True)
    assert (first, last) == ("\roddline: building, 10 s so far", "\roddline: building, 1 min 10 s so far")
    assert wiped == "\r" + " " * (len(last) - 1) + "\r"


def test_it_speaks_also_while_python_s_lock_is_held() -> None:
    done = subprocess.run([sys.executable, "-c", HOLDS_THE_LOCK], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert 2 <= len(lines) <= 5
    assert set(lines) == {"oddline: building, 0 s so far"}


def test_it_rewrites_one_line_on_a_terminal() -> None:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm"}
    try:
        subprocess.run([sys.executable, "-c", HOLDS_THE_LOCK], cwd=ROOT, stderr=theirs, env=environment, check=True)
        shown = os.read(ours, 10_000).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    assert "\n" not in shown
    assert shown.startswith("\roddline: building, 0 s so far\r")
    assert shown.endswith("\r")


def test_it_ends_when_the_process_is_killed() -> None:
    code = HOLDS_THE_LOCK.replace("900_000", "60_000_000")
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert process.stderr.readline() == "oddline: building, 0 s so far\n"
    process.kill()
    # stderr ends only when the other process, which holds it too, has ended.
    process.communicate(timeout=30)


def test_ctrl_c_of_a_terminal_is_not_for_it() -> None:
    """A terminal sends it to all processes of the command."""
    code = HOLDS_THE_LOCK.replace("ctypes.PyDLL(None).usleep(900_000)", "input()")
    command = [sys.executable, "-c", code]
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "oddline: building, 0 s so far\n"
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert said.count("KeyboardInterrupt") == 1
    assert "ticker.py" not in said


def test_where_no_other_process_can_be_started_the_build_goes_on() -> None:
    code = HOLDS_THE_LOCK.replace("import ctypes", "import ctypes, sys; sys.executable = '/nonexistent'")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    assert done.stderr == b""
