"""The power mode: which cores and clocks the board may use.

Sources: what `nvpmodel -q` prints on L4T R28 to R38 (``NV Power Mode: MAXN``, then the mode's number on a line of its
own; R32 puts ``NV Fan Mode:quiet`` before it), and where nvpmodel keeps the mode: /var/lib/nvpmodel/status
(``pmode:0003 fmode:quiet``) and /etc/nvpmodel.conf (``< POWER_MODEL ID=3 NAME=MODE_30W_ALL >``).
"""

from __future__ import annotations

import re
from typing import Optional

import msgspec

from edge.device.command import Run, run_command
from edge.device.files import HERE, Files

_NAME = re.compile(r"^(?:NVPM VERB:\s*)?NV Power Mode:[ \t]*(\S+)[ \t]*$", re.MULTILINE)
_ID = re.compile(r"^[ \t]*(\d{1,3})[ \t]*$", re.MULTILINE)
_STATUS = re.compile(r"\bpmode:(\d{1,4})\b")
_MODEL = re.compile(r"^\s*<\s*POWER_MODEL\s+ID=(\d+)\s+NAME=(\S+?)\s*>", re.MULTILINE)


class PowerMode(msgspec.Struct, frozen=True):
    """`name` is like ``MODE_30W_ALL``, `number` as in ``nvpmodel -m``; one of them may be unknown."""

    name: Optional[str]
    number: Optional[int]

    def __str__(self) -> str:
        name = self.name or "a mode without a known name"
        return name if self.number is None else f"{name} (number {self.number})"


def read_power_mode(files: Files = HERE, run: Run = run_command) -> Optional[PowerMode]:
    """The power mode in force; None on a machine without nvpmodel.

    Where the tool does not answer (it may ask for root), what it last wrote down is taken.
    """
    return parse_query(run(["nvpmodel", "-q"]) or "") or _written_down(files)


def parse_query(text: str) -> Optional[PowerMode]:
    """The mode in the output of ``nvpmodel -q``, None when it states none."""
    name = _NAME.search(text)
    if name is None:
        return None
    number = _ID.search(text, name.end())
    return PowerMode(name[1], int(number[1]) if number else None)


def _written_down(files: Files) -> Optional[PowerMode]:
    status = _STATUS.search(files.read("/var/lib/nvpmodel/status") or "")
    if status is None:
        return None
    number = int(status[1])
    names = {int(match[1]): match[2] for match in _MODEL.finditer(files.read("/etc/nvpmodel.conf") or "")}
    return PowerMode(names.get(number), number)
