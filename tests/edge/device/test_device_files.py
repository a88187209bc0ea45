from __future__ import annotations

import time
from pathlib import Path

import pytest
from xavier_root import write_files, write_tool

from edge.device.command import run_command
from edge.device.files import Files


def test_files_below_a_root(tmp_path: Path) -> None:
    write_files(tmp_path, {"/sys/a/word": " MAXN\n\0", "/sys/a/number": "32760 ma\n", "/sys/a/minus": "-5\n"})
    files = Files(str(tmp_path))
    assert files.read("/sys/a/word") == " MAXN\n\0"
    assert files.word("/sys/a/word") == "MAXN"
    assert (files.number("/sys/a/number"), files.number("/sys/a/minus")) == (32760, -5)
    assert files.number("/sys/a/word") is None
    assert files.names("/sys/a") == ["minus", "number", "word"]


def test_what_is_not_there_is_nothing(tmp_path: Path) -> None:
    files = Files(str(tmp_path))
    assert (files.read("/none"), files.word("/none"), files.number("/none"), files.names("/none")) == (
        None,
        None,
        None,
        [],
    )
    assert files.read("/") is None
    assert files.names("/a\0b") == []
    assert files.read("/a\0b") is None


def test_names_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    write_files(tmp_path, {f"/cpu{number}": "" for number in (10, 2, 1)})
    assert Files(str(tmp_path)).names("/") == ["cpu1", "cpu2", "cpu10"]


def test_a_command_and_its_output() -> None:
    assert run_command(["echo", "a", "b c"]) == "a b c\n"
    assert run_command(["cat"]) == "", "it has no input to wait for"


def test_a_command_that_is_absent_or_fails(tmp_path: Path) -> None:
    assert run_command(["no-such-command-of-oddline"]) is None
    assert run_command(["false"]) is None
    (tmp_path / "damaged").write_bytes(b"\x7fELF\0\0")
    (tmp_path / "damaged").chmod(0o755)
    assert run_command([str(tmp_path / "damaged")]) is None


def test_a_command_that_takes_too_long_is_ended_with_what_it_started(tmp_path: Path) -> None:
    write_tool(tmp_path, "slow", f"(sleep 1; touch {tmp_path}/child) &\nsleep 60")
    started = time.monotonic()
    assert run_command([str(tmp_path / "slow")], seconds=0.2) is None
    assert time.monotonic() - started < 10
    time.sleep(1.2)
    assert not (tmp_path / "child").exists()


def test_tools_outside_of_the_users_path_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert run_command(["sh", "-c", "echo here"]) == "here\n"
