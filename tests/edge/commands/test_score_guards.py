"""What `score` must not do: lose a log, results, or a failure."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Sequence

import numpy as np
import pytest
from small_bundle import LINES

from edge.files.lines import read_blocks
from edge.files.paths import Source
from edge.runtime.opening import OpenSession
from edge.runtime.session import Session

PROGRAM = [sys.executable, "-c", "from edge.cli import main; main()"]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "logs" / "messages"
    path.parent.mkdir()
    path.write_text("".join(line + "\n" for line in LINES), encoding="utf-8")
    return path


@pytest.mark.parametrize("way", ["named", "in the folder", "by a link"])
def test_the_log_is_not_written_over(
    oddline: Callable[..., Any], small_bundle: Path, log: Path, tmp_path: Path, way: str
) -> None:
    before = log.read_bytes()
    output = log
    if way == "by a link":
        output = tmp_path / "link"
        output.symlink_to(log)
    ended = oddline("score", small_bundle, log.parent if way == "in the folder" else log, "-o", output)
    assert (ended.status, ended.out) == (1, "")
    assert "the results would be written into the log itself; write elsewhere" in ended.err
    assert log.read_bytes() == before


def test_results_are_not_appended_to_the_log(small_bundle: Path, log: Path) -> None:
    before = log.read_bytes()
    with log.open("ab") as stream:
        done = subprocess.run(
            [*PROGRAM, "score", str(small_bundle), str(log)], stdout=stream, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 1
    assert b"into the log itself" in done.stderr
    assert log.read_bytes() == before


def test_a_score_that_is_no_number_is_not_taken_for_normal(
    oddline: Callable[..., Any], small_bundle: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Session.run

    def run(self: Session, outputs: Sequence[str], inputs: Dict[str, np.ndarray]) -> List[np.ndarray]:
        return [result * np.float32("nan") for result in real(self, outputs, inputs)]

    monkeypatch.setattr(Session, "run", run)
    ended = oddline("score", small_bundle, log)
    assert (ended.status, ended.out) == (1, "")
    assert "scores that are no finite numbers; run oddline verify, and try --provider cpu" in ended.err


def test_an_inference_that_fails_is_one_line(
    oddline: Callable[..., Any], small_bundle: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: OpenSession, outputs: object, inputs: object) -> None:
        raise RuntimeError("CUDA out of memory\nlong text")

    monkeypatch.setattr(OpenSession, "warm_up", lambda self: None)
    monkeypatch.setattr(OpenSession, "run", fail)
    ended = oddline("score", small_bundle, log, "--provider", "cpu", "--quiet")
    assert (ended.status, ended.out) == (1, "")
    mend = "try a smaller --batch-size, or --provider cpu"
    assert ended.err == f"oddline: error: an inference on cpu failed (CUDA out of memory); {mend}\n"


def test_messages_that_cannot_be_written_do_not_cost_the_results(small_bundle: Path, log: Path, tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    output = tmp_path / "out.jsonl"
    with Path("/dev/full").open("wb") as full:
        command = [*PROGRAM, "score", str(small_bundle), str(log), "--all", "-o", str(output)]
        done = subprocess.run(command, stderr=full, check=False)
    assert done.returncode == 0
    assert len(output.read_bytes().splitlines()) == len(LINES)


def test_a_request_to_end_keeps_what_was_found(small_bundle: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    command = [*PROGRAM, "score", str(small_bundle), "-", "--all", "-o", str(output)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stderr is not None
    process.stdin.write((LINES[0] + "\n").encode())
    process.stdin.flush()
    assert b"format syslog" in process.stderr.readline(), "it has begun"
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"what was found so far is in" in said
    assert len(Path(f"{output}.partial").read_bytes().splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl.partial"]


def test_a_pipe_that_does_not_block_is_read_to_its_end() -> None:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    child = subprocess.Popen(
        ["sh", "-c", "echo one; sleep 0.3; echo two; sleep 0.3; echo three"], stdout=writer, close_fds=True
    )
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        lines = [line for block in read_blocks(Source(None, "stdin"), stdin=stream) for line in block.lines]
    child.wait()
    assert lines == [b"one", b"two", b"three"]


def test_a_run_in_place_of_a_bundle_is_told(oddline: Callable[..., Any], log: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text("{}")
    ended = oddline("score", tmp_path / "run", log)
    assert ended.status == 1
    assert f"{tmp_path / 'run'}: this is a run; make a bundle of it: oddline export" in ended.err
