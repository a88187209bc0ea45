"""The operating system and the interpreter."""

from __future__ import annotations

import os
import platform
import re
import sys
from typing import Callable, Optional

import msgspec

from edge.device.files import HERE, Read


class System(msgspec.Struct, frozen=True):
    """`glibc` is None on a system with another C library."""

    os: str
    kernel: str
    architecture: str
    glibc: Optional[str]
    python: str


def read_system(read: Read = HERE.read, libc: Callable[[], Optional[str]] = lambda: _libc()) -> System:
    """The system as the kernel, /etc/os-release and the C library describe it."""
    return System(
        os=parse_os_release(read("/etc/os-release") or "") or platform.system(),
        kernel=platform.release(),
        architecture=platform.machine(),
        glibc=parse_glibc(libc()),
        python=f"{platform.python_version()} ({sys.executable})",
    )


def parse_os_release(text: str) -> Optional[str]:
    """The name for people in an os-release file (freedesktop.org's os-release(5)), None when it has none."""
    match = re.search(r"^PRETTY_NAME=(\"?)(.*)\1\s*$", text, re.MULTILINE)
    return match[2] if match and match[2] else None


def parse_glibc(text: Optional[str]) -> Optional[str]:
    """``2.31`` of ``glibc 2.31``, as confstr(3) gives it."""
    match = re.match(r"glibc (\S+)", text or "")
    return match[1] if match else None


def _libc() -> Optional[str]:
    try:
        return os.confstr("CS_GNU_LIBC_VERSION")
    except (ValueError, OSError, AttributeError):  # not a name that this C library or system knows
        return None
