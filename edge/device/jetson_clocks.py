"""What `jetson_clocks --show` says: the clocks of CPU, GPU and memory, and whether they are held at their maximum.

Source: its output on L4T R32 to R36. CPU frequencies are in kHz there, those of GPU and memory (EMC) in Hz; here all
are in Hz.
"""

from __future__ import annotations

import re
from typing import Dict, Optional

import msgspec

_CPU = re.compile(r"^cpu(?P<core>\d+):(?P<fields>.*)$", re.MULTILINE)
_ENGINE = re.compile(r"^(?P<name>GPU|EMC)\s(?P<fields>.*)$", re.MULTILINE)
# The tool of L4T R28 has "Gonvernor".
_GOVERNOR = re.compile(r"\bG(?:o|on)vernor=(\S+)")


class Clock(msgspec.Struct, frozen=True):
    """In Hz; None where it is not stated. `online` is False for a core that is switched off."""

    lowest: Optional[int]
    highest: Optional[int]
    current: Optional[int]
    governor: Optional[str] = None
    online: bool = True

    @property
    def held(self) -> Optional[bool]:
        """Whether it cannot move, since its lowest frequency is its highest; None where they are unknown."""
        if self.lowest is None or self.highest is None:
            return None
        return self.lowest == self.highest


def parse_show(text: str) -> Dict[str, Clock]:
    """The clocks by name (``cpu0``, ``gpu``, ``emc``); empty when the text states none."""
    clocks = {f"cpu{int(match['core'])}": _clock(match["fields"], 1000) for match in _CPU.finditer(text)}
    clocks.update({match["name"].lower(): _clock(match["fields"], 1) for match in _ENGINE.finditer(text)})
    return clocks


def all_held(clocks: Dict[str, Clock]) -> Optional[bool]:
    """Whether jetson_clocks is in force: all cores that are online, and the GPU, are held.

    The memory's clock does not count: it is overridden, and its limits stay where they were. None when there is
    nothing to judge by.
    """
    held = [clock.held for name, clock in clocks.items() if name != "emc" and clock.online]
    known = [one for one in held if one is not None]
    return all(known) if known else None


def _clock(fields: str, unit: int) -> Clock:
    online = re.search(r"\bOnline=(\d)", fields)
    governor = _GOVERNOR.search(fields)
    return Clock(
        lowest=_hertz(fields, "MinFreq", unit),
        highest=_hertz(fields, "MaxFreq", unit),
        current=_hertz(fields, "CurrentFreq", unit),
        governor=governor[1] if governor else None,
        online=online is None or online[1] != "0",
    )


def _hertz(fields: str, name: str, unit: int) -> Optional[int]:
    match = re.search(rf"\b{name}=(\d{{1,12}})\b", fields)
    return int(match[1]) * unit if match else None
