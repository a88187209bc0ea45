"""constraints.txt pins what pyproject.toml asks for, on every Python."""

from __future__ import annotations

import sys
from functools import lru_cache
from pathlib import Path
from typing import Dict, List, Optional, Tuple

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PYTHONS = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13")


@lru_cache(maxsize=None)
def read_pins() -> Dict[str, List[Tuple[str, Optional[Marker]]]]:
    pins: Dict[str, List[Tuple[str, Optional[Marker]]]] = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        requirement = Requirement(line)
        (specifier,) = requirement.specifier
        assert specifier.operator == "==", line
        assert requirement.url is None, line
        pins.setdefault(canonicalize_name(requirement.name), []).append((specifier.version, requirement.marker))
    return pins


def applies(marker: Optional[Marker], python: str) -> bool:
    environment = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux", "extra": ""}
    return marker is None or marker.evaluate(environment)


def pinned(name: str, python: str) -> List[str]:
    return [version for version, marker in read_pins().get(canonicalize_name(name), []) if applies(marker, python)]


def direct_requirements() -> List[Requirement]:
    extras = PROJECT["project"]["optional-dependencies"].values()
    return [Requirement(line) for part in (PROJECT["project"]["dependencies"], *extras) for line in part]


@pytest.mark.parametrize("python", PYTHONS)
def test_each_requirement_has_one_pin_that_satisfies_it(python: str) -> None:
    for requirement in direct_requirements():
        if applies(requirement.marker, python):
            versions = pinned(requirement.name, python)
            assert len(versions) == 1, f"{requirement} on Python {python}: {versions}"
            assert requirement.specifier.contains(versions[0]), f"{requirement} on Python {python}: {versions}"


@pytest.mark.parametrize("python", PYTHONS)
def test_no_package_has_two_pins_on_one_python(python: str) -> None:
    assert {name: pinned(name, python) for name in read_pins() if len(pinned(name, python)) > 1} == {}


@pytest.mark.parametrize(
    ("name", "series"),
    [
        ("numpy", "1.24"),
        ("onnxruntime", "1.16.3"),
        ("tokenizers", "0.20"),
        ("typer", "0.20"),
        ("msgspec", "0.18.6"),
    ],
)
def test_python_38_is_pinned_where_jetpack_5_is(name: str, series: str) -> None:
    (version,) = pinned(name, "3.8")
    assert f"{version}.".startswith(f"{series}.")
