"""A workstation command on a machine without the workstation's packages."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Callable

import pytest
from workstation import Ended

from edge.errors import MissingExtraError
from export import extra

ROOT = Path(__file__).resolve().parents[2]
INSTALL = "on the workstation (Python 3.10 or later) run: pip install 'oddline[export,cpu]'"


@pytest.fixture
def without_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    real = extra.find_spec
    monkeypatch.setattr(extra, "find_spec", lambda name: None if name in ("tensorflow", "onnx") else real(name))


COMMANDS = {
    "train": ("train", "line", "absent.log", "-o", "run"),
    "export": ("export", "absent-run", "-o", "bundle"),
    "evaluate": ("evaluate", "absent-run", "--normal", "a.log", "--anomalous", "b.log"),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
def test_a_missing_package_ends_in_one_line_with_the_install(
    oddline: Callable[..., Ended], without_tensorflow: None, command: tuple[str, ...]
) -> None:
    ended = oddline(*command)
    assert ended.err == f"oddline: error: this command needs tensorflow, onnx; {INSTALL}\n"
    assert (ended.status, ended.out) == (1, "")


@pytest.mark.parametrize("command", [*COMMANDS.values(), ("simulate", "line", "-o", "log")])
def test_an_old_python_ends_in_one_line(
    oddline: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setattr(extra.sys, "version_info", (3, 8, 18, "final", 0))
    monkeypatch.setattr(extra.platform, "python_version", lambda: "3.8.18")
    ended = oddline(*command)
    assert ended.err == f"oddline: error: this command does not run on Python 3.8.18; {INSTALL}\n"
    assert ended.status == 1


def test_every_package_of_the_extra_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extra, "find_spec", lambda name: None)
    with pytest.raises(
        MissingExtraError, match="needs tensorflow, tf2onnx, onnx, sklearn, scipy, drain3, matplotlib; "
    ):
        extra.require_extra()


@pytest.mark.parametrize("arguments", [("--help",), ("train", "--help"), ("export", "--help"), ("simulate", "--help")])
def test_help_needs_no_extra(oddline: Callable[..., Ended], without_tensorflow: None, arguments: tuple[str]) -> None:
    ended = oddline(*arguments)
    assert (ended.status, ended.err) == (0, "")
    assert "Usage: " in ended.out


def test_help_does_not_load_tensorflow() -> None:
    code = "import sys; from edge.cli import main\ntry: main(['train', '--help'])\nfinally: print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert {"export.commands.train"} <= loaded
    assert loaded.isdisjoint({"tensorflow", "keras", "onnx", "sklearn", "matplotlib"})


def test_native_chatter_goes_nowhere_and_errors_do_not(capfd: pytest.CaptureFixture[str]) -> None:
    with extra._stderr_nowhere():
        os.write(2, b"chatter of a library\n")
    os.write(2, b"an error\n")
    with pytest.raises(ValueError, match="inside"), extra._stderr_nowhere():
        raise ValueError("inside")
    os.write(2, b"another\n")
    assert capfd.readouterr().err == "an error\nanother\n"
