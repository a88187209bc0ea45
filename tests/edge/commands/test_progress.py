"""The progress line, and messages on stderr."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import List

import pytest
from score_runs import REPOSITORY

from edge.commands import options
from edge.commands.progress import Progress
from edge.files.paths import Source

Screen = pytest.CaptureFixture[str]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> List[float]:
    """The time in seconds; tests set its only item."""
    now = [100.0]
    monkeypatch.setattr("edge.commands.progress.time.monotonic", lambda: now[0])
    return now


@pytest.fixture
def log(tmp_path: Path) -> Source:
    (tmp_path / "log").write_bytes(b"x" * 1000)
    return Source(tmp_path / "log", "log")


def test_it_shows_the_share_the_speed_and_the_time_left(capsys: Screen, clock: List[float], log: Source) -> None:
    progress = Progress([log, log], enabled=True)
    clock[0] += 10
    progress.update(5000, 500)
    assert capsys.readouterr().err == "\r 25%  5,000 lines, 500 lines/s, 30 s left"


def test_the_share_of_a_gz_or_a_pipe_is_not_known(
    capsys: Screen, clock: List[float], log: Source, tmp_path: Path
) -> None:
    (tmp_path / "log.gz").write_bytes(b"x")
    for other in (Source(tmp_path / "log.gz", "log.gz"), Source(None, "stdin"), Source(tmp_path / "gone", "gone")):
        progress = Progress([log, other], enabled=True)
        clock[0] += 2
        progress.update(5000, 500)
        assert capsys.readouterr().err == "\r5,000 lines, 2,500 lines/s"


def test_it_is_renewed_five_times_a_second_at_most(capsys: Screen, clock: List[float], log: Source) -> None:
    progress = Progress([log], enabled=True)
    for number in range(1, 101):
        clock[0] += 0.01
        progress.update(number, number)
    assert capsys.readouterr().err.count("\r") == 5


def test_it_is_wiped_at_the_end(capsys: Screen, clock: List[float], log: Source) -> None:
    progress = Progress([log], enabled=True)
    clock[0] += 1
    progress.update(1, 1)
    shown = capsys.readouterr().err
    assert len(shown) > 20
    progress.close()
    progress.close()
    assert capsys.readouterr().err == f"\r{' ' * (len(shown) - 1)}\r"


def test_it_is_silent_when_nobody_looks(capsys: Screen, clock: List[float], log: Source) -> None:
    progress = Progress([log], enabled=False)
    clock[0] += 1
    progress.update(1, 1)
    progress.close()
    assert capsys.readouterr().err == ""


def test_a_message_is_one_escaped_line(capsys: Screen) -> None:
    options.say("a\x1b[31m\nb.log: skipped")
    assert capsys.readouterr().err == "oddline: a\\x1b[31m\\nb.log: skipped\n"


@pytest.mark.parametrize(
    ("tty", "term", "answer"), [(True, "xterm", True), (True, "dumb", False), (False, "xterm", False)]
)
def test_what_a_terminal_is(monkeypatch: pytest.MonkeyPatch, tty: bool, term: str, answer: bool) -> None:
    monkeypatch.setenv("TERM", term)
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: tty)
    assert options.is_terminal(stream) is answer
    assert options.is_terminal(None) is False


def test_on_a_real_terminal(small_bundle: Path, tmp_path: Path) -> None:
    """Results as text in colour, and nothing of the log that could steer the terminal."""
    (tmp_path / "log").write_bytes(b"Jun 14 15:16:01 combo sshd[17]: session \x07 stolen\n")
    script = (
        "import os, pty, sys\n"
        "os.environ['TERM'] = 'xterm'\n"
        "status = pty.spawn([sys.executable, '-c', 'from edge.cli import main; main()', 'score', *sys.argv[1:]])\n"
        "sys.exit(os.WEXITSTATUS(status))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(small_bundle), "log", "-q"],
        cwd=str(tmp_path),
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    (line,) = done.stdout.decode().splitlines()
    marked = "session \x1b[1;31m\\x07\x1b[0m \x1b[1;31mstolen\x1b[0m"
    assert re.fullmatch(r"! +9\.500  log:1  Jun 14 15:16:01 combo sshd\[17\]: " + re.escape(marked), line)
