"""The clocks, from the tool of the board where it answers, else from the kernel's own files.

Sources: Linux's Documentation/admin-guide/pm/cpufreq.rst (kHz) and Documentation/ABI/testing/sysfs-class-devfreq (Hz);
NVIDIA's Jetson Linux Developer Guide R35 for the names of the GPU's device (``17000000.gv11b`` on Xavier,
``17000000.ga10b`` on Orin, ``57000000.gpu`` on Nano and TX1, ``17000000.gp10b`` on TX2).
"""

from __future__ import annotations

import re
from typing import Dict

from edge.device.command import Run, run_command
from edge.device.files import HERE, Files
from edge.device.jetson_clocks import Clock, parse_show

_CPU = "/sys/devices/system/cpu"
_DEVFREQ = "/sys/class/devfreq"
_GPU = re.compile(r"\.(gv11b|ga10b|gp10b|gb10b|gpu)$")


def read_clocks(files: Files = HERE, run: Run = run_command) -> Dict[str, Clock]:
    """The clocks by name: ``cpu0`` and on, and on a board ``gpu`` and ``emc``; empty where nothing states any."""
    shown = parse_show(run(["jetson_clocks", "--show"]) or "")
    return {**_of_cores(files), **_of_the_gpu(files), **shown}


def _of_cores(files: Files) -> Dict[str, Clock]:
    found = {}
    for name in files.names(_CPU):
        folder = f"{_CPU}/{name}/cpufreq"
        if not re.fullmatch(r"cpu\d+", name) or not files.names(folder):
            continue
        lowest, highest, current = (
            files.number(f"{folder}/scaling_{what}_freq") for what in ("min", "max", "cur")
        )  # fmt: skip
        found[name] = Clock(
            lowest=None if lowest is None else lowest * 1000,
            highest=None if highest is None else highest * 1000,
            current=None if current is None else current * 1000,
            governor=files.word(f"{folder}/scaling_governor"),
            online=files.word(f"{_CPU}/{name}/online") != "0",
        )
    return found


def _of_the_gpu(files: Files) -> Dict[str, Clock]:
    for name in files.names(_DEVFREQ):
        if _GPU.search(name):
            folder = f"{_DEVFREQ}/{name}"
            return {
                "gpu": Clock(
                    lowest=files.number(f"{folder}/min_freq"),
                    highest=files.number(f"{folder}/max_freq"),
                    current=files.number(f"{folder}/cur_freq"),
                    governor=files.word(f"{folder}/governor"),
                )
            }
    return {}
