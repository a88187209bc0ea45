from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Callable, Dict

import pytest


def write_tool(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_doctor_tries_the_providers(oddline: Callable[..., Any]) -> None:
    ended = oddline("doctor")
    assert (ended.status, ended.err) == (0, "")
    assert "providers, each tried with a model of one node" in ended.out
    assert any(line.split()[:2] == ["cpu", "works,"] for line in ended.out.splitlines())
    heads = [line for line in ended.out.splitlines() if not line.startswith(" ")]
    assert heads == [
        "machine", "GPU and libraries", "state", "providers, each tried with a model of one node", "findings"
    ]  # fmt: skip


def test_doctor_reports_to_programs_with_the_model_of_a_bundle(oddline: Callable[..., Any], small_bundle: Path) -> None:
    ended = oddline("doctor", small_bundle, "--json")
    assert (ended.status, ended.err) == (0, "")
    found = json.loads(ended.out)
    assert (found["schema_version"], found["healthy"]) == (2, True)
    assert found["probe"] == "the model of small"
    manifest: Dict[str, Any] = json.loads((small_bundle / "manifest.json").read_text())
    assert found["support"]["target"] == manifest["target"]
    assert [check["works"] for check in found["providers"] if check["name"] == "cpu"] == [True]
    assert found["machine"]["system"]["python"].startswith("{}.{}.".format(*sys.version_info[:2]))


def test_doctor_asks_the_tools_of_the_board(
    oddline: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tool(tmp_path, "nvpmodel", 'printf "NV Power Mode: MODE_15W\\n2\\n"')
    write_tool(tmp_path, "nvidia-smi", 'case "$1" in *compute_cap*) echo "Card, 7.2, 535.1.2, 100" ;; esac')
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    ended = oddline("doctor", "--json")
    found = json.loads(ended.out)
    assert found["device"]["power_mode"] == {"name": "MODE_15W", "number": 2}
    assert found["gpus"] == [{"name": "Card", "compute_capability": "7.2", "driver": "535.1.2", "memory": 100 << 20}]
    whats = " ".join(finding["what"] for finding in found["findings"])
    assert "the power mode MODE_15W (number 2) limits cores and clocks" in whats


def test_doctor_fails_when_no_provider_works(oddline: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.doctor.providers.PROVIDERS", {})
    ended = oddline("doctor")
    assert ended.status == 1
    assert "CPUExecutionProvider" in ended.out, "the report is given all the same"
    assert ended.err.startswith("oddline: error: no execution provider works on this machine; install")


def test_doctor_fails_without_onnxruntime(oddline: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    ended = oddline("doctor")
    assert ended.status == 1
    assert "none  onnxruntime cannot be imported" in ended.out
    assert "oddline: error: onnxruntime cannot be imported" in ended.err
    assert "pip install 'oddline[cpu]'" in ended.err


def test_doctor_says_how_many_problems_there_are(oddline: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.setattr("edge.doctor.examine.judge", lambda board, glibc, target: _refused())
    ended = oddline("doctor")
    assert ended.status == 1
    assert ended.err.rstrip().endswith("(1 more in the report)")
    assert ended.err.count("\n") == 1


def _refused() -> object:
    from edge.doctor.support import Support

    return Support("cpu", False, "too old", "get another")


def test_doctor_says_that_the_cache_cannot_be_written(
    oddline: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("ODDLINE_CACHE_DIR", str(tmp_path / "file" / "cache"))
    ended = oddline("doctor")
    assert ended.status == 0, "on the CPU nothing is kept there"
    assert "nothing can be written to the cache folder" in ended.out
    assert "mend: set ODDLINE_CACHE_DIR" in ended.out


def test_doctor_refuses_a_damaged_bundle(oddline: Callable[..., Any], tmp_path: Path) -> None:
    ended = oddline("doctor", tmp_path)
    assert (ended.status, ended.out) == (1, "")
    assert "manifest.json" in ended.err


def test_doctor_with_a_build_for_the_gpu_on_a_machine_without_one(oddline: Callable[..., Any]) -> None:
    """It runs where onnxruntime-gpu is installed and no NVIDIA GPU is found."""
    from edge.device.gpu import read_gpus
    from edge.device.packages import installed_version

    if installed_version("onnxruntime-gpu") is None or read_gpus():
        pytest.skip("onnxruntime-gpu is not installed, or there is a GPU")
    ended = oddline("doctor", "--json")
    assert (ended.status, ended.err) == (0, ""), "the messages of onnxruntime are kept out"
    found = json.loads(ended.out)
    checks = {check["name"]: check for check in found["providers"]}
    assert checks["cpu"]["works"]
    assert not checks["cuda"]["works"]
    names = [missing["name"] for missing in checks["cuda"]["missing"]]
    assert any(name.startswith("libcu") for name in names)
    assert all(".so" in name for name in names)
    (finding,) = [finding for finding in found["findings"] if "no NVIDIA GPU" in finding["what"]]
    assert finding["level"] == "advice"
