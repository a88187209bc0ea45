"""What the doctor makes of what it saw: findings, each with its mend.

A *problem* keeps this machine from doing what it was set up for, and makes the command fail; *advice* does not.
"""

from __future__ import annotations

import re
from typing import List, Literal, Optional, Sequence, Tuple

import msgspec

from edge.device.gpu import Gpu
from edge.device.libraries import Library
from edge.device.packages import two_builds
from edge.device.state import DeviceState
from edge.doctor.machine import Machine
from edge.doctor.memory import mebibytes
from edge.doctor.mends import mend_missing
from edge.doctor.providers import ProviderCheck
from edge.doctor.storage import Storage
from edge.doctor.support import Support
from edge.engines.store import needed_bytes

LITTLE_MEMORY = 256 << 20
_LOWEST_RUNTIME = (1, 15)
_MENDS = {
    "driver": "update NVIDIA's driver, or install an onnxruntime-gpu built for an older CUDA",
    "memory": "free memory of the GPU: other programs hold it",
    "device": "see that the GPU can be used here: CUDA_VISIBLE_DEVICES, the container's options, the user's groups",
}
"""By the kind of a provider's fault (see `edge.runtime.faults`)."""
_CPU_MEND = "score with the CPU, as --provider auto does"


class Finding(msgspec.Struct, frozen=True):
    """`what` is wrong, and its `mend`."""

    level: Literal["problem", "advice"]
    what: str
    mend: str


class Seen(msgspec.Struct, frozen=True):
    """All that findings are made of; `elsewhere` are folders with missing libraries, where no loader looks.

    `model_bytes` is the size of the model that the providers were tried with.
    """

    machine: Machine
    gpus: List[Gpu]
    device: DeviceState
    libraries: List[Library]
    storage: Storage
    support: Support
    runtime_error: Optional[str]
    providers: List[ProviderCheck]
    elsewhere: List[str]
    model_bytes: int

    @property
    def jetson(self) -> bool:
        """Whether this is a Jetson, with NVIDIA's Linux."""
        return self.machine.board.l4t is not None

    @property
    def working(self) -> List[str]:
        """The providers that compute."""
        return [check.name for check in self.providers if check.works]


def find_all(seen: Seen) -> List[Finding]:
    """The findings, problems first."""
    found = [*_of_support(seen.support), *_of_packages(seen)]
    if two_builds(seen.machine.packages.get) is None:  # which of the two was tried is then anybody's guess
        found += [*_of_runtime(seen), *_of_providers(seen)]
    found += [*_of_storage(seen), *_of_state(seen)]
    return sorted(found, key=lambda finding: finding.level != "problem")


def _of_support(support: Support) -> List[Finding]:
    if support.supported:
        return []
    return [Finding("problem", f"not supported for {support.target}: {support.why}", support.mend or "")]


def _of_packages(seen: Seen) -> List[Finding]:
    found = []
    both = two_builds(seen.machine.packages.get)
    if both is not None:
        found.append(Finding("problem", both.what, both.mend))
    for package in ("onnxruntime", "onnxruntime-gpu"):
        version = seen.machine.packages.get(package)
        numbers = tuple(map(int, re.findall(r"\d+", version or "")[:2]))
        if numbers and numbers < _LOWEST_RUNTIME:
            what = f"{package} {version} is older than 1.15, the oldest that oddline is tested with"
            found.append(Finding("advice", what, f"install {package} 1.15 or later"))
    return found


def _of_runtime(seen: Seen) -> List[Finding]:
    if seen.runtime_error is not None:
        mend = "install one: pip install 'oddline[cpu]', or NVIDIA's onnxruntime-gpu wheel on a Jetson"
        return [Finding("problem", seen.runtime_error, mend)]
    if not seen.working:
        mend = "install another onnxruntime: pip install 'oddline[cpu]'"
        return [Finding("problem", "no execution provider works on this machine", mend)]
    return []


