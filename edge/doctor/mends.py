"""What mends a provider whose libraries are missing: which package brings a library, here.

Sources: the names of NVIDIA's packages on JetPack 5 (nvidia-jetpack, nvidia-l4t-*), in its repositories for PCs, and of
its Python packages; the CUDA Toolkit's release notes for which major version a library's name belongs to.
"""

from __future__ import annotations

import re
from typing import Dict, List, Optional, Sequence, Tuple

from edge.device.files import Files
from edge.device.libraries import Library

# Stem of a library: what it is part of, and Python's package of it (CUDA's major version behind it, up to 12).
_PARTS: Tuple[Tuple[str, str, Optional[str]], ...] = (
    ("libcublas", "CUDA", "nvidia-cublas"),
    ("libcudart", "CUDA", "nvidia-cuda-runtime"),
    ("libcufft", "CUDA", "nvidia-cufft"),
    ("libcurand", "CUDA", "nvidia-curand"),
    ("libnvrtc", "CUDA", "nvidia-cuda-nvrtc"),
    ("libcusparse", "CUDA", "nvidia-cusparse"),
    ("libcusolver", "CUDA", "nvidia-cusolver"),
    ("libnvJitLink", "CUDA", "nvidia-nvjitlink"),
    ("libcudnn", "cuDNN", "nvidia-cudnn"),
    ("libnvinfer", "TensorRT", "tensorrt"),
    ("libnvonnxparser", "TensorRT", "tensorrt"),
    ("libcuda", "the driver", None),
    ("libnvidia", "the driver", None),
    ("libnvdla", "L4T", None),
    ("libnvrm", "L4T", None),
    ("libnvos", "L4T", None),
)
# Libraries whose own major version is the toolkit's.
_AS_TOOLKIT = ("libcublas", "libcudart", "libcusparse", "libnvrtc")


def part_of(library: str) -> Optional[str]:
    """What a library is part of (``CUDA``, ``cuDNN``, ``TensorRT``, ``the driver``, ``L4T``), None when unknown."""
    return next((part for stem, part, _ in _PARTS if library.startswith(stem)), None)


def wanted_major(libraries: Sequence[str], part: str) -> Optional[int]:
    """The major version of CUDA, cuDNN or TensorRT that the names ask for (11 of ``libcublasLt.so.11``)."""
    for name in libraries:
        match = re.search(r"\.so\.(\d+)", name)
        if match and part_of(name) == part and (part != "CUDA" or name.startswith(_AS_TOOLKIT)):
            return int(match[1])
    return None


def mend_missing(missing: Sequence[str], *, jetson: bool, found: Sequence[Library]) -> str:
    """The mend for missing libraries: another build of onnxruntime where versions differ, else what brings them."""
    clash = _clash(missing, found)
    if clash is not None:
        part, wanted, here = clash
        told = f"it was built for {part} {wanted}, and {part} {here} is here"
        if jetson:
            return f"{told}: install NVIDIA's onnxruntime-gpu wheel for this JetPack"
        return f"{told}: install an onnxruntime-gpu built for {part} {here}, or {part} {wanted}"
    parts = list(dict.fromkeys(part_of(name) for name in missing))
    if jetson:
        if set(parts) <= {"the driver", "L4T"}:
            return "sudo apt install --reinstall nvidia-l4t-core nvidia-l4t-cuda nvidia-l4t-dla-compiler"
        return "sudo apt install nvidia-jetpack"
    mends = []
    if "the driver" in parts:
        mends.append("install NVIDIA's driver")
    packages = _packages(missing)
    if packages:
        mends.append(
            f"install them from NVIDIA's repository, or pip install {' '.join(packages)} and add their folders to "
            "LD_LIBRARY_PATH"
        )
    return "; ".join(mends) or f"install the package that brings {missing[0]}"


def lying_elsewhere(files: Files, folders: Sequence[str], missing: Sequence[str]) -> List[str]:
    """Those of the folders that hold one of the missing libraries, though the loader does not look there."""
    return [folder for folder in folders if set(files.names(folder)) & set(missing)]


def _clash(missing: Sequence[str], found: Sequence[Library]) -> Optional[Tuple[str, int, str]]:
    """The first part that is here in other major versions only: its name, the wanted major, the version here."""
    for part in ("CUDA", "cuDNN", "TensorRT"):
        wanted = wanted_major(missing, part)
        here = [library.version for library in found if library.kind == part and library.version]
        if wanted is not None and here and all(version.split(".")[0] != str(wanted) for version in here):
            return part, wanted, here[0]
    return None


def _packages(missing: Sequence[str]) -> List[str]:
    toolkit = wanted_major(missing, "CUDA")
    suffix = "" if toolkit is None or toolkit > 12 else f"-cu{toolkit}"
    names: Dict[str, None] = {}
    for library in missing:
        package = next((package for stem, _, package in _PARTS if library.startswith(stem)), None)
        if package is None:
            continue
        major = re.search(r"\.so\.(\d+)", library)
        if package == "tensorrt" and major:
            names[f"'tensorrt=={major[1]}.*'"] = None
        elif package == "nvidia-cudnn" and major:
            names[f"'nvidia-cudnn-cu{toolkit or 12}=={major[1]}.*'"] = None
        else:
            names[package + suffix] = None
    return list(names)
