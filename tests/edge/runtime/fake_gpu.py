"""An onnxruntime with a GPU that is not there: the real one computes on the CPU, and is told when to fail."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import pytest

import edge.engines.source  # noqa: F401  (it takes a name of the session's, and must take the real one)
from edge.runtime.session import import_onnxruntime

TENSORRT, CUDA, CPU = "TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"
LOST = "CUDA failure 719: unspecified launch failure ; GPU=0 ; hostname=xavier\nand where in the source"
NO_MEMORY = "[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : Failed to allocate memory for requested buffer of size 4096"

Failing = Callable[[str, int], Optional[Exception]]
"""Given a session's provider and the rows of an inference, the exception that it raises, if any."""


class FakeGpu:
    """What oddline uses of onnxruntime.

    `broken` are providers whose sessions cannot be created, with the message; `unused` are those that onnxruntime gives
    up, with what its Python side prints; `failing` makes inferences fail. What was asked of it is kept: `asked` has the
    names of the providers of each session, `options` the options of each of its providers, `runs` for each inference
    the provider, the rows, and the thread.
    """

    def __init__(
        self,
        available: Sequence[str],
        broken: Optional[Dict[str, str]] = None,
        unused: Optional[Dict[str, str]] = None,
        failing: Failing = lambda provider, rows: None,
    ) -> None:
        self.real = import_onnxruntime()
        self.__file__ = str(Path(__file__).parent / "nowhere" / "__init__.py")
        self.__version__ = str(self.real.__version__)
        self.available = list(available)
        self.broken = broken or {}
        self.unused = unused or {}
        self.failing = failing
        self.asked: List[List[str]] = []
        self.options: List[Dict[str, Dict[str, str]]] = []
        self.session_options: List[Any] = []
        self.runs: List[Tuple[str, int, str]] = []
        self.severities: List[int] = []
        self.SessionOptions = self.real.SessionOptions
        self.OrtValue = _CpuValues(self.real.OrtValue)

    def get_available_providers(self) -> List[str]:
        return self.available

    def set_default_logger_severity(self, severity: int) -> None:
        self.severities.append(severity)

    def InferenceSession(self, model: bytes, options: Any, providers: List[Any]) -> Any:  # noqa: N802
        names = [one if isinstance(one, str) else one[0] for one in providers]
        self.asked.append(names)
        self.options.append({one[0]: one[1] for one in providers if not isinstance(one, str)})
        self.session_options.append(options)
        if names[0] in self.broken:
            raise RuntimeError(self.broken[names[0]])
        for name in names:
            if name in self.unused:
                print(self.unused[name])
        used = [name for name in names if name not in self.unused]
        return _Session(self, self.real.InferenceSession(model, options, providers=[CPU]), used)

    def rows_run(self, provider: str) -> List[int]:
        """The rows of each inference on a provider, by onnxruntime's name of it."""
        return [rows for name, rows, _ in self.runs if name == provider]


class _CpuValues:
    """Memory of the GPU, on the CPU."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def ortvalue_from_shape_and_type(self, shape: Any, dtype: Any, device: str, device_id: int) -> Any:
        assert (device, device_id) == ("cuda", 0)
        return self._real.ortvalue_from_shape_and_type(shape, dtype, "cpu", 0)


class _Session:
    def __init__(self, runtime: FakeGpu, real: Any, used: List[str]) -> None:
        self._runtime = runtime
        self._real = real
        self._used = used
        self.falls_back = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def get_providers(self) -> List[str]:
        return self._used

    def disable_fallback(self) -> None:
        self.falls_back = False

    def run(self, outputs: Any, inputs: Any) -> Any:
        self._ran(len(next(iter(inputs.values()))))
        return self._real.run(outputs, inputs)

    def run_with_iobinding(self, binding: Any) -> None:
        assert self._used[0] != CPU, "on the CPU nothing is bound"
        # The rows that are bound are those of the first output.
        self._ran(binding.get_outputs()[0].shape()[0])
        self._real.run_with_iobinding(binding)

    def _ran(self, rows: int) -> None:
        assert not self.falls_back, "onnxruntime must not choose another provider by itself"
        self._runtime.runs.append((self._used[0], rows, threading.current_thread().name))
        error = self._runtime.failing(self._used[0], rows)
        if error is not None:
            raise error


def install(monkeypatch: pytest.MonkeyPatch, runtime: FakeGpu) -> FakeGpu:
    """Let every session that is made be one of `runtime`."""
    monkeypatch.setattr("edge.runtime.session.import_onnxruntime", lambda: runtime)
    return runtime