def _of_providers(seen: Seen) -> List[Finding]:
    failed = [check for check in seen.providers if not check.works]
    accelerated = [check for check in failed if check.name != "cpu"]
    found = [
        Finding("problem", f"the provider cpu does not work: {check.why}", "install onnxruntime again")
        for check in failed
        if check.name == "cpu" and seen.working
    ]
    if accelerated and not seen.gpus:
        names = " and ".join(check.name for check in accelerated)
        what = f"this onnxruntime was built with {names}, but no NVIDIA GPU with a driver is found here"
        mend = f"{_CPU_MEND}; or install the package onnxruntime in place of onnxruntime-gpu"
        return [*found, Finding("advice", what, mend)]
    found += [_of_provider(seen, check) for check in accelerated]
    if seen.gpus and seen.providers and all(check.name == "cpu" for check in seen.providers):
        release = f" for JetPack {seen.machine.board.jetpack}" if seen.machine.board.jetpack else ""
        what = f"this onnxruntime was built without CUDA and TensorRT; {seen.gpus[0].name} stands idle"
        builds = (
            f"NVIDIA's onnxruntime-gpu wheel{release}" if seen.jetson else "onnxruntime-gpu in place of onnxruntime"
        )
        found.append(Finding("advice", what, f"install {builds}, if the CPU is too slow"))
    return found


def _of_provider(seen: Seen, check: ProviderCheck) -> Finding:
    """A provider that fails though a GPU is here.

    TensorRT is part of JetPack. Elsewhere it is an extra, which a build for CUDA lists all the same.
    """
    extra = check.name == "tensorrt" and not seen.jetson and "cuda" in seen.working
    what, mend = _reason(seen, check)
    return Finding("advice" if extra else "problem", f"the provider {check.name} does not work: {what}", mend)


def _reason(seen: Seen, check: ProviderCheck) -> Tuple[str, str]:
    why = check.why or ""
    names = [one.name for one in check.missing]
    if names:
        mend = mend_missing(names, jetson=seen.jetson, found=seen.libraries)
        if seen.elsewhere:
            folders = ":".join(seen.elsewhere)
            mend = f"some lie where the loader does not look: add {folders} to LD_LIBRARY_PATH; else {mend}"
        return f"missing {', '.join(names)}", mend
    if check.kind == "kernel":
        gpu = seen.gpus[0]
        capability = gpu.compute_capability
        told = "" if capability is None else f", whose compute capability is {capability}"
        wheel = "NVIDIA's onnxruntime-gpu wheel for this JetPack" if seen.jetson else "a build of onnxruntime-gpu"
        made = "this GPU" if capability is None else f"sm_{capability.replace('.', '')}"
        return f"it has no code for {gpu.name}{told} ({why})", f"install {wheel} that was made for {made}"
    return why, _MENDS.get(check.kind or "", "install what it asks for, or score with --provider cpu")


def _of_storage(seen: Seen) -> List[Finding]:
    """Only TensorRT needs the folder: without it an engine is built at each start, which takes minutes."""
    storage = seen.storage
    level: Literal["problem", "advice"] = "problem" if "tensorrt" in seen.working else "advice"
    mend = "set ODDLINE_CACHE_DIR to a folder with room that can be written"
    if storage.why_not is not None:
        folder = "the cache folder" if storage.cache is None else f"the cache folder {storage.cache}"
        return [Finding(level, f"nothing can be written to {folder} ({storage.why_not})", mend)]
    needed = needed_bytes(seen.model_bytes)
    if storage.cache_free is not None and storage.cache_free < needed:
        what = f"only {mebibytes(storage.cache_free)} are free where the cache folder {storage.cache} lies"
        return [Finding(level, f"{what}, and an engine may need {mebibytes(needed)}", f"free some, or {mend}")]
    return []


def _of_state(seen: Seen) -> List[Finding]:
    device = seen.device
    found = []
    if device.throttled:
        what = f"the machine is slowed down now: {'; '.join(device.throttled)}"
        found.append(Finding("advice", what, "let it cool down, and check fan, power supply and power mode"))
    mode = device.power_mode
    if mode is not None and mode.name is not None and not mode.name.startswith("MAXN"):
        what = f"the power mode {mode} limits cores and clocks"
        found.append(
            Finding(
                "advice", what, "for speed: sudo nvpmodel -m 0 (MAXN on Xavier; sudo nvpmodel -p --verbose lists all)"
            )
        )
    if device.memory_available is not None and device.memory_available < LITTLE_MEMORY:
        what = f"only {mebibytes(device.memory_available)} of memory are available"
        found.append(Finding("advice", what, "end what is not needed; on a Jetson the GPU takes from the same memory"))
    return found


def count_problems(findings: Sequence[Finding]) -> int:
    """How many of the findings are problems."""
    return sum(finding.level == "problem" for finding in findings)
