from __future__ import annotations

from pathlib import Path
from typing import List, Optional

import pytest

from edge.device.files import Files
from edge.device.libraries import Library
from edge.doctor.mends import lying_elsewhere, mend_missing, part_of, wanted_major

JETPACK_5 = [
    Library("CUDA", "11.4.19", "/c", True),
    Library("cuDNN", "8.6.0", "/d", True),
    Library("TensorRT", "8.5.2", "/t", True),
]
L4T = "sudo apt install --reinstall nvidia-l4t-core nvidia-l4t-cuda nvidia-l4t-dla-compiler"


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("libcublasLt.so.11", "CUDA"),
        ("libcudart.so.11.0", "CUDA"),
        ("libcudnn.so.8", "cuDNN"),
        ("libnvinfer.so.8", "TensorRT"),
        ("libnvinfer_plugin.so.8", "TensorRT"),
        ("libnvonnxparser.so.8", "TensorRT"),
        ("libcuda.so.1", "the driver"),
        ("libnvdla_compiler.so", "L4T"),
        ("libfoo.so.1", None),
    ],
)
def test_what_a_library_is_part_of(name: str, part: Optional[str]) -> None:
    assert part_of(name) == part


def test_which_version_is_wanted() -> None:
    assert wanted_major(["libcurand.so.10", "libcublasLt.so.12"], "CUDA") == 12, "curand counts for itself"
    assert wanted_major(["libcurand.so.10"], "CUDA") is None
    assert wanted_major(["libcudnn.so.9"], "cuDNN") == 9
    assert wanted_major(["libnvinfer.so"], "TensorRT") is None


@pytest.mark.parametrize(
    ("missing", "jetson", "found", "mend"),
    [
        (["libcublasLt.so.11"], True, [], "sudo apt install nvidia-jetpack"),
        (["libnvinfer.so.8"], True, JETPACK_5[:2], "sudo apt install nvidia-jetpack"),
        (["libnvdla_compiler.so"], True, JETPACK_5, L4T),
        (["libcublasLt.so.12", "libcudnn.so.8"], True, JETPACK_5,
         "it was built for CUDA 12, and CUDA 11.4.19 is here: install NVIDIA's onnxruntime-gpu wheel for this JetPack"),
        (["libcudnn.so.9"], False, JETPACK_5,
         "it was built for cuDNN 9, and cuDNN 8.6.0 is here: install an onnxruntime-gpu built for cuDNN 8.6.0, or "
         "cuDNN 9"),
        (["libcublasLt.so.11", "libcublas.so.11"], False, [],
         "install them from NVIDIA's repository, or pip install nvidia-cublas-cu11 and add their folders to "
         "LD_LIBRARY_PATH"),
        (["libcublasLt.so.12", "libcufft.so.11", "libcudnn.so.9", "libcuda.so.1"], False, [],
         "install NVIDIA's driver; install them from NVIDIA's repository, or pip install nvidia-cublas-cu12 "
         "nvidia-cufft-cu12 'nvidia-cudnn-cu12==9.*' and add their folders to LD_LIBRARY_PATH"),
        (["libcublasLt.so.13", "libnvinfer.so.10"], False, [],
         "install them from NVIDIA's repository, or pip install nvidia-cublas 'tensorrt==10.*' and add their folders "
         "to LD_LIBRARY_PATH"),
        (["libfoo.so.1"], False, [], "install the package that brings libfoo.so.1"),
    ],
)  # fmt: skip
def test_mends(missing: List[str], jetson: bool, found: List[Library], mend: str) -> None:
    assert mend_missing(missing, jetson=jetson, found=found) == mend


def test_a_missing_library_that_lies_where_nobody_looks(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "libcudnn.so.9").write_bytes(b"")
    assert lying_elsewhere(Files(str(tmp_path)), ["/a", "/b"], ["libcudnn.so.9"]) == ["/a"]
    assert lying_elsewhere(Files(str(tmp_path)), ["/a", "/b"], []) == []
