"""The CPU: its model, how many cores there are, and how many of them this process may use."""

from __future__ import annotations

import os
import re
from typing import Callable, Optional

import msgspec

from edge.device.files import HERE, Read

# Arm states its parts by number. Source: arch/arm64/include/asm/cputype.h of Linux.
_ARM_PARTS = {
    ("0x41", "0xd03"): "Arm Cortex-A53",
    ("0x41", "0xd05"): "Arm Cortex-A55",
    ("0x41", "0xd07"): "Arm Cortex-A57",
    ("0x41", "0xd08"): "Arm Cortex-A72",
    ("0x41", "0xd0b"): "Arm Cortex-A76",
    ("0x41", "0xd0c"): "Arm Neoverse N1",
    ("0x41", "0xd40"): "Arm Neoverse V1",
    ("0x41", "0xd42"): "Arm Cortex-A78AE",
    ("0x41", "0xd4f"): "Arm Neoverse V2",
    ("0x4e", "0x003"): "NVIDIA Denver 2",
    ("0x4e", "0x004"): "NVIDIA Carmel",
}


class Processor(msgspec.Struct, frozen=True):
    """`cores` are the logical ones of the machine, `usable` those that this process may run on."""

    model: str
    cores: int
    usable: int


def read_processor(
    read: Read = HERE.read,
    count: Callable[[], Optional[int]] = os.cpu_count,
    usable: Callable[[], int] = lambda: len(os.sched_getaffinity(0)),
) -> Processor:
    """The processor of this machine."""
    may_use = usable()
    return Processor(
        model=parse_cpu_model(read("/proc/cpuinfo") or "") or "unknown", cores=count() or may_use, usable=may_use
    )


def parse_cpu_model(text: str) -> Optional[str]:
    """The model of the first core in the text of /proc/cpuinfo, None when it states none.

    On Arm the name of the part is told, since ``model name`` is the same for all of them.
    """
    part = _ARM_PARTS.get((_field(text, "CPU implementer") or "", _field(text, "CPU part") or ""))
    return part or _field(text, "model name") or _field(text, "cpu model") or _field(text, "Hardware")


def _field(text: str, name: str) -> Optional[str]:
    match = re.search(rf"^{re.escape(name)}[ \t]*:[ \t]*(.*?)[ \t]*$", text, re.MULTILINE)
    return match[1] if match and match[1] else None
