"""Which versions of the packages that the runtime needs are installed."""

from __future__ import annotations

from typing import Dict, Optional

from edge.device.packages import RUNTIMES, Lookup, installed_version

__all__ = ["RUNTIMES", "package_versions"]

_PACKAGES = ("numpy", "tokenizers", "typer", "msgspec", *RUNTIMES)


def package_versions(lookup: Lookup = installed_version) -> Dict[str, Optional[str]]:
    """The version of each package, in a fixed order; None for one that is not installed."""
    return {package: lookup(package) for package in _PACKAGES}
