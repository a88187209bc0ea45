"""Which versions of the packages that the runtime needs are installed."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Callable, Dict, List, Optional, Sequence

RUNTIMES = ("onnxruntime", "onnxruntime-gpu")
_PACKAGES = ("numpy", "tokenizers", "typer", "msgspec", *RUNTIMES)

Lookup = Callable[[str], Optional[str]]
"""Gives the version of an installed package, None when it is not installed."""


def installed_version(package: str) -> Optional[str]:
    """The version that the package's metadata states; nothing is imported."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def package_versions(lookup: Lookup = installed_version) -> Dict[str, Optional[str]]:
    """The version of each package, in a fixed order; None for one that is not installed."""
    return {package: lookup(package) for package in _PACKAGES}


def both_runtimes(versions: Dict[str, Optional[str]], runtimes: Sequence[str] = RUNTIMES) -> List[str]:
    """The installed builds of onnxruntime, when there is more than one; empty otherwise.

    They are different builds of one import package, so the files of one lie over those of the other.
    """
    present = [package for package in runtimes if versions.get(package) is not None]
    return present if len(present) > 1 else []
