"""Numbers of memory as the kernel states them. Source: proc(5)."""

from __future__ import annotations

import re
from typing import Optional


def parse_kibibytes(text: str, name: str) -> Optional[int]:
    """The bytes that a line like ``MemTotal:  16384 kB`` states, None when there is no such line."""
    match = re.search(rf"^{re.escape(name)}:\s+(\d+) kB\s*$", text, re.MULTILINE)
    return int(match[1]) * 1024 if match else None
