"""What a measurement depends on beside the bundle: the machine's state, its energy, and the collector of garbage."""

from __future__ import annotations

import gc
import os
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Callable, Dict, List, Optional, Protocol, Type

import msgspec

from edge.bench.stopwatch import Clock
from edge.device.energy import EnergyMeter
from edge.device.state import DeviceState, read_device_state
from edge.doctor.memory import read_memory

BUSY_LOAD = 0.5
"""Load for each core from which on figures are doubtful."""


class Conditions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The machine at one moment; None, empty or missing where it does not say.

    `load_average` is that of the last minute. `throttled` says in words what slows the machine down.
    """

    load_average: Optional[float]
    governor: Optional[str]
    power_mode: Optional[str]
    clocks_mhz: Dict[str, Optional[float]]
    clocks_locked: Optional[bool]
    temperatures: Dict[str, float]
    throttled: List[str]
    over_current_events: Dict[str, int]
    memory_available_bytes: Optional[int]


def is_busy(now: Conditions, cores: int) -> bool:
    """Whether others keep a machine with so many cores busy."""
    return now.load_average is not None and now.load_average > BUSY_LOAD * cores


class Energy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`joules` by rail; the total is of those rails that make up the board's input, None where these are not known."""

    joules: Dict[str, float]
    total_joules: Optional[float]
    joules_per_1000_records: Optional[float]


class Garbage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What Python's collector of cyclic garbage did while it was measured: it stays on, as it does in `score`."""

    collections: int
    seconds: float


class Meter(Protocol):
    """Measures energy while its block runs, as `edge.device.energy.EnergyMeter` does."""

    joules: Optional[Dict[str, float]]

    @property
    def total_joules(self) -> Optional[float]:
        """Of the whole board, None where that is not known."""

    def __enter__(self) -> Any:
        """Begin."""

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> Any:
        """End."""


@dataclass(frozen=True)
class Instruments:
    """How the machine is read; tests pass their own."""

    conditions: Callable[[], Conditions]
    meter: Callable[[], Meter]
    resident: Callable[[], Optional[int]]


def here() -> Instruments:
    """The instruments of this machine."""
    return Instruments(read_conditions, EnergyMeter, lambda: read_memory().resident)


def read_conditions(
    state: Callable[[], DeviceState] = read_device_state, load: Callable[[], Any] = os.getloadavg
) -> Conditions:
    """The machine now."""
    device = state()
    try:
        load_average = float(load()[0])
    except OSError:
        load_average = None
    return Conditions(
        load_average=load_average,
        governor=device.governor,
        power_mode=None if device.power_mode is None else str(device.power_mode),
        clocks_mhz={name: None if hertz is None else hertz / 1e6 for name, hertz in device.clocks.items()},
        clocks_locked=device.clocks_locked,
        temperatures=device.temperatures,
        throttled=device.throttled,
        over_current_events=device.over_current_events,
        memory_available_bytes=device.memory_available,
    )


class Observed:
    """A context around what is measured: collects garbage before it, then counts collections and energy."""

    def __init__(self, meter: Meter, clock: Clock) -> None:
        self._meter = meter
        self._clock = clock
        self._collections = 0
        self._nanoseconds = 0
        self._began = 0

    def __enter__(self) -> Observed:
        gc.collect()
        gc.callbacks.append(self._collected)
        try:
            self._meter.__enter__()
        except BaseException:
            gc.callbacks.remove(self._collected)
            raise
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        gc.callbacks.remove(self._collected)
        self._meter.__exit__(kind, error, trace)

    def garbage(self) -> Garbage:
        """What the collector did."""
        return Garbage(self._collections, self._nanoseconds / 1e9)

    def energy(self, records: int) -> Optional[Energy]:
        """What so many records took, None where the board does not say."""
        if self._meter.joules is None:
            return None
        total = self._meter.total_joules
        per_1000 = None if total is None or not records else 1000 * total / records
        return Energy(self._meter.joules, total, per_1000)

    def _collected(self, phase: str, _: Dict[str, int]) -> None:
        if phase == "start":
            self._began = self._clock()
        else:
            self._collections += 1
            self._nanoseconds += self._clock() - self._began


Observe = Callable[[], Observed]
"""Makes a new context for one measurement."""
