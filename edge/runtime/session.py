"""One onnxruntime session on the provider that was asked for, or a plain error.

What a provider list says is how the package was built; what counts is a session that was created and the providers
that it really uses.
"""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, List, Sequence

import numpy as np

from edge.errors import ProviderError

PROVIDERS: Dict[str, str] = {
    "tensorrt": "TensorrtExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "cpu": "CPUExecutionProvider",
}
PROVIDER_CHOICES = ("auto", *PROVIDERS)
# More rows at once are no faster on a CPU, where a batch should fit into the caches, and take more memory.
DEFAULT_BATCH_ROWS = 32


def import_onnxruntime() -> Any:
    """The onnxruntime module, with its telemetry off.

    Some of its builds (1.32 for one) gather usage events and look up a host of Microsoft's; a device that scores logs
    opens no connection. The variable must be set before the library is loaded.

    Raises:
        ProviderError: it is not installed, or does not load on this machine.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    try:
        import onnxruntime

        # 3 is ERROR: device-discovery warnings of machines without a GPU say nothing that a user could act on.
        onnxruntime.set_default_logger_severity(3)
    except Exception as error:  # a damaged installation fails in any way, as does a library that it loads
        raise ProviderError(
            f"onnxruntime cannot be imported ({error})",
            mend="install one: pip install 'oddline[cpu]', or NVIDIA's onnxruntime-gpu wheel on a Jetson",
        ) from error
    return onnxruntime


class Session:
    """A loaded model. `provider` is the short name of the one in use."""

    def __init__(
        self,
        model: bytes,
        *,
        provider: str = "auto",
        threads: int = 0,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Load the model.

        `threads` is onnxruntime's intra-op thread count, 0 for one per core. `say` receives one line when ``auto``
        has to fall back.

        Raises:
            ProviderError: the provider is unknown, is not in this build of onnxruntime, or was not really used.
        """
        runtime = import_onnxruntime()
        if provider not in PROVIDER_CHOICES:
            raise ProviderError(
                f"provider {provider!r} is unknown", mend=f"choose one of {', '.join(PROVIDER_CHOICES)}"
            )
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        # What was checked is read as what it was checked as: onnxruntime has a format of its own, told by a magic word.
        options.add_session_config_entry("session.load_model_format", "ONNX")
        available = runtime.get_available_providers()
        wanted = _candidates(provider, available)
        failures: List[str] = []
        for name in wanted:
            try:
                self._session = runtime.InferenceSession(model, options, providers=_with_fallback(name, available))
            except Exception as error:  # onnxruntime's own exceptions share no public base
                failures.append(f"{name}: {_first_line(error)}")
                continue
            if self._session.get_providers()[0] == PROVIDERS[name]:
                self.provider = name
                break
            failures.append(f"{name}: onnxruntime fell back to {self._session.get_providers()[0]}")
        else:
            raise ProviderError(
                f"no session could be created ({'; '.join(failures)})", mend="run oddline doctor to see what works here"
            )
        if failures:
            say(f"running on {self.provider}, since {'; '.join(failures)}")
        self.input_names = [item.name for item in self._session.get_inputs()]

    def run(self, outputs: Sequence[str], inputs: Dict[str, np.ndarray]) -> List[np.ndarray]:
        """The named outputs of one inference.

        Raises:
            ProviderError: the inference failed.
        """
        try:
            results: List[np.ndarray] = self._session.run(list(outputs), inputs)
        except Exception as error:  # onnxruntime's own exceptions share no public base
            raise ProviderError(
                f"an inference on {self.provider} failed ({_first_line(error)})",
                mend="try a smaller --batch-size, or --provider cpu",
            ) from error
        return results


def _candidates(provider: str, available: Sequence[str]) -> List[str]:
    if provider == "auto":
        return [name for name, full in PROVIDERS.items() if full in available]
    if PROVIDERS[provider] not in available:
        raise ProviderError(
            f"this onnxruntime was built without {PROVIDERS[provider]}",
            mend="install an onnxruntime that has it, or use --provider auto",
        )
    return [provider]


def _with_fallback(name: str, available: Sequence[str]) -> List[str]:
    """TensorRT hands what it cannot run to CUDA, and both hand shape arithmetic to the CPU."""
    chain = list(PROVIDERS)
    return [PROVIDERS[item] for item in chain[chain.index(name) :] if PROVIDERS[item] in available]


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0][:300]
