"""NVIDIA's libraries on this machine: CUDA, cuDNN, TensorRT and the driver's own, with versions and places.

A version is read from a file's name (``libcudnn.so.8.6.0``), CUDA's from its version.json (version.txt before 11.1)
where that is beside it. pip's TensorRT has the first number only in its file's name; there the package's own version
counts. Nothing is loaded.

Sources: ldconfig(8); NVIDIA's CUDA Installation Guide for Linux and the packages of JetPack 5 for the folders.
"""

from __future__ import annotations

import os
import re
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

import msgspec

from edge.device.command import Run, run_command
from edge.device.files import HERE, Files
from edge.device.packages import Lookup, installed_version

KINDS: Dict[str, str] = {
    "CUDA": "libcudart.so",
    "cuDNN": "libcudnn.so",
    "TensorRT": "libnvinfer.so",
    "CUDA driver": "libcuda.so",
}
_FOLDERS = (
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu/tegra",
    "/usr/lib/aarch64-linux-gnu/nvidia",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib64",
)
_CACHED = re.compile(r"^\s+(\S+) \([^)]*\) => (\S+)\s*$", re.MULTILINE)


# The folders of pip's TensorRT, below that of Python's packages, and the names of the packages that fill them.
_TENSORRT_FOLDERS = ("tensorrt_libs", "tensorrt")
_TENSORRT_PACKAGES = (
    "tensorrt-cu13-libs",
    "tensorrt-cu12-libs",
    "tensorrt-cu11-libs",
    "tensorrt-libs",
    "tensorrt",
)


class Library(msgspec.Struct, frozen=True):
    """`kind` is a key of `KINDS`; `searched` tells whether the loader looks in its folder by itself."""

    kind: str
    version: Optional[str]
    path: str
    searched: bool


def find_libraries(
    files: Files = HERE,
    run: Run = run_command,
    environment: Mapping[str, str] = os.environ,
    further: Sequence[str] = (),
    lookup: Lookup = installed_version,
) -> List[Library]:
    """The libraries found, one for each kind and version, those first that the loader would take.

    `further` are folders to look in beside the usual ones, such as those of pip's packages (`package_folders`), whose
    versions `lookup` gives.
    """
    site = {folder for folder in further if folder.rsplit("/", 1)[-1] in _TENSORRT_FOLDERS}
    found: Dict[Tuple[str, Optional[str]], Library] = {}
    for folder, searched in _places(files, run, environment, further).items():
        for kind, stem in KINDS.items():
            version = _version_in(files, folder, stem)
            if version is None:
                continue
            path = f"{folder}/{stem}" + (f".{version}" if version else "")
            told = (_toolkit_version(files, folder) if kind == "CUDA" else None) or version or None
            if kind == "CUDA driver" and re.fullmatch(r"1(\.1)?", version):
                told = None  # libcuda.so.1 and a Jetson's libcuda.so.1.1 are names of the interface, not of a driver
            if kind == "TensorRT" and folder in site and told is not None and "." not in told:
                told = _package_version(told, lookup) or told
            found.setdefault((kind, told), Library(kind, told, path, searched))
    order = list(KINDS)
    return sorted(found.values(), key=lambda library: (order.index(library.kind), not library.searched))


def package_folders(files: Files, site: str) -> List[str]:
    """Where pip's packages of NVIDIA keep their libraries, below the folder `site` of Python's packages."""
    found = [f"{site}/nvidia/{name}/lib" for name in files.names(f"{site}/nvidia")]
    return [*found, *(f"{site}/{name}" for name in _TENSORRT_FOLDERS)]


def toolkit_folders(files: Files) -> List[str]:
    """Where the installed CUDA toolkits keep their libraries."""
    names = [name for name in files.names("/usr/local") if re.fullmatch(r"cuda(-[\d.]+)?", name)]
    return [f"/usr/local/{name}/lib64" for name in names]


def _places(files: Files, run: Run, environment: Mapping[str, str], further: Sequence[str]) -> Dict[str, bool]:
    """The folders to look in, in order, and whether the loader searches them."""
    stems = tuple(KINDS.values())
    cached = [match[2] for match in _CACHED.finditer(run(["ldconfig", "-p"]) or "") if match[1].startswith(stems)]
    told = [part for part in environment.get("LD_LIBRARY_PATH", "").split(":") if part.startswith("/")]
    told = [part.rstrip("/") or "/" for part in told]
    places = dict.fromkeys(told, True)
    for path in cached:
        places.setdefault(path.rsplit("/", 1)[0], True)
    for folder in _FOLDERS:
        places.setdefault(folder, True)
    for folder in [*toolkit_folders(files), *further]:
        places.setdefault(folder, False)
    return places


def _version_in(files: Files, folder: str, stem: str) -> Optional[str]:
    """The longest version behind the library's name in a folder, empty without one, None when it is not there."""
    versions = [
        name[len(stem) + 1 :] for name in files.names(folder) if re.fullmatch(re.escape(stem) + r"(\.\d+)*", name)
    ]
    return max(versions, key=len) if versions else None


def _package_version(major: str, lookup: Lookup) -> Optional[str]:
    """The version of pip's TensorRT with this first number, ``10.3.0``; None where its packages do not agree on one."""
    told = {lookup(name) for name in _TENSORRT_PACKAGES}
    found = {version.split(".post")[0] for version in told if version is not None and version.startswith(f"{major}.")}
    return found.pop() if len(found) == 1 else None


def _toolkit_version(files: Files, folder: str) -> Optional[str]:
    """What the toolkit says of itself, two or three folders above its libraries (lib64, targets/ARCHITECTURE/lib)."""
    match = re.match(r"(/usr/local/cuda[^/]*)/", folder + "/")
    if match is None:
        return None
    told = re.search(r'"cuda"\s*:\s*\{[^}]*"version"\s*:\s*"([\d.]+)"', files.read(f"{match[1]}/version.json") or "")
    old = re.search(r"CUDA Version ([\d.]+)", files.read(f"{match[1]}/version.txt") or "")
    return told[1] if told else old[1] if old else None
