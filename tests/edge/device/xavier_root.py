"""The files and tools of a Jetson AGX Xavier on JetPack 5.1.2, in a folder.

Names and layout are those of L4T R35.4.1 (NVIDIA's Jetson Linux Developer Guide R35, Linux's documentation of hwmon,
cpufreq, devfreq and thermal); the clocks' limits are a Xavier's (115.2 to 2265.6 MHz, 114.75 to 1377 MHz), the values
were chosen for the tests. What the tools write was recorded (`recorded_tegrastats.py`), or has the recorded form.
"""

from __future__ import annotations

from pathlib import Path
from typing import Dict

import recorded_tegrastats

RELEASE = (
    "# R35 (release), REVISION: 4.1, GCID: 33958178, BOARD: t186ref, EABI: aarch64, "
    "DATE: Tue Aug  1 19:57:35 UTC 2023\n"
)
ZONES = {
    "CPU-therm": "43000", "GPU-therm": "41500", "AUX-therm": "41000", "AO-therm": "42000", "PMIC-Die": "50000",
    "Tboard_tegra": "40000", "Tdiode_tegra": "43250",
}  # fmt: skip
COOLING = {"pwm-fan": ("2", "5"), "devfreq-17000000.gv11b": ("0", "13"), "cpufreq-cpu0": ("0", "28")}
# Millivolts and milliamperes on the two monitors.
RAILS = {
    "1-0040/hwmon/hwmon3": {"GPU": (19000, 200), "CPU": (19000, 100), "SOC": (19000, 50)},
    "1-0041/hwmon/hwmon4": {"CV": (19000, 0), "VDDRQ": (19000, 25), "SYS5V": (5000, 400)},
}
QUERY = "NV Power Mode: MODE_30W_ALL\n3\n"
CORE = "cpu{}: Online={} Governor=schedutil MinFreq={} MaxFreq={} CurrentFreq={} IdleStates: C1=1 c6=1 \n"


def show(lowest: int = 1190400, gpu_lowest: int = 318750000) -> str:
    """What `jetson_clocks --show` writes; with the lowest clocks at the highest, jetson_clocks is in force."""
    cores = "".join(CORE.format(core, int(core < 4), lowest, 2265600, 2265600 - 76800 * core) for core in range(8))
    return (
        f"SOC family:tegra194  Machine:Jetson-AGX\nOnline CPUs: 0-3\n{cores}"
        f"GPU MinFreq={gpu_lowest} MaxFreq=1377000000 CurrentFreq=1377000000\n"
        "EMC MinFreq=204000000 MaxFreq=2133000000 CurrentFreq=2133000000 FreqOverride=0\n"
        "Fan: PWM=77\nNV Power Mode: MODE_30W_ALL\n"
    )


def files() -> Dict[str, str]:
    """The board's files by path."""
    found = {
        "/etc/nv_tegra_release": RELEASE,
        "/etc/os-release": 'PRETTY_NAME="Ubuntu 20.04.6 LTS"\n',
        "/etc/nvpmodel.conf": "< POWER_MODEL ID=0 NAME=MAXN >\nGPU MAX 0\n< POWER_MODEL ID=3 NAME=MODE_30W_ALL >\n",
        "/var/lib/nvpmodel/status": "pmode:0003 fmode:quiet",
        "/proc/device-tree/model": "Jetson-AGX\0",
        "/proc/device-tree/compatible": "nvidia,p2972-0000\0nvidia,tegra194\0",
        "/proc/meminfo": "MemTotal:       32692140 kB\nMemFree:        20000000 kB\nMemAvailable:   25000000 kB\n",
        "/usr/local/cuda-11.4/version.json": '{"cuda" : {"name" : "CUDA SDK", "version" : "11.4.19"}}',
        "/usr/local/cuda-11.4/lib64/libcudart.so.11.4.298": "",
        "/usr/local/cuda-11.4/lib64/libcudart.so.11.0": "",
        "/usr/lib/aarch64-linux-gnu/libcudnn.so.8": "",
        "/usr/lib/aarch64-linux-gnu/libcudnn.so.8.6.0": "",
        "/usr/lib/aarch64-linux-gnu/libnvinfer.so.8.5.2": "",
        "/usr/lib/aarch64-linux-gnu/libnvinfer.so.8": "",
        "/usr/lib/aarch64-linux-gnu/tegra/libcuda.so.1.1": "",
    }
    for core in range(4):
        folder = f"/sys/devices/system/cpu/cpu{core}/cpufreq"
        found.update({
            f"{folder}/scaling_min_freq": "1190400\n", f"{folder}/scaling_max_freq": "2265600\n",
            f"{folder}/scaling_cur_freq": f"{2265600 - 76800 * core}\n", f"{folder}/scaling_governor": "schedutil\n",
        })  # fmt: skip
    for name, value in {"min": "318750000", "max": "1377000000", "cur": "675750000"}.items():
        found[f"/sys/class/devfreq/17000000.gv11b/{name}_freq"] = value + "\n"
    for number, (kind, value) in enumerate(ZONES.items()):
        zone = f"/sys/class/thermal/thermal_zone{number}"
        found.update({f"{zone}/type": kind + "\n", f"{zone}/temp": value + "\n"})
    zone = "/sys/class/thermal/thermal_zone0"
    found.update({
        f"{zone}/trip_point_0_type": "critical\n", f"{zone}/trip_point_0_temp": "96500\n",
        f"{zone}/trip_point_1_type": "passive\n", f"{zone}/trip_point_1_temp": "86000\n",
        f"{zone}/trip_point_2_type": "active\n", f"{zone}/trip_point_2_temp": "35000\n",
    })  # fmt: skip
    for number, (kind, (state, most)) in enumerate(COOLING.items()):
        device = f"/sys/class/thermal/cooling_device{number}"
        found.update({f"{device}/type": kind, f"{device}/cur_state": state, f"{device}/max_state": most})
    for place, rails in RAILS.items():
        folder = f"/sys/bus/i2c/drivers/ina3221/{place}"
        found[f"{folder}/name"] = "ina3221\n"
        found[f"{folder}/in7_label"] = "sum of shunt voltages\n"
        for channel, (rail, (millivolts, milliamperes)) in enumerate(rails.items(), start=1):
            found.update({
                f"{folder}/in{channel}_label": rail + "\n", f"{folder}/in{channel}_enable": "1\n",
                f"{folder}/in{channel}_input": f"{millivolts}\n", f"{folder}/curr{channel}_input": f"{milliamperes}\n",
            })  # fmt: skip
    return found


def write_files(root: Path, contents: Dict[str, str]) -> None:
    """Write files below a folder, as if it were ``/``."""
    for path, text in contents.items():
        place = root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")


def write_tool(folder: Path, name: str, script: str) -> None:
    """Write an executable shell script."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (folder / name).chmod(0o755)


def write_tools(folder: Path) -> None:
    """The board's tools: each checks what it is asked for, and tegrastats never ends by itself."""
    write_tool(folder, "nvpmodel", f'[ "$*" = "-q" ] || exit 1\nprintf \'%s\' "{QUERY}"')
    write_tool(folder, "jetson_clocks", f'[ "$*" = "--show" ] || exit 1\ncat <<EOF\n{show()}EOF')
    line = recorded_tegrastats.XAVIER_UNITS
    write_tool(folder, "tegrastats", f'[ "$1" = "--interval" ] || exit 1\nwhile echo "{line}"; do sleep 0.1; done')
    write_tool(folder, "nvidia-smi", "exit 9")
