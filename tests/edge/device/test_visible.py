"""Which GPU a number means."""

from __future__ import annotations

from typing import Dict, Optional, Sequence

import pytest

from edge.device.gpu import Gpu
from edge.device.visible import gpu_at

SMALL, LARGE = Gpu("NVIDIA A2", "8.6", "570.1", 1 << 34), Gpu("NVIDIA H200", "9.0", "570.1", 1 << 37)
MIXED = [SMALL, LARGE]
XAVIER = Gpu("Xavier", "7.2", None, None)
# As `nvidia-smi --query-gpu=uuid --format=csv,noheader` prints it.
UUIDS = "GPU-1d2c3b4a-0000-1111-2222-333344445555\nGPU-1d9c3b4a-0000-1111-2222-333344445555\n"


def smi(command: Sequence[str]) -> Optional[str]:
    return UUIDS if command[:2] == ["nvidia-smi", "--query-gpu=uuid"] else None


def at(number: int, visible: Optional[str], order: str = "PCI_BUS_ID") -> Optional[str]:
    environment: Dict[str, str] = {"CUDA_DEVICE_ORDER": order}
    if visible is not None:
        environment["CUDA_VISIBLE_DEVICES"] = visible
    found = gpu_at(number, MIXED, smi, environment)
    return None if found is None else found.name


@pytest.mark.parametrize(
    ("visible", "first", "second"),
    [
        (None, SMALL, LARGE),
        ("0,1", SMALL, LARGE),
        ("1", LARGE, None),
        ("1, 0", LARGE, SMALL),
        ("GPU-1d9", LARGE, None),
        ("GPU-1d9c3b4a-0000-1111-2222-333344445555,0", LARGE, SMALL),
        ("GPU-1d", None, None),
        ("GPU-ffff", None, None),
        ("MIG-1d2c3b4a", None, None),
        ("", None, None),
        ("-1", None, None),
        ("0,-1,1", SMALL, None),
        ("7,0", None, None),
    ],
)
def test_what_the_variable_shows(visible: Optional[str], first: Optional[Gpu], second: Optional[Gpu]) -> None:
    assert at(0, visible) == (first and first.name)
    assert at(1, visible) == (second and second.name)


def test_the_fastest_comes_first_and_which_that_is_only_cuda_knows() -> None:
    assert at(0, None, order="FASTEST_FIRST") is None
    assert at(0, "1", order="FASTEST_FIRST") is None
    assert at(0, "GPU-1d9", order="FASTEST_FIRST") == LARGE.name
    assert gpu_at(1, [LARGE, LARGE], smi, {}) == LARGE, "where all are alike it does not matter"


def test_a_single_gpu_is_the_first() -> None:
    assert gpu_at(0, [XAVIER], smi, {}) == XAVIER
    assert gpu_at(0, [XAVIER], smi, {"CUDA_VISIBLE_DEVICES": "0"}) == XAVIER
    assert gpu_at(0, [], smi, {}) is None
    assert gpu_at(0, [XAVIER], lambda command: None, {"CUDA_VISIBLE_DEVICES": "GPU-1d9"}) is None
