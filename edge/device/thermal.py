"""Temperatures, and what holds the machine back because of heat or current.

Sources: Linux's Documentation/driver-api/thermal/sysfs-api.rst; for boards, NVIDIA's Jetson Linux Developer Guide R35,
"Thermal Management": the zone ``PMIC-Die`` of Xavier has no sensor and always says the same, fans are cooling devices
too, and the ``*-throttle-alert`` devices of Orin say when the hardware throttles. Documentation/hwmon/ina3221.rst for
the alarms of the power monitors; NVIDIA's tegra234-soctherm-oc driver for the counts of over-current.
"""

from __future__ import annotations

import re
from typing import Dict, List

from edge.device.files import HERE, Files

_THERMAL = "/sys/class/thermal"
_HWMON = "/sys/class/hwmon"
# What no sensor of a running machine says; drivers have such values for "unknown" (-256 °C, 0 K).
COLDEST, HOTTEST = -60.0, 200.0
_NO_SENSOR = ("PMIC-Die", "PMIC")
_THROTTLES = re.compile(r"cpufreq|devfreq|cpu-balanced|throttle|processor|powerclamp", re.IGNORECASE)


def read_temperatures(files: Files = HERE) -> Dict[str, float]:
    """The temperature of each zone in °C, by the kernel's name for it; absurd values are left out."""
    found: Dict[str, float] = {}
    for zone in _numbered(files, _THERMAL, "thermal_zone"):
        kind = files.word(f"{zone}/type")
        value = files.number(f"{zone}/temp")
        if kind is None or value is None or kind in _NO_SENSOR or not is_temperature(value / 1000):
            continue
        name = kind if kind not in found else f"{kind} ({zone.rsplit('/', 1)[1]})"
        found[name] = value / 1000
    return found


def is_temperature(degrees: float) -> bool:
    """Whether a sensor may have said so, in °C."""
    return COLDEST <= degrees <= HOTTEST


def read_throttling(files: Files = HERE) -> List[str]:
    """What slows the machine down at this moment, in words; empty when nothing does, or nothing says so.

    A CPU below its highest frequency is no sign of throttling: it is so whenever there is little to do.
    """
    return [*_cooling(files), *_over_trip_points(files), *_over_current(files)]


def read_over_current_events(files: Files = HERE) -> Dict[str, int]:
    """How often each over-current alarm throttled the board since it started (Orin and later; empty elsewhere)."""
    found = {}
    for folder in _numbered(files, _HWMON, "hwmon"):
        if files.word(f"{folder}/name") != "soctherm_oc":
            continue
        for name in files.names(folder):
            count = files.number(f"{folder}/{name}") if re.fullmatch(r"oc\d+_event_cnt", name) else None
            if count is not None:
                found[name.split("_", 1)[0]] = count
    return found


def _cooling(files: Files) -> List[str]:
    found = []
    for device in _numbered(files, _THERMAL, "cooling_device"):
        kind = files.word(f"{device}/type") or ""
        state, highest = files.number(f"{device}/cur_state"), files.number(f"{device}/max_state")
        if state is not None and state > 0 and _THROTTLES.search(kind):
            found.append(f"{kind} at step {state}" + ("" if highest is None else f" of {highest}"))
    return found


def _over_trip_points(files: Files) -> List[str]:
    found = []
    for zone in _numbered(files, _THERMAL, "thermal_zone"):
        kind, value = files.word(f"{zone}/type"), files.number(f"{zone}/temp")
        if kind is None or value is None or kind in _NO_SENSOR or not is_temperature(value / 1000):
            continue
        for name in files.names(zone):
            match = re.fullmatch(r"trip_point_(\d+)_type", name)
            what = files.word(f"{zone}/{name}") if match else None
            if match is None or what not in ("passive", "hot", "critical"):
                continue
            limit = files.number(f"{zone}/trip_point_{match[1]}_temp")
            if limit is not None and limit > 0 and value >= limit:
                found.append(f"{kind} is at {value / 1000:g} °C, its {what} limit is {limit / 1000:g} °C")
    return found


def _over_current(files: Files) -> List[str]:
    found = []
    for folder in _numbered(files, _HWMON, "hwmon"):
        if files.word(f"{folder}/name") != "ina3221":
            continue
        for channel in (1, 2, 3):
            if files.number(f"{folder}/curr{channel}_crit_alarm") == 1:
                label = files.word(f"{folder}/in{channel}_label") or f"channel {channel}"
                found.append(f"the rail {label} draws more current than its limit")
    return found


def _numbered(files: Files, folder: str, stem: str) -> List[str]:
    return [f"{folder}/{name}" for name in files.names(folder) if re.fullmatch(rf"{stem}\d+", name)]
