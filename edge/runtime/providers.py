"""Execution providers: their names, their order, and onnxruntime itself."""

from __future__ import annotations

import os
from typing import Any, Dict, List, Sequence, Tuple, Union

from edge.device.packages import Lookup, installed_version, two_builds
from edge.errors import ProviderError
from edge.runtime.choices import PROVIDER_CHOICES, PROVIDERS

# Convolutions are chosen by rule: a search times all of them for each new shape, takes memory for it, and may choose
# otherwise the next time, with other last digits. Memory is taken as it is needed, not doubled: a Jetson's GPU shares
# it with all the rest.
_CUDA_OPTIONS: Dict[str, str] = {
    "cudnn_conv_algo_search": "HEURISTIC",
    "arena_extend_strategy": "kSameAsRequested",
}

ProviderOptions = Union[str, Tuple[str, Dict[str, str]]]


def import_onnxruntime() -> Any:
    """The onnxruntime module, with its telemetry off.

    Some of its builds (1.32 for one) gather usage events and look up a host of Microsoft's; a device that scores logs
    opens no connection. The variable must be set before the library is loaded.

    From Ampere on, NVIDIA's libraries multiply float32 with 10 bits of mantissa unless they are told not to, and no
    score would be within a bundle's tolerance; who sets the variable otherwise keeps that.

    Raises:
        ProviderError: it is not installed, or does not load on this machine.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    os.environ.setdefault("NVIDIA_TF32_OVERRIDE", "0")
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


def refuse_two_builds(lookup: Lookup = installed_version) -> None:
    """Refuse to go on with two builds of onnxruntime, see `two_builds`.

    Raises:
        ProviderError: two are installed.
    """
    found = two_builds(lookup)
    if found is not None:
        raise ProviderError(found.what, mend=found.mend)


def candidates(provider: str, available: Sequence[str]) -> List[str]:
    """The providers to try for what was asked, the best first; `available` are those of this build of onnxruntime.

    Raises:
        ProviderError: the provider is unknown, or not in this build.
    """
    if provider not in PROVIDER_CHOICES:
        raise ProviderError(f"provider {provider!r} is unknown", mend=f"choose one of {', '.join(PROVIDER_CHOICES)}")
    if provider == "auto":
        return [name for name, full in PROVIDERS.items() if full in available]
    if PROVIDERS[provider] not in available:
        raise ProviderError(
            f"this onnxruntime was built without {PROVIDERS[provider]}",
            mend="install an onnxruntime that has it, or use --provider auto",
        )
    return [provider]


def chain_of(name: str, available: Sequence[str], options: Dict[str, str]) -> List[ProviderOptions]:
    """What onnxruntime is given for a provider, whose `options` these are.

    TensorRT hands what it cannot run to CUDA, and both hand shape arithmetic to the CPU.
    """
    names = list(PROVIDERS)
    chain: List[ProviderOptions] = []
    for item in names[names.index(name) :]:
        wanted = _CUDA_OPTIONS if item == "cuda" else options if item == name else {}
        if PROVIDERS[item] in available:
            chain.append((PROVIDERS[item], dict(wanted)) if wanted else PROVIDERS[item])
    return chain
