"""The NVIDIA GPU: its name, and the compute capability that a build must have been made for.

Sources: the device tree's `compatible` (Devicetree Specification 0.4, 2.3.1) and NVIDIA's list "CUDA GPU Compute
Capability" for what each Jetson has; nvidia-smi's ``--help-query-gpu`` elsewhere (`compute_cap` since driver 510).
"""

from __future__ import annotations

import re
from typing import Dict, List, Optional, Tuple

import msgspec

from edge.device.command import Run, run_command
from edge.device.files import HERE, Files

_COMPATIBLE = "/proc/device-tree/compatible"
# System on a chip: the name that CUDA gives its GPU, and its compute capability.
_TEGRA: Dict[str, Tuple[str, str]] = {
    "tegra210": ("NVIDIA Tegra X1", "5.3"),
    "tegra186": ("NVIDIA Tegra X2", "6.2"),
    "tegra194": ("Xavier", "7.2"),
    "tegra234": ("Orin", "8.7"),
    "tegra264": ("NVIDIA Thor", "11.0"),
}


class Gpu(msgspec.Struct, frozen=True):
    """`compute_capability` like ``7.2``, `memory` in bytes; None where unknown.

    A Jetson's GPU shares the machine's memory, and its driver is the L4T release: both are None there.
    """

    name: str
    compute_capability: Optional[str]
    driver: Optional[str]
    memory: Optional[int]

    def __str__(self) -> str:
        facts = [
            None if self.compute_capability is None else f"compute capability {self.compute_capability}",
            None if self.driver is None else f"driver {self.driver}",
            None if self.memory is None else f"{self.memory / (1 << 20):,.0f} MiB",
        ]
        return ", ".join([self.name, *[fact for fact in facts if fact is not None]])


def read_gpus(files: Files = HERE, run: Run = run_command) -> List[Gpu]:
    """The NVIDIA GPUs of this machine; empty where there is none, or its driver does not answer."""
    parts = re.split(r"[\0,]", files.read(_COMPATIBLE) or "")
    chip = next((part.strip() for part in parts if part.strip() in _TEGRA), None)
    if chip is not None:
        name, capability = _TEGRA[chip]
        return [Gpu(name, capability, None, None)]
    query = "--query-gpu=name,{}driver_version,memory.total"
    layout = "--format=csv,noheader,nounits"
    full = run(["nvidia-smi", query.format("compute_cap,"), layout])
    if full is not None:
        return parse_gpus(full)
    old = run(["nvidia-smi", query.format(""), layout])  # a driver that knows no compute_cap refuses the whole query
    return parse_gpus(old or "", with_capability=False)


def parse_gpus(text: str, *, with_capability: bool = True) -> List[Gpu]:
    """The GPUs in nvidia-smi's rows ``name, compute_cap, driver_version, memory.total``; other lines are left out."""
    found = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split(",")]
        if not with_capability:
            cells.insert(1, "")
        if len(cells) != 4 or not cells[0]:
            continue
        capability = re.fullmatch(r"\d{1,2}\.\d", cells[1])
        driver = re.fullmatch(r"\d+(?:\.\d+)+", cells[2])
        memory = re.fullmatch(r"(\d{1,9})(?: MiB)?", cells[3])
        if not (capability or driver or memory):
            continue  # a message, such as "NVIDIA-SMI has failed because ..."
        found.append(
            Gpu(
                name=cells[0],
                compute_capability=capability[0] if capability else None,
                driver=driver[0] if driver else None,
                memory=int(memory[1]) << 20 if memory else None,
            )
        )
    return found
