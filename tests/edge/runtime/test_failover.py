"""`oddline score` on a GPU that is lost, or too small: nothing is lost, and it is said once."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any, Callable, Optional

import pytest
from fake_gpu import CPU, CUDA, LOST, NO_MEMORY, FakeGpu, install

from edge.bundle.folder import load_bundle
from edge.doctor.machine import read_machine
from edge.recommendation import SCHEMA_VERSION, Recommendation, gpu_names, power_mode_now, record, setup_of

LINES = 20_000


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Distinct lines, in three blocks."""
    path = tmp_path / "log"
    path.write_text(
        "".join(f"Jun 14 15:16:01 combo sshd[17]: session x{number:x}g opened for user\n" for number in range(LINES))
    )
    return path


def lost_after(runs: int) -> Callable[[str, int], Optional[Exception]]:
    left = runs

    def failing(provider: str, rows: int) -> Optional[Exception]:
        nonlocal left
        left -= provider == CUDA
        return RuntimeError(LOST) if provider == CUDA and left < 0 else None

    return failing


@pytest.fixture
def expected(oddline: Callable[..., Any], small_bundle: Path, log: Path) -> str:
    """What a run on the CPU gives."""
    ended = oddline("score", small_bundle, log, "--all", "--provider", "cpu", "--quiet", "--output-format", "csv")
    assert ended.status == 0
    assert ended.out.count("\n") == LINES + 1
    return str(ended.out)


def test_auto_loses_its_gpu_and_no_record(
    oddline: Callable[..., Any],
    small_bundle: Path,
    log: Path,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runtime = install(monkeypatch, FakeGpu([CPU, CUDA], failing=lost_after(400)))
    ended = oddline("score", small_bundle, log, "--all", "--output-format", "csv")
    assert ended.status == 0
    assert ended.out == expected
    assert ended.err.count("the GPU was lost (cuda: CUDA failure 719") == 1
    assert len(runtime.rows_run(CUDA)) == 401, "it is not asked again"
    assert len(runtime.rows_run(CPU)) > 200


def test_a_gpu_that_was_recommended_is_given_up_as_well(
    oddline: Callable[..., Any],
    small_bundle: Path,
    log: Path,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody named it, so nobody would rather have an error."""
    monkeypatch.setenv("ODDLINE_CACHE_DIR", str(tmp_path / "cache"))
    setup = setup_of(load_bundle(small_bundle).model_sha256, read_machine(), gpu_names(), power_mode_now())
    record(Recommendation(SCHEMA_VERSION, "2025-03-04T05:06:07+00:00", "0.2.0", setup, "cuda", 32, 0, 9000.0, 0.7))
    install(monkeypatch, FakeGpu([CPU, CUDA], failing=lost_after(400)))
    ended = oddline("score", small_bundle, log, "--all", "--output-format", "csv")
    assert ended.status == 0
    assert "as measured on 2025-03-04: cuda, batch 32" in ended.err
    assert ended.out == expected
    assert ended.err.count("the GPU was lost (cuda: CUDA failure 719") == 1


def test_auto_goes_on_in_smaller_batches(
    oddline: Callable[..., Any],
    small_bundle: Path,
    log: Path,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runtime = install(
        monkeypatch,
        FakeGpu([CPU, CUDA], failing=lambda provider, rows: RuntimeError(NO_MEMORY) if rows > 8 else None),
    )
    ended = oddline("score", small_bundle, log, "--all", "--output-format", "csv")
    assert (ended.status, ended.out == expected) == (0, True)
    assert ended.err.count("the GPU has too little memory") == 1
    assert runtime.rows_run(CPU) == []


def test_a_gpu_that_was_asked_for_is_an_error_and_what_was_found_stays(
    oddline: Callable[..., Any],
    small_bundle: Path,
    log: Path,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = "oddline: error: an inference on cuda failed (CUDA failure 719: unspecified launch failure"
    command = ("score", small_bundle, log, "--all", "--output-format", "csv", "--provider", "cuda")
    install(monkeypatch, FakeGpu([CPU, CUDA], failing=lost_after(1100)))
    ended = oddline(*command)
    assert ended.status == 1
    assert said in ended.err
    assert expected.startswith(ended.out)
    assert 8192 < ended.out.count("\n") < LINES, "the blocks before the one that failed"
    install(monkeypatch, FakeGpu([CPU, CUDA], failing=lost_after(1100)))
    output = tmp_path / "out.csv"
    again = oddline(*command, "--output", output)
    assert again.status == 1
    assert said in again.err
    partial = tmp_path / "out.csv.partial"
    assert partial.read_bytes().decode() == ended.out
    assert f"what was found before the model failed is in {partial}" in again.err
    assert not output.exists()


def test_where_nothing_was_found_nothing_is_kept(
    oddline: Callable[..., Any], small_bundle: Path, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, FakeGpu([CPU, CUDA], failing=lost_after(1)))
    ended = oddline("score", small_bundle, log, "--provider", "cuda", "-o", tmp_path / "out.jsonl")
    assert ended.status == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log"]


def test_ctrl_c_while_the_gpu_computes(
    oddline: Callable[..., Any],
    small_bundle: Path,
    log: Path,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It comes while an inference runs in its thread; what was found before stays."""
    runtime = FakeGpu([CPU, CUDA])

    def interrupt(provider: str, rows: int) -> None:
        if len(runtime.runs) == 1100:
            os.kill(os.getpid(), signal.SIGINT)

    runtime.failing = interrupt
    install(monkeypatch, runtime)
    output = tmp_path / "out.csv"
    ended = oddline("score", small_bundle, log, "--all", "--output-format", "csv", "-o", output)
    assert ended.status == 130
    partial = (tmp_path / "out.csv.partial").read_bytes().decode()
    assert expected.startswith(partial)
    assert 8192 < partial.count("\n") < LINES
