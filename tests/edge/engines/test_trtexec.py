"""trtexec: its command line, its output, and its failures."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Sequence, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded_trtexec import FAILED_8_5, FAILED_10_3, PASSED_8_2, PASSED_8_5

from edge.engines.profile import Profile
from edge.engines.trtexec import Report, command_line, parse, run
from edge.errors import ProviderError

ROOT = Path(__file__).resolve().parents[3]


def test_what_passed() -> None:
    assert parse(PASSED_8_2) == Report(True, [], 184.708, 90.3035, 11.0613)
    assert parse(PASSED_8_5) == Report(True, [], None, 10.7972, 97.8649)


def test_what_failed_tells_why_and_not_that_it_failed() -> None:
    assert parse(FAILED_8_5) == Report(
        False,
        [
            "Error[9]: Error Code 9: Internal Error (/SCA_IndexRebatch_TRT: could not find any supported formats "
            "consistent with input/output data types)",
            "Error[2]: Error Code 2: Internal Error (Assertion engine != nullptr failed. )",
        ],
        None,
        None,
        None,
    )
    (error,) = parse(FAILED_10_3).errors
    assert error.endswith("Cask convolution isConsistent check failed.)")


def test_when_there_is_no_other_error_the_last_ones_are_told() -> None:
    assert parse("[06/22/2024-21:01:54] [E] Engine set up failed\n").errors == ["Engine set up failed"]


@given(st.text(alphabet="[]01/:-IEW \nLatency=.ms&PASDTRexc", max_size=200))
def test_any_output_can_be_read(output: str) -> None:
    report = parse(output)
    assert len(report.errors) <= 5


def command(**changes: Any) -> Sequence[str]:
    arguments = {
        "model": Path("/m.onnx"),
        "engine": Path("/e.engine"),
        "timings": Path("/t.timing"),
        "precision": "fp16",
        "profile": Profile("ids:1x32", "ids:64x32", "ids:64x32"),
        "device": 0,
        **changes,
    }
    return command_line(Path("/trtexec"), **arguments)


def test_the_command_line() -> None:
    assert command() == [
        "/trtexec",
        "--onnx=/m.onnx",
        "--saveEngine=/e.engine",
        "--minShapes=ids:1x32",
        "--optShapes=ids:64x32",
        "--maxShapes=ids:64x32",
        "--timingCacheFile=/t.timing",
        "--memPoolSize=workspace:1024",
        "--fp16",
        "--device=0",
        "--duration=1",
    ]
    assert "--int8" in command(precision="int8")
    assert "--noTF32" in command(precision="fp32")
    assert "--device=1" in command(device=1)


def answer(status: int, output: str) -> Any:
    def execute(_: Sequence[str]) -> Tuple[int, str]:
        return status, output

    return execute


def test_an_engine_that_was_written(tmp_path: Path) -> None:
    engine = tmp_path / "e"
    engine.write_bytes(b"ptrt")
    assert run(["trtexec"], engine, answer(0, PASSED_8_5)).latency_ms == 10.7972


@pytest.mark.parametrize(
    ("status", "output", "content", "told"),
    [
        (1, FAILED_10_3, None, "trtexec failed with status 1 (Error[2]: Error Code 2: Internal Error (Assertion isOp"),
        (-11, "Segmentation\n fault", None, "trtexec failed with status -11 (Segmentation fault)"),
        (1, "", None, "trtexec failed with status 1 (it wrote nothing)"),
        (0, PASSED_8_5, None, "trtexec failed with status 0 ("),
        (0, PASSED_8_5, b"", "trtexec failed with status 0 ("),
        (0, "no verdict", b"ptrt", "trtexec failed with status 0 (no verdict)"),
    ],
)
def test_what_is_no_success(tmp_path: Path, status: int, output: str, content: Any, told: str) -> None:
    engine = tmp_path / "e"
    if content is not None:
        engine.write_bytes(content)
    with pytest.raises(ProviderError) as caught:
        run(["/there/trtexec"], engine, answer(status, output))
    assert str(caught.value).startswith(f"/there/trtexec: {told}")
    assert str(caught.value).endswith("use --via onnxruntime, which leaves to CUDA what TensorRT cannot do")


def test_without_trtexec(tmp_path: Path) -> None:
    missing = tmp_path / "trtexec"
    with pytest.raises(ProviderError) as caught:
        run([str(missing)], tmp_path / "e")
    assert str(caught.value) == (
        f"{missing}: trtexec cannot be run (No such file or directory); install it (on a Jetson: "
        "sudo apt install libnvinfer-bin), or give its place with --trtexec"
    )


def test_the_end_of_a_long_output_of_both_kinds_counts(tmp_path: Path) -> None:
    (tmp_path / "said").write_text(PASSED_8_5)
    program = tmp_path / "trtexec"
    program.write_text(
        f"#!/bin/sh\nhead -c 6000000 /dev/zero | tr '\\0' 'x'\necho\ncat {tmp_path}/said >&2\nprintf ptrt > \"$1\"\n"
    )
    program.chmod(0o755)
    assert run([str(program), str(tmp_path / "e")], tmp_path / "e").passed


def test_it_does_not_outlive_an_interruption(tmp_path: Path) -> None:
    program = tmp_path / "trtexec"
    pid = tmp_path / "pid"
    program.write_text(f"#!/bin/sh\necho $$ > {pid}.part\nmv {pid}.part {pid}\nexec sleep 600\n")
    program.chmod(0o755)
    code = (
        "import sys; from pathlib import Path; from edge.engines.trtexec import run; "
        f"run(['{program}'], Path('{tmp_path}/e'))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL)
    while not pid.exists():
        assert process.poll() is None
        time.sleep(0.01)
    child = int(pid.read_text())
    time.sleep(0.5)  # until it waits for the other, and not still starts it
    process.send_signal(signal.SIGINT)
    process.wait(30)
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
