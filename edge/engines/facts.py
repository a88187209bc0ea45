"""What of this machine an engine depends on."""

from __future__ import annotations

import sysconfig
from typing import List, NamedTuple, Optional, Sequence

from edge.device.files import HERE
from edge.device.gpu import Gpu, read_gpus
from edge.device.libraries import Library, find_libraries, package_folders
from edge.device.visible import gpu_at


class Facts(NamedTuple):
    """The GPU and the libraries; None where unknown."""

    gpu: Optional[str]
    compute_capability: Optional[str]
    tensorrt: Optional[str]
    cuda: Optional[str]

    def unknown(self) -> List[str]:
        """What is not known, in words."""
        names = {"gpu": "the GPU", "compute_capability": "its compute capability", "tensorrt": "TensorRT's version"}
        words = {**names, "cuda": "CUDA's version"}
        return [words[name] for name in self._fields if getattr(self, name) is None]


def facts_of(gpu: Optional[Gpu], libraries: Sequence[Library]) -> Facts:
    """The facts for the GPU, and for the libraries that the loader would take.

    TensorRT's version counts with three numbers only: engines and timings of 10.0 are not those of 10.3.
    """
    tensorrt = _version(libraries, "TensorRT")
    return Facts(
        gpu=None if gpu is None else gpu.name,
        compute_capability=None if gpu is None else gpu.compute_capability,
        tensorrt=None if tensorrt is None or tensorrt.count(".") < 2 else tensorrt,
        cuda=_version(libraries, "CUDA"),
    )


def read_facts(device: int = 0) -> Facts:
    """The facts of this machine, with the GPU that has the number `device` in CUDA."""
    site = sysconfig.get_paths()["purelib"]
    return facts_of(gpu_at(device, read_gpus()), find_libraries(further=package_folders(HERE, site)))


def _version(libraries: Sequence[Library], kind: str) -> Optional[str]:
    return next((found.version for found in libraries if found.kind == kind and found.version is not None), None)
