from __future__ import annotations

from pathlib import Path
from typing import Dict, Optional, Sequence

import msgspec
import pytest
import recorded_tegrastats
import xavier_root
from xavier_root import write_files, write_tools

from edge.device.clocks import read_clocks
from edge.device.files import Files
from edge.device.jetson_clocks import Clock, all_held, parse_show
from edge.device.nvpmodel import PowerMode, parse_query, read_power_mode
from edge.device.state import DeviceState, read_device_state
from edge.device.thermal import read_over_current_events, read_temperatures, read_throttling

TEMPERATURES = {
    "CPU-therm": 43.0, "GPU-therm": 41.5, "AUX-therm": 41.0, "AO-therm": 42.0, "Tboard_tegra": 40.0,
    "Tdiode_tegra": 43.25,
}  # fmt: skip


def silent(command: Sequence[str]) -> Optional[str]:
    return None


def xavier(root: Path, **changes: str) -> Files:
    """An Xavier's files in a folder; `changes` are further contents by path."""
    write_files(root, {**xavier_root.files(), **changes})
    return Files(str(root))


def test_an_xavier_with_its_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tools(tmp_path / "bin")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    found = read_device_state(xavier(tmp_path / "root"))
    online: Dict[str, Optional[int]] = {f"cpu{core}": 2265600000 - 76800000 * core for core in range(4)}
    assert found == DeviceState(
        power_mode=PowerMode("MODE_30W_ALL", 3),
        clocks={**online, **dict.fromkeys(("cpu4", "cpu5", "cpu6", "cpu7")), "gpu": 1377000000, "emc": 2133000000},
        clocks_locked=False,
        temperatures=TEMPERATURES,
        throttled=[],
        over_current_events={},
        governor="schedutil",
        memory_available=25000000 * 1024,
    )
    assert msgspec.json.decode(msgspec.json.encode(found), type=DeviceState) == found


def test_an_xavier_without_its_tools_is_read_from_its_files(tmp_path: Path) -> None:
    found = read_device_state(xavier(tmp_path), silent)
    assert found.power_mode == PowerMode("MODE_30W_ALL", 3), "as nvpmodel wrote it down"
    assert found.clocks == {
        "cpu0": 2265600000, "cpu1": 2188800000, "cpu2": 2112000000, "cpu3": 2035200000, "gpu": 675750000
    }  # fmt: skip
    assert (found.clocks_locked, found.governor) == (False, "schedutil")
    assert found.temperatures == TEMPERATURES


def test_tegrastats_tells_what_the_files_do_not(tmp_path: Path) -> None:
    files = xavier(tmp_path)
    for zone in (tmp_path / "sys/class/thermal").glob("*/temp"):
        zone.unlink()
    found = read_device_state(files, lambda command: recorded_tegrastats.XAVIER_UNITS if command[0] == "sh" else None)
    assert found.clocks["emc"] == 1331000000
    assert found.temperatures["CPU"] == 36.5


def test_a_machine_with_nothing(tmp_path: Path) -> None:
    found = read_device_state(Files(str(tmp_path)), silent)
    assert found == DeviceState(None, {}, None, {}, [], {}, None, None)


def test_this_machine() -> None:
    found = read_device_state()
    assert (found.memory_available or 0) > 1 << 20
    assert msgspec.json.decode(msgspec.json.encode(found), type=DeviceState) == found


def test_absurd_answers_of_every_tool_raise_nothing(tmp_path: Path) -> None:
    for text in ("", "\0" * 100, "cpu0: Online=x MinFreq=9" + "9" * 40, "NV Power Mode:", "%" * 1000, "1, 2, 0xzz"):
        files = xavier(tmp_path, **{f"/sys/class/thermal/thermal_zone{number}/temp": text for number in range(7)})
        found = read_device_state(files, lambda command, text=text: text)  # type: ignore[misc]
        assert found.temperatures == {}


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("NV Power Mode: MODE_30W_ALL\n3\n", PowerMode("MODE_30W_ALL", 3)),
        ("NV Fan Mode:quiet\nNV Power Mode: MAXN\n0\n", PowerMode("MAXN", 0)),
        ("NVPM WARN: fan mode is not set!\nNV Power Mode: MODE_15W_DESKTOP\n7\n", PowerMode("MODE_15W_DESKTOP", 7)),
        ("NVPM VERB: NV Power Mode: 25W\n", PowerMode("25W", None)),
        ("3\nNV Power Mode: MAXN\n", PowerMode("MAXN", None)),
        ("NVPM ERROR: failed to read PARAM CPU_ONLINE\n", None),
        ("", None),
    ],
)
def test_power_modes(text: str, mode: Optional[PowerMode]) -> None:
    assert parse_query(text) == mode


