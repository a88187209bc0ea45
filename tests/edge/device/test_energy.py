from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Iterator, List, Optional, Sequence

import pytest
import xavier_root
from hypothesis import given
from hypothesis import strategies as st
from xavier_root import write_files

from edge.device.energy import EnergyMeter, find_rails, input_rails
from edge.device.files import Files

MONITOR = "/sys/bus/i2c/drivers/ina3221/1-0040/hwmon/hwmon3"
NEVER = 3600.0


def xavier(root: Path) -> Files:
    write_files(root, xavier_root.files())
    return Files(str(root))


def ticks(times: Sequence[float]) -> Iterator[float]:
    yield from times


def test_the_rails_of_an_xavier_and_their_power(tmp_path: Path) -> None:
    found = {rail.name: rail.watts() for rail in find_rails(xavier(tmp_path))}
    assert found == {"GPU": 3.8, "CPU": 1.9, "SOC": 0.95, "CV": 0.0, "VDDRQ": 0.475, "SYS5V": 2.0}


def test_the_rails_of_jetpack_4(tmp_path: Path) -> None:
    folder = "/sys/bus/i2c/drivers/ina3221x/1-0040/iio:device0"
    write_files(tmp_path, {
        f"{folder}/rail_name_0": "GPU\n", f"{folder}/in_power0_input": "4500\n", f"{folder}/rail_name_1": "NC\n",
        f"{folder}/rail_name_2": "SOC\n", "/sys/bus/i2c/drivers/ina3221x/bind": "",
    })  # fmt: skip
    assert [(rail.name, rail.watts()) for rail in find_rails(Files(str(tmp_path)))] == [("GPU", 4.5), ("SOC", None)]


def test_channels_that_are_off_or_not_connected_are_no_rails(tmp_path: Path) -> None:
    files = xavier(tmp_path)
    write_files(tmp_path, {f"{MONITOR}/in1_enable": "0", f"{MONITOR}/in2_label": "NC"})
    assert [rail.name for rail in find_rails(files)] == ["SOC", "CV", "VDDRQ", "SYS5V"]


@pytest.mark.parametrize(
    ("rails", "total"),
    [
        (["VDD_IN", "VDD_CPU_GPU_CV", "VDD_SOC"], ("VDD_IN",)),
        (["POM_5V_IN", "POM_5V_GPU", "POM_5V_CPU"], ("POM_5V_IN",)),
        (["GPU", "CPU", "SOC", "CV", "VDDRQ", "SYS5V"], ("GPU", "CPU", "SOC", "CV", "VDDRQ", "SYS5V")),
        (
            ["VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0", "VDDQ_VDD2_1V8AO"],
            ("VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0"),
        ),
        (["GPU", "CPU", "SOC"], None),
        ([], None),
    ],
)
def test_which_rails_make_up_the_input(rails: List[str], total: Optional[Sequence[str]]) -> None:
    assert input_rails(rails) == total


def test_power_that_stays_the_same_is_time_times_power(tmp_path: Path) -> None:
    write_files(
        tmp_path, {f"{MONITOR}/in1_label": "VDD_IN", f"{MONITOR}/in1_input": "5000", f"{MONITOR}/curr1_input": "2000"}
    )
    clock = ticks([0.0, 3.0])
    with EnergyMeter(Files(str(tmp_path)), interval=NEVER, clock=lambda: next(clock)) as meter:
        assert meter.joules is None, "it is known at the end"
    assert meter.joules == {"VDD_IN": 30.0}
    assert (meter.total_joules, meter.samples) == (30.0, 2)


def test_power_that_changes_is_integrated_by_trapezoids(tmp_path: Path) -> None:
    write_files(
        tmp_path, {f"{MONITOR}/in1_label": "VDD_IN", f"{MONITOR}/in1_input": "1000", f"{MONITOR}/curr1_input": "0"}
    )
    clock = ticks([0.0, 1.0, 3.0, 4.0])
    with EnergyMeter(Files(str(tmp_path)), interval=NEVER, clock=lambda: next(clock)) as meter:
        write_files(tmp_path, {f"{MONITOR}/curr1_input": "4000"})
        meter.sample()  # 0 to 4 W in 1 s: 2 J
        write_files(tmp_path, {f"{MONITOR}/curr1_input": "1000"})
        meter.sample()  # 4 to 1 W in 2 s: 5 J
    assert meter.total_joules == pytest.approx(2 + 5 + 1)


