"""The state of the machine that the speed of a model depends on, at one moment."""

from __future__ import annotations

from typing import Dict, List, Optional

import msgspec

from edge.device.clocks import read_clocks
from edge.device.command import Run, run_command
from edge.device.files import HERE, Files
from edge.device.graphics_card import read_graphics_card
from edge.device.jetson_clocks import Clock, all_held
from edge.device.meminfo import parse_kibibytes
from edge.device.nvpmodel import PowerMode, read_power_mode
from edge.device.tegrastats import read_tegrastats
from edge.device.thermal import read_over_current_events, read_temperatures, read_throttling


class DeviceState(msgspec.Struct, frozen=True):
    """What is not known is None or missing.

    `clocks` are in Hz, by name (``cpu0``, ``gpu``, ``emc``), None for a core that is switched off. `clocks_locked`
    tells whether jetson_clocks is in force, and is None on a machine that is no Jetson. `temperatures` are in °C by
    zone. `throttled` says in words what slows the machine down now; a CPU below its highest clock is not among it.
    `over_current_events` count since the board started. `governor` is that of the cores, joined with commas where
    they differ; `memory_available` is in bytes.
    """

    power_mode: Optional[PowerMode]
    clocks: Dict[str, Optional[int]]
    clocks_locked: Optional[bool]
    temperatures: Dict[str, float]
    throttled: List[str]
    over_current_events: Dict[str, int]
    governor: Optional[str]
    memory_available: Optional[int]


def read_device_state(files: Files = HERE, run: Run = run_command) -> DeviceState:
    """The state of this machine now; it raises nothing, whatever is missing or absurd."""
    clocks = read_clocks(files, run)
    temperatures = read_temperatures(files)
    throttled = read_throttling(files)
    current = {name: clock.current if clock.online else None for name, clock in clocks.items()}
    board = "gpu" in clocks
    if board:
        # The memory's clock is in files of root's only, but tegrastats tells it.
        told = read_tegrastats(run)
        if told is not None:
            temperatures = temperatures or told.temperatures
            if "emc" not in current and told.memory_clock is not None:
                current["emc"] = told.memory_clock.hertz
    else:
        card = read_graphics_card(run)
        current.update(card.clocks)
        temperatures = {**temperatures, **card.temperatures}
        throttled = [*throttled, *card.throttled]
    return DeviceState(
        power_mode=read_power_mode(files, run),
        clocks=current,
        clocks_locked=all_held(clocks) if board else None,
        temperatures=temperatures,
        throttled=throttled,
        over_current_events=read_over_current_events(files),
        governor=_governor(clocks),
        memory_available=parse_kibibytes(files.read("/proc/meminfo") or "", "MemAvailable"),
    )


def _governor(clocks: Dict[str, Clock]) -> Optional[str]:
    of_cores = [clock.governor for name, clock in clocks.items() if name.startswith("cpu") and clock.online]
    return ", ".join(sorted({governor for governor in of_cores if governor is not None})) or None
