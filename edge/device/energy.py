"""Energy, from the power monitors of the board (INA3221), in joules for each rail.

Sources: Linux's Documentation/hwmon/ina3221.rst (L4T R35: ``in1_label``, ``in1_input`` in mV, ``curr1_input`` in mA);
NVIDIA's Jetson Linux Developer Guide R32 (``rail_name_0``, ``in_power0_input`` in mW). Which rails make up the board's
whole input:

- Xavier NX, Orin NX and Nano, TX2: ``VDD_IN`` is measured at the module's input and holds the others; so does
  ``POM_5V_IN`` of Nano and TX1. Adding the others to it would count them twice.
- AGX Xavier has no such rail. Its monitors sit side by side at the module's two inputs: GPU, CPU, SOC, CV and VDDRQ on
  the high-voltage one, SYS5V on the other (Jetson AGX Xavier Product Design Guide DG-09840-001, 5.6.2 "Power
  Monitor"). None holds another, so their sum is the module's input. What a carrier board and its devices draw is not
  measured.
- AGX Orin likewise: VDD_GPU_SOC, VDD_CPU_CV and VIN_SYS_5V0; its fourth one, VDDQ_VDD2_1V8AO, is fed by VIN_SYS_5V0
  and not added.
"""

from __future__ import annotations

import re
import threading
import time
from types import TracebackType
from typing import Callable, Dict, List, NamedTuple, Optional, Tuple, Type

from edge.device.files import HERE, Files

INTERVAL_SECONDS = 0.1
_DRIVERS = ("/sys/bus/i2c/drivers/ina3221", "/sys/bus/i2c/drivers/ina3221x")
_WHOLE_INPUTS = ("VDD_IN", "POM_5V_IN")
_SIDE_BY_SIDE = (
    ("GPU", "CPU", "SOC", "CV", "VDDRQ", "SYS5V"),
    ("VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0"),
)


class Rail(NamedTuple):
    """A measured rail; `watts` reads its power now, None when it cannot be read."""

    name: str
    watts: Callable[[], Optional[float]]


def find_rails(files: Files = HERE) -> List[Rail]:
    """The rails of the board, in the order of its monitors; empty on a machine without any."""
    found: Dict[str, Rail] = {}
    for driver in _DRIVERS:
        for device in files.names(driver):
            if not re.fullmatch(r"\d+-[0-9a-f]{4}", device):
                continue
            for folder in _folders(files, f"{driver}/{device}"):
                for rail in _rails_in(files, folder):
                    found.setdefault(rail.name, rail)
    return list(found.values())


def input_rails(names: List[str]) -> Optional[Tuple[str, ...]]:
    """Those of the rails whose sum is the module's whole input, None where that is not known."""
    for name in _WHOLE_INPUTS:
        if name in names:
            return (name,)
    return next((rails for rails in _SIDE_BY_SIDE if set(rails) <= set(names)), None)


class EnergyMeter:
    """A context manager that measures while its block runs: power is sampled, and integrated over time.

    `joules` and `total_joules` are there after the block; both are None where the board has no rails that can be read,
    and the total is None too where it is not known which of them make up the input (`input_rails`). A rail that
    cannot be read for a while is taken to have gone straight from its last value to its next.
    """

    def __init__(
        self,
        files: Files = HERE,
        interval: float = INTERVAL_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.joules: Optional[Dict[str, float]] = None
        self.samples = 0
        self._rails = find_rails(files)
        self._interval = interval
        self._clock = clock
        self._last: Dict[str, Tuple[float, float]] = {}
        self._sums: Dict[str, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._measure, name="energy meter", daemon=True)

    @property
    def total_joules(self) -> Optional[float]:
        """What the module took in, None where that is not known."""
        rails = None if self.joules is None else input_rails(list(self.joules))
        return None if rails is None or self.joules is None else sum(self.joules[name] for name in rails)

    def __enter__(self) -> EnergyMeter:
        if self._rails:
            self.sample()
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        if not self._rails:
            return
        self._stop.set()
        self._thread.join()
        self.sample()
        self.joules = dict(self._sums) or None

    def sample(self) -> None:
        """Read each rail once, and add the trapezoid since it was read last; the meter itself calls this."""
        for rail in self._rails:
            now, watts = self._clock(), rail.watts()
            if watts is None:
                continue
            before, watts_before = self._last.get(rail.name, (now, watts))
            self._sums[rail.name] = self._sums.get(rail.name, 0.0) + (now - before) * (watts + watts_before) / 2
            self._last[rail.name] = (now, watts)
        self.samples += 1

    def _measure(self) -> None:
        while not self._stop.wait(self._interval):
            self.sample()


def _folders(files: Files, device: str) -> List[str]:
    """Where a monitor's readings lie: below ``hwmon/`` (R35), or in ``iio:device0`` (R32)."""
    found = [f"{device}/hwmon/{name}" for name in files.names(f"{device}/hwmon") if name.startswith("hwmon")]
    return found + [f"{device}/{name}" for name in files.names(device) if name.startswith("iio:device")]


def _rails_in(files: Files, folder: str) -> List[Rail]:
    found = []
    for entry in files.names(folder):
        # in4 to in6 are the drops over the shunts, in7 is their sum.
        new = re.fullmatch(r"in([123])_label", entry)
        old = re.fullmatch(r"rail_name_([012])", entry)
        name = files.word(f"{folder}/{entry}") if new or old else None
        if name is None or name == "NC":  # not connected
            continue
        if new and files.number(f"{folder}/in{new[1]}_enable") != 0:
            volts, amperes = f"{folder}/in{new[1]}_input", f"{folder}/curr{new[1]}_input"
            found.append(Rail(name, _product(files, volts, amperes)))
        elif old:
            found.append(Rail(name, _milliwatts(files, f"{folder}/in_power{old[1]}_input")))
    return found


def _product(files: Files, millivolts: str, milliamperes: str) -> Callable[[], Optional[float]]:
    def watts() -> Optional[float]:
        volts, amperes = files.number(millivolts), files.number(milliamperes)
        return None if volts is None or amperes is None else volts * amperes / 1e6

    return watts


def _milliwatts(files: Files, path: str) -> Callable[[], Optional[float]]:
    def watts() -> Optional[float]:
        value = files.number(path)
        return None if value is None else value / 1e3

    return watts