def test_a_rail_that_cannot_be_read_for_a_while_is_bridged(tmp_path: Path) -> None:
    contents = {f"{MONITOR}/in1_label": "VDD_IN", f"{MONITOR}/in1_input": "1000", f"{MONITOR}/curr1_input": "2000"}
    write_files(tmp_path, contents)
    clock = ticks([0.0, 1.0, 5.0])
    with EnergyMeter(Files(str(tmp_path)), interval=NEVER, clock=lambda: next(clock)) as meter:
        (tmp_path / MONITOR.lstrip("/") / "curr1_input").unlink()
        meter.sample()
        write_files(tmp_path, contents)
    assert meter.total_joules == pytest.approx(10.0)


def test_the_total_of_an_xavier_is_the_sum_of_its_rails(tmp_path: Path) -> None:
    clock = ticks([0.0] * 6 + [2.0] * 6)
    with EnergyMeter(xavier(tmp_path), interval=NEVER, clock=lambda: next(clock)) as meter:
        pass
    assert meter.joules is not None
    assert meter.joules["GPU"] == pytest.approx(7.6)
    assert meter.total_joules == pytest.approx(2 * (3.8 + 1.9 + 0.95 + 0.475 + 2.0))


def test_it_samples_by_itself_and_stops(tmp_path: Path) -> None:
    with EnergyMeter(xavier(tmp_path), interval=0.01) as meter:
        ends = time.monotonic() + 10
        while meter.samples < 4 and time.monotonic() < ends:
            time.sleep(0.01)
    assert meter.samples >= 5, "the first, those of the thread, and the last"
    assert [thread for thread in threading.enumerate() if thread.name == "energy meter"] == []
    assert (meter.total_joules or 0) > 0


def test_a_machine_without_rails_has_no_energy(tmp_path: Path) -> None:
    with EnergyMeter(Files(str(tmp_path))) as meter:
        pass
    assert (meter.joules, meter.total_joules, meter.samples) == (None, None, 0)


def test_rails_that_never_say_anything_have_no_energy(tmp_path: Path) -> None:
    write_files(tmp_path, {f"{MONITOR}/in1_label": "VDD_IN"})
    with EnergyMeter(Files(str(tmp_path)), interval=NEVER) as meter:
        pass
    assert (meter.joules, meter.total_joules) == (None, None)


def test_an_error_in_the_block_is_not_swallowed(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="mine"), EnergyMeter(xavier(tmp_path), interval=NEVER):
        raise RuntimeError("mine")


@given(st.lists(st.tuples(st.floats(0.001, 10), st.integers(0, 100_000)), min_size=1, max_size=20))
def test_energy_lies_between_the_lowest_and_the_highest_power(steps: List[Sequence[float]]) -> None:
    values = [float(value) for _, value in steps] + [float(steps[-1][1])]
    readings = iter(values)
    times = [0.0]
    for length, _ in steps:
        times.append(times[-1] + length)
    clock = iter(times)

    class Board(Files):
        def read(self, path: str) -> Optional[str]:
            return {"in1_label": "VDD_IN", "in1_input": "1000000"}.get(path.rsplit("/", 1)[1]) or (
                str(int(next(readings))) if path.endswith("curr1_input") else None
            )

        def names(self, path: str) -> List[str]:
            known = {"ina3221": ["1-0040"], "hwmon": ["hwmon3"], "hwmon3": ["in1_label"]}
            return known.get(path.rsplit("/", 1)[1], [])

    meter = EnergyMeter(Board(), interval=NEVER, clock=lambda: next(clock))
    with meter:
        for _ in steps[1:]:
            meter.sample()
    joules = meter.total_joules
    assert joules is not None
    assert times[-1] * min(values) * 0.999999 <= joules <= times[-1] * max(values) * 1.000001 + 1e-9
