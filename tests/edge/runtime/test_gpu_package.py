"""onnxruntime-gpu on a machine without a GPU: the real package, whose providers cannot work.

Runs where that package is installed: pip install onnxruntime-gpu into an environment of its own.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, List

import pytest

from edge.bundle.folder import load_bundle
from edge.device.packages import installed_version
from edge.errors import ProviderError
from edge.runtime.detector import Detector
from edge.runtime.session import Session, import_onnxruntime

CUDA, TENSORRT = "CUDAExecutionProvider", "TensorrtExecutionProvider"
GPU = bool(list(Path("/proc/driver/nvidia/gpus").glob("*"))) or Path("/dev/nvhost-gpu").exists()

LINE = b"Jun 14 15:16:01 combo sshd[17]: session opened\n"
ODD = b"Jun 14 15:16:02 combo sshd[17]: session stolen\n"

pytestmark = [
    pytest.mark.skipif(installed_version("onnxruntime-gpu") is None, reason="onnxruntime-gpu is not installed"),
    pytest.mark.skipif(GPU, reason="this machine has a GPU"),
]


def own_process(*arguments: object) -> subprocess.CompletedProcess:
    """The command in its own process, where onnxruntime is loaded anew."""
    command = [sys.executable, "-c", "from edge.cli import main; main()", *map(str, arguments)]
    repository = Path(__file__).resolve().parents[3]
    return subprocess.run(command, cwd=str(repository), capture_output=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def model(small_bundle: Path) -> bytes:
    return (small_bundle / "model.onnx").read_bytes()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log"
    path.write_bytes(LINE * 20 + ODD + LINE * 20)
    return path


def test_the_package_lists_what_does_not_work() -> None:
    assert {CUDA, TENSORRT} <= set(import_onnxruntime().get_available_providers())


def test_auto_falls_back_and_names_a_library(model: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    said: List[str] = []
    session = Session(model, say=said.append)
    assert (session.provider, session.on_gpu) == ("cpu", False)
    assert len(said) == 1
    library = r"lib\w+\.so\.[\d.]+ is missing"
    assert re.fullmatch(rf"running on cpu, since tensorrt: {library}; cuda: {library}", said[0])
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", ""), "neither onnxruntime's C++ side nor its Python side says more"


@pytest.mark.parametrize(("provider", "library"), [("cuda", r"libcu\w+\.so\.\d+"), ("tensorrt", r"lib\w+\.so\.\d+")])
def test_a_provider_by_name_is_an_error_with_the_mend(
    model: bytes, provider: str, library: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ProviderError) as caught:
        Session(model, provider=provider)
    assert re.fullmatch(rf"no session could be created \({provider}: {library} is missing\)", caught.value.what)
    assert str(caught.value.mend).startswith("install the CUDA, cuDNN and TensorRT that this onnxruntime was built for")
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_a_detector_scores_with_auto(small_bundle: Path) -> None:
    detector = Detector(load_bundle(small_bundle))
    assert detector.session.provider == "cpu"
    assert detector.score(["session opened"]).tolist() == [1.25]


def test_score_with_auto(small_bundle: Path, log: Path) -> None:
    done = own_process("score", small_bundle, log, "--output-format", "jsonl")
    assert done.returncode == 0
    assert [json.loads(line)["line"] for line in done.stdout.splitlines()] == [21], "results and nothing else"
    assert done.stderr.count(b"is missing") == 2
    assert len([line for line in done.stderr.splitlines() if b"running on cpu" in line]) == 1
    assert all(line.startswith(b"oddline: ") for line in done.stderr.splitlines())


@pytest.mark.parametrize("provider", ["cuda", "tensorrt"])
@pytest.mark.parametrize("command", ["score", "verify", "bench"])
def test_commands_with_a_provider_that_does_not_work(
    command: str, provider: str, small_bundle: Path, log: Path
) -> None:
    done = own_process(command, small_bundle, *([log] if command == "score" else []), "--provider", provider)
    assert (done.returncode, done.stdout) == (1, b"")
    (line,) = done.stderr.splitlines()
    assert re.match(rb"oddline: error: no session could be created \(\w+: lib\S+ is missing\); install the CUDA", line)


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_doctor_names_the_libraries(form: List[str], oddline: Callable[..., Any]) -> None:
    ended = oddline("doctor", *form)
    assert re.search(r"libcublas\w*\.so\.\d+", ended.out), "for CUDA"
    assert re.search(r"lib(cudnn|nvinfer)\w*\.so\.\d+", ended.out), "for TensorRT"
