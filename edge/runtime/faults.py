"""Why a provider does not work, in a few words and with its mend: from messages, and from its shared library."""

from __future__ import annotations

import ctypes
import re
from pathlib import Path
from typing import Any, Callable, List, NamedTuple, Optional

from edge.runtime.choices import PROVIDERS

_LIBRARY = re.compile(r"([\w.+-]+\.so[\w.]*): cannot open shared object file")
_MOST_CHARACTERS = 300
# As onnxruntime's arena, the CUDA runtime, cuBLAS, cuDNN and TensorRT word it.
_NO_MEMORY = (
    "failed to allocate memory",
    "out of memory",
    "available memory of",
    "cudaerrormemoryallocation",
    "cublas_status_alloc_failed",
    "cudnn_status_alloc_failed",
    "std::bad_alloc",
    "outofmemory",
)
_LIBRARIES_MEND = (
    "install the CUDA, cuDNN and TensorRT that this onnxruntime was built for, name their folder in LD_LIBRARY_PATH, "
    "or use --provider cpu"
)
_KERNEL_MEND = (
    "install an onnxruntime that was built for this GPU (on a Jetson: NVIDIA's own wheel for its JetPack), "
    "or use --provider cpu"
)
_DRIVER_MEND = "update the NVIDIA driver, install an onnxruntime for an older CUDA, or use --provider cpu"
_USUAL_MEND = "run oddline doctor to see what works here"


class Fault(NamedTuple):
    """One thing that is wrong, and its mend."""

    why: str
    mend: str


def first_line(message: object) -> str:
    """The beginning of a message that may go over many lines."""
    return str(message).strip().split("\n", 1)[0].rstrip()[:_MOST_CHARACTERS]


def is_memory(error: BaseException) -> bool:
    """Whether an inference failed because the device has too little memory for it."""
    message = str(error).lower()
    return any(words in message for words in _NO_MEMORY)


def fault_of(message: str) -> Fault:
    """What a message of onnxruntime's comes down to."""
    missing = _LIBRARY.search(message)
    if missing:
        return Fault(f"{missing.group(1)} is missing", _LIBRARIES_MEND)
    if "no kernel image" in message:
        return Fault("this onnxruntime has no code for this GPU's compute capability", _KERNEL_MEND)
    if "driver version is insufficient" in message:
        return Fault("the NVIDIA driver is older than the CUDA that this onnxruntime was built for", _DRIVER_MEND)
    if "cannot be loaded (" in message:
        return Fault(first_line(message), _LIBRARIES_MEND)
    return Fault(first_line(message), _USUAL_MEND)


def load_fault(runtime: Any, name: str, load: Callable[[str], object] = ctypes.CDLL) -> Optional[str]:
    """Why the shared library of a provider does not load, in the loader's words; None when it does, or is not there.

    onnxruntime writes this to stderr at most, and quietly takes another provider. To be called only after it has tried
    to create a session: the libraries of its providers call back into it while they load, and crash before that.
    """
    folder = Path(str(runtime.__file__)).parent / "capi"
    library = folder / f"libonnxruntime_providers_{name}.so"
    if name == "cpu" or not library.is_file():
        return None
    try:
        load(str(library))
    except OSError as error:
        message = str(error)
        return message if _LIBRARY.search(message) else f"{library.name} cannot be loaded ({first_line(message)})"
    return None


def not_used(runtime: Any, name: str, used: List[str], printed: str) -> Fault:
    """Why a session is there and not on the provider `name`, but on those that are `used`.

    `printed` is what onnxruntime's Python side wrote meanwhile.
    """
    why = load_fault(runtime, name)
    if why is not None:
        return fault_of(why)
    told = [line for line in printed.splitlines() if line.startswith("EP Error") and len(line) > len("EP Error ")]
    if told:
        return fault_of(told[0][len("EP Error ") :].split(" when using ", 1)[0])
    return Fault(f"onnxruntime fell back to {used[0] if used else 'nothing'} and not {PROVIDERS[name]}", _USUAL_MEND)
