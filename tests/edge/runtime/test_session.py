"""Sessions: the provider that was asked for, or a plain error."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

import numpy as np
import pytest
from small_bundle import LENGTH, WEIGHTS

from edge.errors import ProviderError
from edge.runtime.session import Session, import_onnxruntime

TENSORRT, CUDA, CPU = "TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"


@pytest.fixture(scope="module")
def model(small_bundle: Path) -> bytes:
    return (small_bundle / "model.onnx").read_bytes()


class FakeRuntime:
    """An onnxruntime of a device with a GPU, parts of which do not work.

    `broken` are providers that fail, with their message; `unused` are those that onnxruntime gives up quietly.
    """

    def __init__(self, available: List[str], broken: Dict[str, str], unused: Sequence[str]) -> None:
        self.asked: List[List[str]] = []
        self.options: List[Any] = []
        self._available = available
        self._broken = broken
        self._unused = unused

    class SessionOptions:
        intra_op_num_threads = -1
        log_severity_level = -1

        def add_session_config_entry(self, name: str, value: str) -> None:
            assert (name, value) == ("session.load_model_format", "ONNX")

    def get_available_providers(self) -> List[str]:
        return self._available

    def InferenceSession(self, model: bytes, options: Any, providers: List[str]) -> Any:  # noqa: N802
        self.asked.append(providers)
        self.options.append(options)
        if providers[0] in self._broken:
            raise RuntimeError(self._broken[providers[0]])
        used = [name for name in providers if name not in self._unused]

        class Made:
            @staticmethod
            def get_providers() -> List[str]:
                return used

            @staticmethod
            def get_inputs() -> List[Any]:
                return []

        return Made()


def fake(
    monkeypatch: pytest.MonkeyPatch,
    *available: str,
    broken: Optional[Dict[str, str]] = None,
    unused: Sequence[str] = (),
) -> FakeRuntime:
    runtime = FakeRuntime(list(available), broken or {}, unused)
    monkeypatch.setattr("edge.runtime.session.import_onnxruntime", lambda: runtime)
    return runtime


def test_a_real_model_runs(model: bytes) -> None:
    said: List[str] = []
    session = Session(model, provider="cpu", threads=1, say=said.append)
    assert (session.provider, session.input_names, said) == ("cpu", ["ids"], [])
    ids = np.array([[1, 2, 3, 4, 5, 6, 7, 8]], np.int32)
    scores, tokens = session.run(["score", "token_scores"], {"ids": ids})
    assert tokens.tolist() == [WEIGHTS[1 : 1 + LENGTH]]
    assert scores.tolist() == [9.5]


def test_auto_takes_the_best_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = fake(monkeypatch, CPU, CUDA, TENSORRT)
    said: List[str] = []
    assert Session(b"", threads=3, say=said.append).provider == "tensorrt"
    assert runtime.asked == [[TENSORRT, CUDA, CPU]], "what TensorRT cannot run goes to CUDA, and then to the CPU"
    assert [options.intra_op_num_threads for options in runtime.options] == [3]
    assert said == []


def test_auto_on_a_machine_without_gpu(model: bytes) -> None:
    said: List[str] = []
    if {TENSORRT, CUDA} & set(import_onnxruntime().get_available_providers()):
        pytest.skip("this onnxruntime was built for a GPU")
    assert Session(model, say=said.append).provider == "cpu"
    assert said == [], "nothing was tried and failed, so there is nothing to say"


def test_auto_falls_back_and_says_so_once(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = fake(
        monkeypatch, TENSORRT, CUDA, CPU, broken={TENSORRT: "libnvinfer.so.8: not found\nmore lines"}, unused=[CUDA]
    )
    said: List[str] = []
    assert Session(b"", say=said.append).provider == "cpu"
    assert runtime.asked == [[TENSORRT, CUDA, CPU], [CUDA, CPU], [CPU]]
    assert said == ["running on cpu, since tensorrt: libnvinfer.so.8: not found; cuda: onnxruntime fell back to " + CPU]


@pytest.mark.parametrize(("broken", "unused"), [({CUDA: "no CUDA device"}, []), ({}, [CUDA])])
def test_what_was_asked_for_by_name_never_falls_back(
    monkeypatch: pytest.MonkeyPatch, broken: Dict[str, str], unused: List[str]
) -> None:
    runtime = fake(monkeypatch, CUDA, CPU, broken=broken, unused=unused)
    with pytest.raises(ProviderError) as caught:
        Session(b"", provider="cuda")
    reason = "no CUDA device" if broken else f"onnxruntime fell back to {CPU}"
    assert str(caught.value) == (
        f"no session could be created (cuda: {reason}); run oddline doctor to see what works here"
    )
    assert len(runtime.asked) == 1


def test_when_nothing_works_every_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    fake(monkeypatch, CUDA, CPU, broken={CUDA: "no device", CPU: "bad model"})
    with pytest.raises(ProviderError, match=r"created \(cuda: no device; cpu: bad model\)"):
        Session(b"")


@pytest.mark.parametrize("provider", ["cuda", "tensorrt"])
def test_a_provider_that_the_build_lacks(monkeypatch: pytest.MonkeyPatch, provider: str) -> None:
    runtime = fake(monkeypatch, CPU)
    full = {"cuda": CUDA, "tensorrt": TENSORRT}[provider]
    with pytest.raises(ProviderError) as caught:
        Session(b"", provider=provider)
    assert str(caught.value) == (
        f"this onnxruntime was built without {full}; install an onnxruntime that has it, or use --provider auto"
    )
    assert runtime.asked == []


def test_cuda_on_this_cpu_build(model: bytes) -> None:
    if CUDA in import_onnxruntime().get_available_providers():
        pytest.skip("this onnxruntime was built for a GPU")
    with pytest.raises(ProviderError, match="built without CUDAExecutionProvider"):
        Session(model, provider="cuda")


def test_an_unknown_provider(model: bytes) -> None:
    with pytest.raises(ProviderError, match=r"^provider 'gpu' is unknown; choose one of auto, tensorrt, cuda, cpu$"):
        Session(model, provider="gpu")


def test_a_model_that_onnxruntime_cannot_load() -> None:
    with pytest.raises(ProviderError, match=r"no session could be created \(cpu: .+\); run oddline doctor") as caught:
        Session(b"no model", provider="cpu")
    assert "\n" not in str(caught.value)


def test_without_onnxruntime(monkeypatch: pytest.MonkeyPatch, model: bytes) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ProviderError, match=r"cannot be imported \(.*\); install one: pip install 'oddline\[cpu\]'"):
        Session(model)


def test_the_runtime_s_telemetry_is_off_before_it_is_loaded() -> None:
    """onnxruntime 1.32 looks up a host of its maker some seconds after it was loaded, unless it is told not to."""
    code = (
        "import sys, os; import edge.cli; from edge.runtime.session import import_onnxruntime; "
        "assert 'onnxruntime' not in sys.modules; import_onnxruntime(); print(os.environ['ORT_DISABLE_TELEMETRY'])"
    )
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"
