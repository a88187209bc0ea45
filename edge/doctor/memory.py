"""Memory: of the machine, and of this process. Source: proc(5)."""

from __future__ import annotations

import re
from typing import Optional

import msgspec

from edge.doctor.reading import Read, read_text


class Memory(msgspec.Struct, frozen=True):
    """In bytes; None where the system does not say. `resident` is what this process holds in memory."""

    total: Optional[int]
    available: Optional[int]
    resident: Optional[int]


def read_memory(read: Read = read_text) -> Memory:
    """The memory as /proc states it at this moment."""
    machine = read("/proc/meminfo") or ""
    return Memory(
        total=parse_kibibytes(machine, "MemTotal"),
        available=parse_kibibytes(machine, "MemAvailable"),
        resident=parse_kibibytes(read("/proc/self/status") or "", "VmRSS"),
    )


def parse_kibibytes(text: str, name: str) -> Optional[int]:
    """The bytes that a line like ``MemTotal:  16384 kB`` states, None when there is no such line."""
    match = re.search(rf"^{re.escape(name)}:\s+(\d+) kB\s*$", text, re.MULTILINE)
    return int(match[1]) * 1024 if match else None
