"""Which packages are installed, and of onnxruntime whether it is one build only."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Callable, NamedTuple, Optional

RUNTIMES = ("onnxruntime", "onnxruntime-gpu")

Lookup = Callable[[str], Optional[str]]
"""Gives the version of an installed package, None when it is not installed."""


class TwoBuilds(NamedTuple):
    """What is wrong with two builds of onnxruntime, and its mend."""

    what: str
    mend: str


def installed_version(package: str) -> Optional[str]:
    """The version that the package's metadata states; nothing is imported."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def two_builds(lookup: Lookup = installed_version) -> Optional[TwoBuilds]:
    """What to say of more than one installed build of onnxruntime, None where there is none or one.

    They are builds of one import package, so the files of one lie over those of the other. What runs then depends on
    the order in which they were installed, and mostly it is the one for the CPU.
    """
    present = [package for package in RUNTIMES if lookup(package) is not None]
    if len(present) < 2:
        return None
    return TwoBuilds(
        f"{' and '.join(present)} are both installed and overwrite each other",
        f"pip uninstall {' '.join(present)}, then install one of them again",
    )
