"""What of a machine an engine depends on."""

from __future__ import annotations

import pytest

from edge.device.gpu import Gpu
from edge.device.libraries import Library
from edge.engines import facts
from edge.engines.facts import Facts, facts_of, read_facts

GPUS = [Gpu("NVIDIA A2", "8.6", "570.1", 1 << 34), Gpu("NVIDIA H200", "9.0", "570.1", 1 << 37)]
LIBRARIES = [
    Library("CUDA", "11.4.19", "/usr/local/cuda-11.4/lib64/libcudart.so", True),
    Library("CUDA", "12.2", "/usr/local/cuda-12.2/lib64/libcudart.so", False),
    Library("cuDNN", "8.6.0", "/usr/lib/libcudnn.so.8.6.0", True),
    Library("TensorRT", None, "/opt/libnvinfer.so", True),
    Library("TensorRT", "8.5.2", "/usr/lib/libnvinfer.so.8.5.2", True),
]


def test_the_gpu_and_what_the_loader_takes() -> None:
    assert facts_of(GPUS[0], LIBRARIES) == Facts("NVIDIA A2", "8.6", "8.5.2", "11.4.19")
    assert facts_of(GPUS[0], LIBRARIES).unknown() == []


def test_what_is_unknown_is_told_in_words() -> None:
    assert facts_of(None, []).unknown() == [
        "the GPU",
        "its compute capability",
        "TensorRT's version",
        "CUDA's version",
    ]


@pytest.mark.parametrize("version", ["10", "10.3"])
def test_a_tensorrt_of_which_only_the_beginning_is_known_is_unknown(version: str) -> None:
    libraries = [*LIBRARIES[:3], Library("TensorRT", version, f"/site/tensorrt_libs/libnvinfer.so.{version}", True)]
    assert facts_of(GPUS[0], libraries).unknown() == ["TensorRT's version"]


def test_the_gpu_is_the_one_that_cuda_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "read_gpus", lambda: GPUS)
    monkeypatch.setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert read_facts()[:2] == ("NVIDIA H200", "9.0")
    assert read_facts(1).gpu is None
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert read_facts()[:2] == ("NVIDIA A2", "8.6")
    assert read_facts(1)[:2] == ("NVIDIA H200", "9.0")


def test_this_machine_can_be_asked() -> None:
    assert len(read_facts()) == 4
