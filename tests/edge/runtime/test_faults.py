"""What messages come down to, and what keeps a provider's library from loading."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import List

import pytest

from edge.runtime.faults import fault_of, first_line, is_memory, load_fault, not_used

MISSING = "libcublasLt.so.11: cannot open shared object file: No such file or directory"
# As onnxruntime-gpu 1.16.3 and 1.18.1 print it on a machine without CUDA.
EP_ERROR = (
    "EP Error /onnxruntime_src/onnxruntime/core/session/provider_bridge_ort.cc:1193 onnxruntime::Provider& "
    "onnxruntime::ProviderLibrary::Get() [ONNXRuntimeError] : 1 : FAIL : Failed to load library "
    "libonnxruntime_providers_tensorrt.so with error: libcudnn.so.8: cannot open shared object file: No such file or "
    "directory\n when using ['TensorrtExecutionProvider', 'CPUExecutionProvider']\n"
    "Falling back to ['CUDAExecutionProvider', 'CPUExecutionProvider'] and retrying.\n"
)


def runtime_with(folder: Path, *libraries: str) -> SimpleNamespace:
    capi = folder / "capi"
    capi.mkdir()
    for name in libraries:
        (capi / f"libonnxruntime_providers_{name}.so").write_bytes(b"no library at all")
    return SimpleNamespace(__file__=str(folder / "__init__.py"))


@pytest.mark.parametrize(
    ("message", "why", "mend"),
    [
        (MISSING, "libcublasLt.so.11 is missing", "LD_LIBRARY_PATH"),
        (EP_ERROR, "libcudnn.so.8 is missing", "LD_LIBRARY_PATH"),
        (
            "CUDA error cudaErrorNoKernelImageForDevice:no kernel image is available for execution on the device",
            "this onnxruntime has no code for this GPU's compute capability",
            "built for this GPU",
        ),
        (
            "CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version ; GPU=0",
            "the NVIDIA driver is older than the CUDA that this onnxruntime was built for",
            "update the NVIDIA driver",
        ),
        (
            "CUBLAS failure 8: CUBLAS_STATUS_ARCH_MISMATCH ; GPU=0 ; hostname=xavier ; expr=cublasGemmEx",
            "cuBLAS or cuDNN here has no code for this GPU's compute capability",
            "built for this GPU",
        ),
        (
            "CUDA failure 100: no CUDA-capable device is detected\ntrace",
            "CUDA failure 100: no CUDA-capable device is detected",
            "CUDA_VISIBLE_DEVICES",
        ),
        ("something else\nwith a trace", "something else", "run oddline doctor"),
        ("", "", "run oddline doctor"),
    ],
)
def test_a_message_and_its_mend(message: str, why: str, mend: str) -> None:
    fault = fault_of(message)
    assert fault.why == why
    assert mend in fault.mend


def test_the_library_that_is_missing_is_named(tmp_path: Path) -> None:
    runtime = runtime_with(tmp_path, "cuda")
    asked: List[str] = []

    def load(path: str) -> object:
        asked.append(path)
        raise OSError(MISSING)

    assert load_fault(runtime, "cuda", load) == MISSING
    assert asked == [str(tmp_path / "capi" / "libonnxruntime_providers_cuda.so")]


def test_a_library_that_loads_is_no_fault_nor_is_one_that_is_not_there(tmp_path: Path) -> None:
    runtime = runtime_with(tmp_path, "cuda", "cpu")
    assert load_fault(runtime, "cuda", lambda path: object()) is None
    assert load_fault(runtime, "tensorrt") is None, "this build has none"
    assert load_fault(runtime, "cpu") is None, "it is part of onnxruntime itself"


def test_a_damaged_library_is_named(tmp_path: Path) -> None:
    """The real loader on a file that is no library."""
    runtime = runtime_with(tmp_path, "cuda")
    fault = not_used(runtime, "cuda", ["CPUExecutionProvider"], "")
    assert fault.why.startswith("libonnxruntime_providers_cuda.so cannot be loaded (")
    assert "LD_LIBRARY_PATH" in fault.mend


def test_what_onnxruntime_printed_counts_when_the_library_loads(tmp_path: Path) -> None:
    runtime = runtime_with(tmp_path)
    fault = not_used(runtime, "tensorrt", ["CPUExecutionProvider"], "*** EP Error ***\n" + EP_ERROR)
    assert fault.why == "libcudnn.so.8 is missing"
    silent = not_used(runtime, "cuda", ["CPUExecutionProvider"], "*************** EP Error ***************\n")
    assert silent.why == "onnxruntime fell back to CPUExecutionProvider and not CUDAExecutionProvider"


@pytest.mark.parametrize(
    "message",
    [
        "[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : Failed to allocate memory for requested buffer of size 4096",
        "BFCArena::AllocateRawInternal Available memory of 1024 is smaller than requested bytes of 4096",
        "CUDA failure 2: out of memory ; GPU=0 ; hostname=xavier",
        "CUDA error cudaErrorMemoryAllocation:out of memory",
        "CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED ; GPU=0",
        "CUDNN failure 2: CUDNN_STATUS_ALLOC_FAILED ; GPU=0",
        "std::bad_alloc",
    ],
)
def test_too_little_memory(message: str) -> None:
    assert is_memory(RuntimeError(message))


@pytest.mark.parametrize("message", ["CUDA failure 719: unspecified launch failure", "CUDA failure 999: unknown error"])
def test_a_lost_gpu_is_not_too_little_memory(message: str) -> None:
    assert not is_memory(RuntimeError(message))


def test_the_first_line_of_a_long_message() -> None:
    assert first_line("\n one \ntwo") == "one"
    assert len(first_line("x" * 1000)) == 300
