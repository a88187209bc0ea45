"""Which GPU a CUDA program means by a number: the variables CUDA_VISIBLE_DEVICES and CUDA_DEVICE_ORDER.

Source: "Environment Variables" in NVIDIA's CUDA C++ Programming Guide. CUDA numbers the GPUs with the fastest first
unless CUDA_DEVICE_ORDER is PCI_BUS_ID, and nvidia-smi by their places on the bus; an entry of CUDA_VISIBLE_DEVICES is
such a number, or the beginning of a UUID; one that is wrong hides itself and all that follow.
"""

from __future__ import annotations

import os
from typing import List, Mapping, Optional, Sequence

from edge.device.command import Run, run_command
from edge.device.gpu import Gpu


def gpu_at(
    number: int, gpus: Sequence[Gpu], run: Run = run_command, environment: Mapping[str, str] = os.environ
) -> Optional[Gpu]:
    """The GPU with this number in a CUDA program; `gpus` are those of the machine, as `read_gpus` gives them.

    None when there is none, or when it cannot be told which.
    """
    told = environment.get("CUDA_VISIBLE_DEVICES")
    if told is None:
        places: List[Optional[int]] = [_at_bus(place, gpus, environment) for place in range(len(gpus))]
    else:
        places = []
        for entry in (part.strip() for part in told.split(",")):
            if entry.isdigit():
                if int(entry) >= len(gpus):
                    break
                places.append(_at_bus(int(entry), gpus, environment))
            elif entry.startswith("GPU-"):
                places.append(_with_uuid(entry, len(gpus), run))
            elif entry.startswith("MIG-"):
                places.append(None)  # a part of a GPU, with memory and multiprocessors of its own
            else:
                break
    place = places[number] if number < len(places) else None
    return None if place is None else gpus[place]


def _at_bus(number: int, gpus: Sequence[Gpu], environment: Mapping[str, str]) -> Optional[int]:
    """The place in nvidia-smi's order of what CUDA gives this number; None where CUDA may have sorted otherwise."""
    kinds = {(gpu.name, gpu.compute_capability) for gpu in gpus}
    return number if len(kinds) == 1 or environment.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID" else None


def _with_uuid(entry: str, count: int, run: Run) -> Optional[int]:
    rows = run(["nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader"]) or ""
    known = [line.strip() for line in rows.splitlines() if line.strip()]
    found = [place for place, uuid in enumerate(known) if uuid.startswith(entry)]
    return found[0] if len(found) == 1 and len(known) == count else None
