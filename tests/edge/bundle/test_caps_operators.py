"""The lists of operators: what is in them, where they come from, that they are installed, and damaged ones."""

from __future__ import annotations

import json
import pkgutil
import shutil
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.bundle.caps import TARGETS
from edge.bundle.caps.conditions import Condition
from edge.bundle.caps.operators import operator_list
from edge.bundle.onnx_values import DTYPES
from edge.errors import CapsError

ROOT = Path(__file__).resolve().parents[3]
DATA = ROOT / "edge" / "bundle" / "data"
NAMES = sorted(path.stem for path in DATA.glob("*.json"))


def test_every_target_has_its_lists_and_no_list_is_left_over() -> None:
    assert sorted(name for target in TARGETS.values() for name in target.lists) == NAMES
    assert TARGETS["xavier-jp5"].lists == ("tensorrt-8.5",)


@pytest.mark.parametrize("name", NAMES)
def test_a_list_says_where_it_comes_from(name: str) -> None:
    found = operator_list(name)
    assert found.source.repository == "https://github.com/onnx/onnx-tensorrt"
    assert found.source.licence == "Apache-2.0"
    assert found.source.path.startswith("docs/")
    assert found.source.revision
    assert found.runtime == name.replace("tensorrt-", "TensorRT ")


@pytest.mark.parametrize("name", NAMES)
def test_rules_are_of_types_that_there_are(name: str) -> None:
    for operator, rule in operator_list(name).operators.items():
        assert set(rule.types) <= set(DTYPES), operator
        assert bool(rule.types) == rule.supported, operator
        assert not rule.conditions or rule.supported, operator
        assert all(condition.mend for condition in rule.conditions), operator


def test_what_tensorrt_8_5_has() -> None:
    found = operator_list("tensorrt-8.5")
    assert found.max_opset == 17
    assert found.narrowed == {"int64": "int32"}
    assert len(found.operators) == 180
    assert sum(rule.supported for rule in found.operators.values()) == 142
    for operator in ("IsInf", "LayerNormalization", "QLinearConv", "DynamicQuantizeLinear", "Hardmax", "Unique"):
        assert not found.operators[operator].supported
    assert found.operators["LSTM"].types == ["float32", "float16"]
    assert found.operators["GatherND"].types == ["float32", "float16", "int8", "int32", "bool"]
    assert found.operators["Where"].inputs == [1, 2]
    assert found.operators["Add"].inputs is None


def test_what_later_versions_have_besides() -> None:
    older, newer = (operator_list(f"tensorrt-{version}").operators for version in ("8.5", "8.6"))
    assert {name for name in newer if older.get(name) != newer[name]} == {
        *("GroupNormalization", "LayerNormalization", "IsInf", "ArgMax", "ArgMin", "TopK", "ReverseSequence")
    }
    assert operator_list("tensorrt-10.15").narrowed == {}


def test_every_kind_of_condition_is_used() -> None:
    used = {type(one) for name in NAMES for rule in operator_list(name).operators.values() for one in rule.conditions}
    assert used == set(Condition.__args__)  # type: ignore[attr-defined]


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts other bytes, or an error, where the lists are."""

    def put(content: Any) -> None:
        def read(package: str, path: str) -> Any:
            assert (package, path) == ("edge.bundle", "data/tensorrt-0.json")
            if isinstance(content, Exception):
                raise content
            return content

        monkeypatch.setattr(pkgutil, "get_data", read)

    operator_list.cache_clear()
    return put


LIST = json.loads((DATA / "tensorrt-8.5.json").read_text())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (FileNotFoundError(2, "No such file"), "the list of operators is not installed"),
        (b"", "malformed"),
        (None, "malformed"),
        (json.dumps({**LIST, "more": 1}).encode(), "malformed.*more"),
        (json.dumps({**LIST, "schema_version": 2}).encode(), "schema version 2 is not 1"),
        (json.dumps({**LIST, "operators": {"Add": {"supported": True, "conditions": [{"kind": "x"}]}}}).encode(), "x"),
    ],
    ids=["missing", "empty", "none", "field", "version", "condition"],
)
def test_a_damaged_installation(stored: Any, content: Any, words: str) -> None:
    stored(content)
    with pytest.raises(CapsError, match=words) as caught:
        operator_list("tensorrt-0")
    assert caught.value.mend == "install oddline again"
    assert caught.value.where == "data/tensorrt-0.json"


@pytest.mark.parametrize("name", NAMES)
def test_a_list_is_kept_one_operator_a_line(name: str) -> None:
    text = (DATA / f"{name}.json").read_text()
    raw = json.loads(text)
    assert list(raw["operators"]) == sorted(raw["operators"])
    for operator, rule in raw["operators"].items():
        assert f"    {json.dumps(operator)}: {json.dumps(rule)}" in text
    assert msgspec.json.decode(text.encode(), type=dict)["schema_version"] == 1


@pytest.mark.skipif(find_spec("hatchling") is None, reason="hatchling, which builds the wheel, is not installed")
def test_the_wheel_has_the_lists(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    done = subprocess.run(command, cwd=str(ROOT), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(str(wheel)) as archive:
        assert {f"edge/bundle/data/{name}.json" for name in NAMES} <= set(archive.namelist())


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_no_rule_keeps_the_lists_out_of_the_wheel() -> None:
    """The wheel takes all of `edge` that git does not ignore."""
    ignored = subprocess.run(
        ["git", "check-ignore", *(str(path) for path in DATA.glob("*.json"))],
        cwd=str(ROOT),
        capture_output=True,
        text=True,
        check=False,
    )
    if ignored.returncode == 128:
        pytest.skip("not a git checkout")
    assert ignored.returncode == 1, ignored.stdout
    settings = (ROOT / "pyproject.toml").read_text()
    assert 'packages = ["edge", "export"]\nexclude = ["ruff.toml"]' in settings
