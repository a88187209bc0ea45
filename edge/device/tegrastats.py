"""One line of `tegrastats`, in both of its formats.

Sources: the appendix "tegrastats Utility" of NVIDIA's Jetson Linux Developer Guide, R32 and R35, and recorded lines of
both (tests/edge/device/recorded_tegrastats.py). What differs: older releases have rails like ``GPU 0/16``, in mW,
newer ones ``VDD_GPU_SOC 2360mW/2360mW``; zones are ``AO@39C`` on Xavier, ``cpu@39.5C`` on Orin; a date may stand
before the line; the GPU's clock may be missing, be a number, or one for each cluster (``GR3D_FREQ 12%@[1300,1300]``).
"""

from __future__ import annotations

import re
from typing import Dict, List, Optional

import msgspec

from edge.device.command import Run, run_command
from edge.device.thermal import is_temperature

# tegrastats never ends by itself: its first line is taken, and it ends when it writes the next one to nobody.
_COMMAND = ("sh", "-c", "timeout 3 tegrastats --interval 100 | head -n 1")

_MEMORY = re.compile(r"(?<!\S)(RAM|SWAP) (\d{1,9})/(\d{1,9})MB(?!\S)")
_CORES = re.compile(r"(?<!\S)CPU \[([^\]\[]*)\]")
_CORE = re.compile(r"(\d{1,3})%(?:@(\d{1,6}))?")
_ENGINE = re.compile(r"(?<!\S)(EMC|GR3D)_FREQ (?:(\d{1,3})%)?(?:@(?:\[(\d{1,6})[\d,]*\]|(\d{1,6})))?(?!\S)")
_ZONE = re.compile(r"(?<!\S)([A-Za-z][\w-]*)@(-?\d{1,6}(?:\.\d{1,6})?)C(?:/\S*)?(?!\S)")
_RAIL = re.compile(r"(?<!\S)([A-Z][A-Z0-9_]*) (\d{1,7})(mW)?/(\d{1,7})(mW)?(?:/\d{1,7}mW)?(?!\S)")
_MOST_MILLIWATTS = 1_000_000


class Load(msgspec.Struct, frozen=True):
    """`percent` of the clock's time, `hertz` its frequency; None where the line does not say."""

    percent: Optional[int]
    hertz: Optional[int]


class Rail(msgspec.Struct, frozen=True):
    """In mW: now, and on average since tegrastats was started."""

    now: int
    average: int


class Tegrastats(msgspec.Struct, frozen=True):
    """What one line says; memory in bytes, temperatures in °C.

    `cores` has None for a core that is switched off. What the line does not say, or says absurdly (more memory in use
    than there is, 256 °C below zero, a load of 300 %), is None or missing.
    """

    ram_used: Optional[int]
    ram_total: Optional[int]
    swap_used: Optional[int]
    swap_total: Optional[int]
    cores: List[Optional[Load]]
    memory_clock: Optional[Load]
    gpu: Optional[Load]
    temperatures: Dict[str, float]
    rails: Dict[str, Rail]


def read_tegrastats(run: Run = run_command) -> Optional[Tegrastats]:
    """What tegrastats says now; None where it is absent, or says nothing that can be understood."""
    return parse_tegrastats(run(_COMMAND) or "")


def parse_tegrastats(line: str) -> Optional[Tegrastats]:
    """What a line says, whatever parts of it there are; None when nothing of it is understood."""
    memory = {match[1]: (int(match[2]) << 20, int(match[3]) << 20) for match in _MEMORY.finditer(line)}
    memory = {name: (used, total) for name, (used, total) in memory.items() if used <= total}
    ram, swap = memory.get("RAM", (None, None)), memory.get("SWAP", (None, None))
    engines = {match[1]: _load(match[2], match[3] or match[4]) for match in _ENGINE.finditer(line)}
    zones = {match[1]: float(match[2]) for match in _ZONE.finditer(line) if match[1] != "PMIC"}  # no real sensor
    found = Tegrastats(
        ram_used=ram[0],
        ram_total=ram[1],
        swap_used=swap[0],
        swap_total=swap[1],
        cores=_cores(line),
        memory_clock=engines.get("EMC"),
        gpu=engines.get("GR3D"),
        temperatures={name: value for name, value in zones.items() if is_temperature(value)},
        rails=_rails(line),
    )
    return None if found == _NOTHING else found


_NOTHING = Tegrastats(None, None, None, None, [], None, None, {}, {})


def _cores(line: str) -> List[Optional[Load]]:
    match = _CORES.search(line)
    if match is None:
        return []
    cores: List[Optional[Load]] = []
    for part in match[1].split(","):
        core = _CORE.fullmatch(part.strip())
        cores.append(_load(core[1], core[2]) if core else None)
    return cores


def _load(percent: Optional[str], megahertz: Optional[str]) -> Optional[Load]:
    share = None if percent is None or int(percent) > 100 else int(percent)
    clock = None if megahertz is None else int(megahertz) * 1_000_000
    return None if share is None and clock is None else Load(share, clock)


def _rails(line: str) -> Dict[str, Rail]:
    """Both halves have the unit or neither has; ``RAM 4722/7844MB`` and ``IRAM 0/252kB`` are no rails."""
    found = {}
    for match in _RAIL.finditer(line):
        now, average = int(match[2]), int(match[4])
        if match[3] == match[5] and max(now, average) <= _MOST_MILLIWATTS:
            found[match[1]] = Rail(now, average)
    return found
