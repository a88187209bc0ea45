"""Which providers there are, and which onnxruntime."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

import pytest
from fake_gpu import CPU, CUDA, TENSORRT

from edge.bundle.folder import load_bundle
from edge.device import packages
from edge.errors import ProviderError
from edge.runtime.detector import Detector
from edge.runtime.providers import candidates, chain_of, refuse_two_builds


def test_auto_tries_the_best_first() -> None:
    assert candidates("auto", [CPU, CUDA, "AzureExecutionProvider", TENSORRT]) == ["tensorrt", "cuda", "cpu"]
    assert candidates("auto", [CPU]) == ["cpu"]
    assert candidates("cuda", [CPU, CUDA, TENSORRT]) == ["cuda"]


def test_the_chain_of_a_provider_and_its_options() -> None:
    chain: List[Any] = chain_of("tensorrt", [CPU, CUDA, TENSORRT], {"device_id": "0"})
    assert [one if isinstance(one, str) else one[0] for one in chain] == [TENSORRT, CUDA, CPU]
    assert chain[0][1] == {"device_id": "0"}
    assert chain[1][1]["cudnn_conv_algo_search"] == "HEURISTIC", "also where CUDA stands in for TensorRT"
    assert chain_of("tensorrt", [CPU, TENSORRT], {}) == [TENSORRT, CPU]
    assert chain_of("cpu", [CPU, CUDA], {}) == [CPU]


@pytest.mark.parametrize("installed", [[], ["onnxruntime"], ["onnxruntime-gpu"]])
def test_one_build_is_as_it_should_be(installed: List[str]) -> None:
    def lookup(package: str) -> Optional[str]:
        return "1.16.3" if package in installed else None

    refuse_two_builds(lookup)
    assert packages.two_builds(lookup) is None, "what it refuses for"


def test_two_builds_are_refused_with_the_mend() -> None:
    versions: Dict[str, str] = {"onnxruntime": "1.19.2", "onnxruntime-gpu": "1.16.3"}
    with pytest.raises(ProviderError) as caught:
        refuse_two_builds(versions.get)
    assert str(caught.value) == (
        "onnxruntime and onnxruntime-gpu are both installed and overwrite each other; "
        "pip uninstall onnxruntime onnxruntime-gpu, then install one of them again"
    )


def both(package: str) -> Optional[str]:
    return {"onnxruntime": "1.19.2", "onnxruntime-gpu": "1.16.3"}.get(package)


@pytest.fixture
def two_builds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two builds, as importlib.metadata tells them; and no session may be made."""

    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("a session was made, or onnxruntime imported")

    monkeypatch.setattr(refuse_two_builds, "__defaults__", (both,))
    monkeypatch.setattr("edge.runtime.detector.Session", refuse)
    monkeypatch.setattr("edge.engines.source.import_onnxruntime", refuse)


@pytest.mark.usefixtures("two_builds")
@pytest.mark.parametrize("command", ["score", "verify", "bench"])
def test_with_two_builds_nothing_is_scored(
    command: str, oddline: Callable[..., Any], small_bundle: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"Jun 14 15:16:01 combo sshd[17]: session opened\n")
    ended = oddline(command, small_bundle, *([log] if command == "score" else []))
    assert (ended.status, ended.out) == (1, "")
    assert "onnxruntime and onnxruntime-gpu are both installed and overwrite each other; pip uninstall" in ended.err


@pytest.mark.usefixtures("two_builds")
def test_with_two_builds_no_session_is_made(small_bundle: Path) -> None:
    with pytest.raises(ProviderError, match="both installed"):
        Detector(load_bundle(small_bundle), provider="cpu")


def test_distributions_are_found_as_they_lie_on_disk(tmp_path: Path, small_bundle: Path) -> None:
    """Metadata of both, as pip leaves it, in a folder on the path of another process."""
    for name, package in (("onnxruntime", "onnxruntime"), ("onnxruntime_gpu", "onnxruntime-gpu")):
        folder = tmp_path / f"{name}-1.16.3.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.16.3\n")
    code = "from edge.runtime.providers import refuse_two_builds; refuse_two_builds()"
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).resolve().parents[3])])
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False)
    assert "ProviderError: onnxruntime and onnxruntime-gpu are both installed" in done.stderr


@pytest.mark.parametrize("given", [None, "1"])
def test_float32_is_float32_on_every_gpu(given: Optional[str]) -> None:
    """NVIDIA's libraries round it to TF32 from Ampere on, unless this is set before they are loaded."""
    name = "NVIDIA_TF32_OVERRIDE"
    code = (
        "import os; from edge.runtime.providers import import_onnxruntime; "
        f"import_onnxruntime(); print(os.environ['{name}'])"
    )
    environment = {key: value for key, value in os.environ.items() if key != name}
    if given is not None:
        environment[name] = given
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == (given or "0"), "who sets it keeps it"
