from __future__ import annotations

import gc
from itertools import count
from typing import Any, List

import pytest
from fake_instruments import FakeMeter

from edge.bench.conditions import Observed, here, read_conditions
from edge.device.nvpmodel import PowerMode
from edge.device.state import DeviceState

XAVIER = DeviceState(
    power_mode=PowerMode("MODE_30W_ALL", 3),
    clocks={"cpu0": 1_190_400_000, "cpu1": None, "gpu": 905_250_000},
    clocks_locked=True,
    temperatures={"CPU-therm": 41.5},
    throttled=["CPU-therm holds the CPU back"],
    over_current_events={"OC1": 2},
    governor="schedutil",
    memory_available=1 << 30,
)


def test_the_state_of_a_board_is_kept() -> None:
    found = read_conditions(lambda: XAVIER, lambda: (0.5, 0.4, 0.3))
    assert found.load_average == 0.5
    assert (found.power_mode, found.governor, found.clocks_locked) == ("MODE_30W_ALL (number 3)", "schedutil", True)
    assert found.clocks_mhz == {"cpu0": 1190.4, "cpu1": None, "gpu": 905.25}
    assert (found.temperatures, found.throttled) == ({"CPU-therm": 41.5}, ["CPU-therm holds the CPU back"])
    assert (found.over_current_events, found.memory_available_bytes) == ({"OC1": 2}, 1 << 30)


def test_a_machine_that_tells_nothing() -> None:
    def no_load() -> Any:
        raise OSError

    nothing = DeviceState(None, {}, None, {}, [], {}, None, None)
    found = read_conditions(lambda: nothing, no_load)
    assert (found.load_average, found.power_mode, found.clocks_mhz, found.temperatures) == (None, None, {}, {})


def test_this_machine_answers() -> None:
    instruments = here()
    assert instruments.conditions().load_average is not None
    assert (instruments.resident() or 0) > 1 << 20
    with instruments.meter() as meter:
        pass
    assert meter.joules is None or meter.joules


def test_energy_by_rail_and_for_a_thousand_records() -> None:
    with Observed(FakeMeter({"GPU": 2.0, "CPU": 3.0}, 5.0), lambda: 0) as observed:
        pass
    energy = observed.energy(10_000)
    assert energy is not None
    assert (energy.joules, energy.total_joules, energy.joules_per_1000_records) == ({"GPU": 2.0, "CPU": 3.0}, 5.0, 0.5)
    nothing = observed.energy(0)
    assert nothing is not None
    assert nothing.joules_per_1000_records is None


def test_rails_whose_sum_is_unknown_give_no_figure() -> None:
    with Observed(FakeMeter({"GPU": 2.0}, None), lambda: 0) as observed:
        pass
    energy = observed.energy(10)
    assert energy is not None
    assert (energy.total_joules, energy.joules_per_1000_records) == (None, None)


def test_without_rails_there_is_no_energy() -> None:
    with Observed(FakeMeter(None), lambda: 0) as observed:
        pass
    assert observed.energy(10) is None


def test_collections_are_counted_while_it_lasts() -> None:
    ticks = count(0, 1_000_000)
    meter = FakeMeter()
    before = list(gc.callbacks)
    enabled = gc.isenabled()
    gc.disable()  # none but ours
    try:
        with Observed(meter, lambda: next(ticks)) as observed:
            gc.collect()
            gc.collect()
        gc.collect()
    finally:
        if enabled:
            gc.enable()
    garbage = observed.garbage()
    assert (garbage.collections, garbage.seconds, meter.entered) == (2, 0.002, 1)
    assert gc.callbacks == before


def test_a_meter_that_fails_leaves_nothing_behind() -> None:
    class Broken(FakeMeter):
        def __enter__(self) -> FakeMeter:
            raise ZeroDivisionError

    before: List[Any] = list(gc.callbacks)
    with pytest.raises(ZeroDivisionError), Observed(Broken(), lambda: 0):
        pass
    assert gc.callbacks == before
