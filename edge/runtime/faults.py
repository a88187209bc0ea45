"""Why a provider does not work, in a few words and with its mend: from messages, and from its shared library."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any, Callable, List, Literal, NamedTuple, Optional, Tuple

from edge.device.needed import missing_in
from edge.errors import ProviderError
from edge.runtime.choices import PROVIDERS

_MOST_CHARACTERS = 300

Kind = Literal["library", "kernel", "driver", "device", "memory", "profile", "other"]
"""A shared library that is missing; code that was made for other GPUs; a driver that is too old; no GPU to be used; too
little memory; shapes that TensorRT must be given (see `edge.runtime.opening`); all the rest."""

# As onnxruntime, its arena, the CUDA runtime, cuBLAS, cuDNN and TensorRT word it, in small letters; the first counts.
_WORDS: Tuple[Tuple[Kind, Tuple[str, ...]], ...] = (
    (
        "memory",
        (
            "failed to allocate memory",
            "out of memory",
            "available memory of",
            "cudaerrormemoryallocation",
            "cublas_status_alloc_failed",
            "cudnn_status_alloc_failed",
            "std::bad_alloc",
            "outofmemory",
        ),
    ),
    (
        "kernel",
        (
            "no kernel image",
            "nokernelimagefordevice",
            "cublas_status_arch_mismatch",
            "cudnn_status_arch_mismatch",
        ),
    ),
    (
        "driver",
        (
            "driver version is insufficient",
            "cudaerrorinsufficientdriver",
            "forward compatibility",
            "unsupported display driver",
        ),
    ),
    ("device", ("no cuda-capable device", "cudaerrornodevice", "cuda_error_no_device")),
    ("profile", ("provide all the dynamic shape inputs",)),
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
_DEVICE_MEND = (
    "see that the GPU can be used here: CUDA_VISIBLE_DEVICES, the container's options, the user's groups; "
    "or use --provider cpu"
)
_MEMORY_MEND = "free memory of the GPU, which other programs may hold, or use --provider cpu"
_USUAL_MEND = "run oddline doctor to see what works here"


class Fault(NamedTuple):
    """One thing that is wrong: its kind, what it comes down to, its mend, and the message that told it."""

    kind: Kind
    why: str
    mend: str
    said: str

    def error(self, what: Optional[str] = None) -> ProviderError:
        """It as an error, which says `what`, or why."""
        return ProviderError(what or self.why, mend=self.mend, kind=self.kind, said=self.said)


def first_line(message: object) -> str:
    """The beginning of a message that may go over many lines."""
    return str(message).strip().split("\n", 1)[0].rstrip()[:_MOST_CHARACTERS]


def kind_of(message: str) -> Kind:
    """The kind of fault that a message tells of."""
    if missing_in(message):
        return "library"
    text = message.lower()
    return next((kind for kind, known in _WORDS if any(words in text for words in known)), "other")


def is_memory(error: BaseException) -> bool:
    """Whether an inference failed because the device has too little memory for it."""
    return kind_of(str(error)) == "memory"


def fault_of(message: str) -> Fault:
    """What a message of onnxruntime's comes down to."""
    kind = kind_of(message)
    line = first_line(message)
    if kind == "library":
        return Fault(kind, f"{missing_in(message)[0].name} is missing", _LIBRARIES_MEND, message)
    if kind == "kernel":
        whose = "cuBLAS or cuDNN here" if "arch_mismatch" in message.lower() else "this onnxruntime"
        return Fault(kind, f"{whose} has no code for this GPU's compute capability", _KERNEL_MEND, message)
    if kind == "driver":
        why = "the NVIDIA driver is older than the CUDA that this onnxruntime was built for"
        return Fault(kind, why, _DRIVER_MEND, message)
    if kind == "device":
        return Fault(kind, line, _DEVICE_MEND, message)
    if kind == "memory":
        return Fault(kind, line, _MEMORY_MEND, message)
    return Fault(kind, line, _LIBRARIES_MEND if "cannot be loaded (" in message else _USUAL_MEND, message)


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
        return message if missing_in(message) else f"{library.name} cannot be loaded ({first_line(message)})"
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
    why = f"onnxruntime fell back to {used[0] if used else 'nothing'} and not {PROVIDERS[name]}"
    return Fault("other", why, _USUAL_MEND, printed)