def test_a_power_mode_that_only_its_number_tells(tmp_path: Path) -> None:
    write_files(tmp_path, {"/var/lib/nvpmodel/status": "pmode:0007 fmode:cool\n"})
    mode = read_power_mode(Files(str(tmp_path)), silent)
    assert mode == PowerMode(None, 7)
    assert str(mode) == "a mode without a known name (number 7)"
    assert str(PowerMode("MAXN", None)) == "MAXN"
    (tmp_path / "var/lib/nvpmodel/status").write_text("what?")
    assert read_power_mode(Files(str(tmp_path)), silent) is None


# Jetson Orin Nano in its 15 W mode, L4T R36, and the end of a Nano's, with jetson_clocks in force.
ORIN_NANO = (
    "SOC family:tegra234  Machine:NVIDIA Jetson Orin Nano Developer Kit\nOnline CPUs: 0-5\n"
    "cpu0:  Online=1 Governor=ondemand MinFreq=729600 MaxFreq=1510400 CurrentFreq=960000 IdleStates: WFI=1 c7=1\n"
    "cpu1:  Online=0 Governor=ondemand MinFreq=729600 MaxFreq=1510400 CurrentFreq=729600 IdleStates: WFI=1 c7=1\n"
    "GPU MinFreq=306000000 MaxFreq=624750000 CurrentFreq=306000000\nActive GPU TPCs: 4\n"
    "EMC MinFreq=204000000 MaxFreq=2133000000 CurrentFreq=665600000 FreqOverride=0\n"
    "FAN Dynamic Speed Control=kernel hwmon0_pwm1=88\n"
)
NANO_LOCKED = (
    "cpu0: Online=1 Governor=schedutil MinFreq=1479000 MaxFreq=1479000 CurrentFreq=1479000 IdleStates: WFI=0 c7=0\n"
    "GPU MinFreq=921600000 MaxFreq=921600000 CurrentFreq=921600000\n"
    "EMC MinFreq=204000000 MaxFreq=1600000000 CurrentFreq=1600000000 FreqOverride=1\nFan: PWM=0\nNV Power Mode: MAXN\n"
)
# Jetson Nano in its 5 W mode, which holds the cores but not the GPU; a Jetson TX1's older form.
NANO_5W = (
    "cpu0: Online=1 Governor=schedutil MinFreq=921600 MaxFreq=921600 CurrentFreq=921600 IdleStates: WFI=1 c7=1 \n"
    "cpu2: Online=0 Governor=schedutil MinFreq=921600 MaxFreq=921600 CurrentFreq=921600 IdleStates: WFI=1 c7=1 \n"
    "GPU MinFreq=76800000 MaxFreq=614400000 CurrentFreq=460800000\n"
)
TX1 = "cpu0: Gonvernor=interactive MinFreq=102000 MaxFreq=1734000 CurrentFreq=510000\n"


def test_clocks_as_jetson_clocks_shows_them() -> None:
    found = parse_show(ORIN_NANO)
    assert found["cpu0"] == Clock(729600000, 1510400000, 960000000, "ondemand")
    assert not found["cpu1"].online
    assert found["gpu"] == Clock(306000000, 624750000, 306000000)
    assert found["emc"].current == 665600000
    assert parse_show(TX1)["cpu0"] == Clock(102000000, 1734000000, 510000000, "interactive")
    assert parse_show("Please run as root\n") == {}


@pytest.mark.parametrize(
    ("text", "held"),
    [(ORIN_NANO, False), (NANO_LOCKED, True), (NANO_5W, False), ("cpu0: Online=1\n", None), ("", None)],
)
def test_whether_jetson_clocks_is_in_force(text: str, held: Optional[bool]) -> None:
    assert all_held(parse_show(text)) is held


