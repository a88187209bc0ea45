"""Every module of edge is imported for real, and brings no workstation package with it.

In the device environment this shows that the device's packages are enough; beside TensorFlow it shows that none of
them is loaded all the same.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import List

import pytest

ROOT = Path(__file__).resolve().parents[2]
WORKSTATION = {
    "export", "tensorflow", "keras", "tf2onnx", "onnx", "onnxslim", "pandas", "scipy", "sklearn", "matplotlib", "drain3"
}  # fmt: skip

IMPORT_ALL = """
import importlib, json, pkgutil, sys
import edge

def fail(name):
    raise

names = [m.name for m in pkgutil.walk_packages(edge.__path__, "edge.", onerror=fail)]
for name in names:
    if not name.endswith(".__main__"):
        importlib.import_module(name)
print(json.dumps([names, sorted(sys.modules)]))
"""


def test_every_module_imports_without_a_workstation_package() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL], cwd=str(ROOT), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    names, loaded = json.loads(done.stdout)
    assert {name.split(".")[0] for name in loaded} & WORKSTATION == set()
    files = {path.relative_to(ROOT) for path in (ROOT / "edge").rglob("*.py")} - {Path("edge/__init__.py")}
    assert len(names) == len(files), "a module was not found by its package: is an __init__.py missing?"


def test_the_command_line_starts_without_what_only_some_commands_need() -> None:
    """A shell loop, or a person who asks for help, waits for each module that is imported here."""
    code = "import json, sys, edge.cli; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=str(ROOT), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded = [name for name in json.loads(done.stdout) if name.startswith(("edge.", "tokenizers", "onnxruntime"))]
    needless = ("edge.runtime.s", "edge.runtime.p", "edge.runtime.f", "edge.doctor", "edge.device", "edge.bundle")
    assert [name for name in loaded if name.startswith((*needless, "edge.engines.t", "tokenizers", "onnx"))] == []


@pytest.mark.parametrize(
    ("package", "below"),
    [
        ("device", ["bench", "commands", "doctor", "engines", "runtime"]),
        ("runtime", ["bench", "commands", "doctor"]),
        ("engines", ["bench", "commands", "doctor"]),
        ("doctor", ["bench", "commands"]),
    ],
)
def test_packages_import_each_other_in_one_direction(package: str, below: List[str]) -> None:
    found = []
    for path in sorted((ROOT / "edge" / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            found += [
                f"{path.name}: {name}" for name in names if name.split(".")[:2] in [["edge", one] for one in below]
            ]
    assert found == []


@pytest.mark.skipif(Path(sys.prefix).name != ".venv-device", reason="only the device environment holds nothing else")
def test_device_environment_holds_no_workstation_package() -> None:
    # export lies beside edge in the checkout; it is the one name of the list that is not an installed package.
    assert [name for name in sorted(WORKSTATION - {"export"}) if importlib.util.find_spec(name) is not None] == []
