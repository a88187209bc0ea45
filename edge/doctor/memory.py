"""Memory: of the machine, and of this process. Source: proc(5)."""

from __future__ import annotations

from typing import Optional

import msgspec

from edge.device.files import HERE, Read
from edge.device.meminfo import parse_kibibytes


class Memory(msgspec.Struct, frozen=True):
    """In bytes; None where the system does not say. `resident` is what this process holds in memory."""

    total: Optional[int]
    available: Optional[int]
    resident: Optional[int]


def read_memory(read: Read = HERE.read) -> Memory:
    """The memory as /proc states it at this moment."""
    machine = read("/proc/meminfo") or ""
    return Memory(
        total=parse_kibibytes(machine, "MemTotal"),
        available=parse_kibibytes(machine, "MemAvailable"),
        resident=parse_kibibytes(read("/proc/self/status") or "", "VmRSS"),
    )


def mebibytes(count: Optional[int]) -> str:
    """A number of bytes for people."""
    return "unknown" if count is None else f"{count / (1 << 20):,.0f} MiB"