def test_the_gpu_is_found_by_the_name_of_its_device(tmp_path: Path) -> None:
    for name, is_gpu in {"17000000.ga10b": True, "57000000.gpu": True, "15340000.vic": False}.items():
        root = tmp_path / name
        write_files(root, {f"/sys/class/devfreq/{name}/cur_freq": "5\n"})
        assert ("gpu" in read_clocks(Files(str(root)), silent)) is is_gpu


def test_a_pc_is_not_told_to_have_jetson_clocks(tmp_path: Path) -> None:
    folder = "/sys/devices/system/cpu/cpu0/cpufreq"
    held = {f"{folder}/scaling_{what}_freq": "2000000" for what in ("min", "max", "cur")}
    write_files(tmp_path, {**held, f"{folder}/scaling_governor": "performance\n"})
    found = read_device_state(Files(str(tmp_path)), silent)
    assert (found.clocks, found.clocks_locked, found.governor) == ({"cpu0": 2000000000}, None, "performance")


def test_a_card_of_a_pc_is_part_of_its_state(tmp_path: Path) -> None:
    rows = "1980, 35, 0x0000000000000001\n1200, 88, 0x0000000000000044\n"
    found = read_device_state(Files(str(tmp_path)), lambda command: rows if command[0] == "nvidia-smi" else None)
    assert found.clocks == {"gpu": 1980000000, "gpu1": 1200000000}
    assert found.temperatures == {"gpu": 35.0, "gpu1": 88.0}
    assert found.throttled == ["gpu1: slowed down by its power limit", "gpu1: slowed down by heat (hardware)"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"/sys/class/thermal/cooling_device1/cur_state": "4"}, ["devfreq-17000000.gv11b at step 4 of 13"]),
        ({"/sys/class/thermal/cooling_device0/cur_state": "5"}, []),
        (
            {"/sys/class/thermal/thermal_zone0/temp": "87500"},
            ["CPU-therm is at 87.5 °C, its passive limit is 86 °C"],
        ),
        (
            {"/sys/class/hwmon/hwmon3/name": "ina3221", "/sys/class/hwmon/hwmon3/curr1_crit_alarm": "1",
             "/sys/class/hwmon/hwmon3/in1_label": "VDD_IN"},
            ["the rail VDD_IN draws more current than its limit"],
        ),
    ],
)  # fmt: skip
def test_what_throttles(tmp_path: Path, changes: Dict[str, str], told: Sequence[str]) -> None:
    assert read_throttling(xavier(tmp_path, **changes)) == told


def test_an_orin_says_when_its_hardware_throttles(tmp_path: Path) -> None:
    write_files(tmp_path, {
        "/sys/class/thermal/cooling_device0/type": "gpu-throttle-alert",
        "/sys/class/thermal/cooling_device0/cur_state": "1",
        "/sys/class/hwmon/hwmon3/name": "soctherm_oc", "/sys/class/hwmon/hwmon3/oc1_event_cnt": "0",
        "/sys/class/hwmon/hwmon3/oc3_event_cnt": "37", "/sys/class/hwmon/hwmon3/oc3_throt_en": "1",
        "/sys/class/hwmon/hwmon4/name": "other", "/sys/class/hwmon/hwmon4/oc1_event_cnt": "5",
    })  # fmt: skip
    files = Files(str(tmp_path))
    assert read_throttling(files) == ["gpu-throttle-alert at step 1"]
    assert read_over_current_events(files) == {"oc1": 0, "oc3": 37}


def test_zones_of_one_name_are_told_apart_and_absurd_ones_left_out(tmp_path: Path) -> None:
    zones = [("acpitz", "27800"), ("acpitz", "29800"), ("tj", "-256000"), ("gpu", "what?"), ("x", "999999999")]
    for number, (kind, value) in enumerate(zones):
        zone = f"/sys/class/thermal/thermal_zone{number}"
        write_files(tmp_path, {f"{zone}/type": kind, f"{zone}/temp": value})
    assert read_temperatures(Files(str(tmp_path))) == {"acpitz": 27.8, "acpitz (thermal_zone1)": 29.8}
