"""Clock, temperature and throttling of an NVIDIA card, from nvidia-smi.

Source: ``nvidia-smi --help-query-gpu``. The bits of the reasons are NVML's nvmlClocksEventReasons; an idle card, set
clocks and a card at its power limit's pace are told apart, since only some of them slow a benchmark down.
"""

from __future__ import annotations

import re
from typing import Dict, List

import msgspec

from edge.device.command import Run, run_command

_REASONS = {
    0x04: "its power limit",
    0x08: "a hardware slowdown",
    0x20: "heat (software)",
    0x40: "heat (hardware)",
    0x80: "the power brake",
}


class GraphicsCards(msgspec.Struct, frozen=True):
    """By card (``gpu``, and ``gpu1`` and on for further ones): clock in Hz, temperature in °C, throttling in words."""

    clocks: Dict[str, int]
    temperatures: Dict[str, float]
    throttled: List[str]


def read_graphics_card(run: Run = run_command) -> GraphicsCards:
    """The state of the cards; everything is empty where nvidia-smi is absent or does not answer."""
    query = "--query-gpu=clocks.sm,temperature.gpu,clocks_throttle_reasons.active"
    return parse_graphics_cards(run(["nvidia-smi", query, "--format=csv,noheader,nounits"]) or "")


def parse_graphics_cards(text: str) -> GraphicsCards:
    """The state in nvidia-smi's rows ``1980, 35, 0x0000000000000001``; other lines are left out."""
    found = GraphicsCards({}, {}, [])
    cards = 0
    for line in text.splitlines():
        match = re.fullmatch(r"\s*(\S+|\[.*?\]), (\S+|\[.*?\]), (0x[0-9a-fA-F]{1,16}|\[.*?\]|N/A)\s*", line)
        if match is None:
            continue
        name = f"gpu{cards}" if cards else "gpu"
        cards += 1
        if re.fullmatch(r"\d{1,5}", match[1]):
            found.clocks[name] = int(match[1]) * 1_000_000
        if re.fullmatch(r"-?\d{1,3}", match[2]):
            found.temperatures[name] = float(match[2])
        if match[3].startswith("0x"):
            bits = int(match[3], 16)
            found.throttled.extend(f"{name}: slowed down by {what}" for bit, what in _REASONS.items() if bits & bit)
    return found
