"""What of a machine an engine depends on."""

from __future__ import annotations

from edge.device.gpu import Gpu
from edge.device.libraries import Library
from edge.engines.facts import Facts, facts_of, read_facts

GPUS = [Gpu("Xavier", "7.2", None, None), Gpu("NVIDIA H200", "9.0", "570.1", 1 << 37)]
LIBRARIES = [
    Library("CUDA", "11.4.19", "/usr/local/cuda-11.4/lib64/libcudart.so", True),
    Library("CUDA", "12.2", "/usr/local/cuda-12.2/lib64/libcudart.so", False),
    Library("cuDNN", "8.6.0", "/usr/lib/libcudnn.so.8.6.0", True),
    Library("TensorRT", None, "/opt/libnvinfer.so", True),
    Library("TensorRT", "8.5.2", "/usr/lib/libnvinfer.so.8.5.2", True),
]


def test_the_gpu_and_what_the_loader_takes() -> None:
    assert facts_of(GPUS, LIBRARIES, 0) == Facts("Xavier", "7.2", "8.5.2", "11.4.19")
    assert facts_of(GPUS, LIBRARIES, 1)[:2] == ("NVIDIA H200", "9.0")
    assert facts_of(GPUS, LIBRARIES, 0).unknown() == []


def test_what_is_unknown_is_told_in_words() -> None:
    assert facts_of([], [], 0).unknown() == [
        "the GPU",
        "its compute capability",
        "TensorRT's version",
        "CUDA's version",
    ]
    assert facts_of(GPUS, [], 2).gpu is None


def test_this_machine_can_be_asked() -> None:
    assert len(read_facts()) == 4
