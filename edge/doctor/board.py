"""The board: its model, and on a Jetson the releases of L4T and JetPack.

Sources: the first line of /etc/nv_tegra_release, which NVIDIA's L4T writes; NVIDIA's JetPack archive for which JetPack
came with which L4T; the device tree's `model` property (Devicetree Specification 0.4, 2.3.2).
"""

from __future__ import annotations

import re
from typing import Optional

import msgspec

from edge.device.files import HERE, Read

_RELEASE = re.compile(r"^#\s*R(?P<major>\d+)\s*\(release\),\s*REVISION:\s*(?P<revision>\d+(?:\.\d+)*)", re.MULTILINE)
_JETPACK = {
    "32.4.3": "4.4",
    "32.4.4": "4.4.1",
    "32.5": "4.5",
    "32.5.1": "4.5.1",
    "32.5.2": "4.5.1",
    "32.6.1": "4.6",
    "32.7.1": "4.6.1",
    "32.7.2": "4.6.2",
    "32.7.3": "4.6.3",
    "32.7.4": "4.6.4",
    "32.7.5": "4.6.5",
    "32.7.6": "4.6.6",
    "34.1": "5.0 DP",
    "34.1.1": "5.0.1 DP",
    "35.1": "5.0.2",
    "35.2.1": "5.1",
    "35.3.1": "5.1.1",
    "35.4.1": "5.1.2",
    "35.5": "5.1.3",
    "35.6": "5.1.4",
    "35.6.1": "5.1.5",
    "35.6.2": "5.1.5",
    "35.6.4": "5.1.6",
    "36.2": "6.0 DP",
    "36.3": "6.0",
    "36.4": "6.1",
    "36.4.3": "6.2",
    "36.4.4": "6.2.1",
    "36.4.7": "6.2.1",
    "36.5": "6.2.2",
    "38.2": "7.0",
    "38.2.1": "7.0",
    "38.4": "7.1",
}
_JETPACK_OF_MAJOR = {32: "4", 34: "5", 35: "5", 36: "6", 38: "7", 39: "7"}


class Board(msgspec.Struct, frozen=True):
    """`model` is what the device tree says, `l4t` like ``35.4.1``, `jetpack` like ``5.1.2``; None where unknown."""

    model: Optional[str]
    l4t: Optional[str]
    jetpack: Optional[str]


def read_board(read: Read = HERE.read) -> Board:
    """The board that this machine is; all None on an ordinary computer."""
    model = (read("/proc/device-tree/model") or "").strip("\0\n ")
    l4t = parse_tegra_release(read("/etc/nv_tegra_release") or "")
    return Board(model=model or None, l4t=l4t, jetpack=jetpack_of(l4t))


def parse_tegra_release(text: str) -> Optional[str]:
    """``35.4.1`` of ``# R35 (release), REVISION: 4.1, ...``; None when the text is not of this form."""
    match = _RELEASE.search(text)
    return f"{match['major']}.{match['revision']}" if match else None


def jetpack_of(l4t: Optional[str]) -> Optional[str]:
    """The JetPack of an L4T release; of one that is not known its major version alone (``5.x``), or None."""
    if l4t is None:
        return None
    known = _JETPACK.get(l4t) or _JETPACK.get(re.sub(r"(\.0)+$", "", l4t))
    if known:
        return known
    major = _JETPACK_OF_MAJOR.get(int(l4t.split(".")[0]))
    return f"{major}.x" if major else None
