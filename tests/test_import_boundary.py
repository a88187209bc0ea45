"""Edge imports nothing that the device lacks, and export imports heavy packages only where it uses them.

Shown twice: at run time, in a process that refuses every other package, and by the linter's rules.
"""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Set, Tuple

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
DEVICE_PACKAGES = ("numpy", "onnxruntime", "tokenizers", "typer", "msgspec")
HEAVY = ("tensorflow", "keras", "tf2onnx", "onnx", "onnxslim", "scipy", "sklearn", "matplotlib", "drain3")
WORKSTATION = ("export", "pandas", *HEAVY)

# Imports every module of a package while each top-level name that is not allowed is answered as if it were not
# installed. Arguments: the package, then the allowed names. A refused name that stands on the second list is an error
# even where the importing module could live without it.
BARE = """
import importlib, pkgutil, sys

package, allowed, workstation = sys.argv[1], set(sys.argv[2].split()), set(sys.argv[3].split())
refused = set()

class Refuse:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        # _sysconfigdata...: CPython's own build data, named after the platform
        if top not in allowed and not top.startswith("_sysconfigdata"):
            refused.add(top)
            raise ModuleNotFoundError(f"{name} is not on the device", name=name)
        return None

def fail(name):
    raise

sys.meta_path.insert(0, Refuse())
root = importlib.import_module(package)
for module in pkgutil.walk_packages(root.__path__, package + ".", onerror=fail):
    if not module.name.endswith(".__main__"):
        importlib.import_module(module.name)
asked = sorted(refused & workstation)
sys.exit(f"asked for {asked}" if asked else 0)
"""


def requirement_closure(names: Tuple[str, ...]) -> Set[str]:
    """The distributions that installing `names` brings here, extras left out."""
    found: Set[str] = set()
    waiting = [canonicalize_name(name) for name in names]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        for line in metadata.requires(name) or []:
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(canonicalize_name(requirement.name))
    return found


@pytest.fixture(scope="module")
def device_modules() -> Set[str]:
    """Top-level module names of the standard library and of the device's packages with their requirements."""
    distributions = requirement_closure(DEVICE_PACKAGES)
    installed = {
        module
        for module, owners in metadata.packages_distributions().items()
        if any(canonicalize_name(owner) in distributions for owner in owners)
    }
    return set(sys.stdlib_module_names) | installed


def import_bare(package: str, allowed: Set[str], folder: Path) -> subprocess.CompletedProcess[str]:
    arguments = [package, " ".join(sorted(allowed | {package})), " ".join(WORKSTATION)]
    return subprocess.run(
        [sys.executable, "-c", BARE, *arguments], cwd=str(folder), capture_output=True, text=True, check=False
    )


def test_edge_needs_only_what_the_device_has(device_modules: Set[str]) -> None:
    done = import_bare("edge", device_modules, ROOT)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("line", ["import onnx", "import requests_toolbelt", "from export import cli"])
def test_bare_import_catches_a_leak(line: str, device_modules: Set[str], tmp_path: Path) -> None:
    package = tmp_path / "leaky"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "inner.py").write_text(line + "\n", encoding="utf-8")
    assert "is not on the device" in import_bare("leaky", device_modules, tmp_path).stderr


def test_bare_import_catches_a_leak_that_is_swallowed(device_modules: Set[str], tmp_path: Path) -> None:
    package = tmp_path / "leaky"
    package.mkdir()
    (package / "__init__.py").write_text(
        "try:\n    import onnx\nexcept ImportError:\n    onnx = None\n", encoding="utf-8"
    )
    assert "asked for ['onnx']" in import_bare("leaky", device_modules, tmp_path).stderr


def banned_by_linter(path: str, form: str, names: Tuple[str, ...]) -> Set[str]:
    """The `names` that ruff refuses when a module at `path` imports each of them in this form."""
    options = ["--no-cache", "--select=TID", "--output-format=concise", "--stdin-filename", path]
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", *options, "-"],
        cwd=str(ROOT),
        input="".join(form.format(name=name) for name in names),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return set(re.findall(r"TID25[13] `([a-z0-9]+)", done.stdout))


FORMS = {
    "module": "import {name}\n",
    "submodule": "import {name}.part\n",
    "member": "from {name} import part\n",
    "inside": "def use_{name}():\n    import {name}\n",
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_linter_bans_workstation_packages_in_edge(form: str) -> None:
    assert banned_by_linter("edge/text/probe.py", form, (*WORKSTATION, "numpy", "edge")) == set(WORKSTATION)


@pytest.mark.parametrize(("kind", "form"), FORMS.items(), ids=FORMS.keys())
def test_linter_bans_heavy_packages_at_module_level_of_export(kind: str, form: str) -> None:
    banned = banned_by_linter("export/train/probe.py", form, (*HEAVY, "numpy", "edge"))
    assert banned == (set() if kind == "inside" else set(HEAVY))
