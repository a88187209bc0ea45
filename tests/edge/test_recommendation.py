from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from edge.doctor.machine import read_machine
from edge.errors import OutputError
from edge.recommendation import (
    SCHEMA_VERSION,
    Recommendation,
    Setup,
    path_of,
    record,
    recorded,
    refuse_unwritable,
    setup_of,
)

SETUP = Setup(
    "a" * 64,
    "NVIDIA Carmel",
    8,
    ["Xavier, compute capability 7.2"],
    "onnxruntime-gpu 1.16.0",
    "35.4.1",
    "MAXN (number 0)",
)
FOUND = Recommendation(SCHEMA_VERSION, "2025-03-04T05:06:07+00:00", "0.2.0", SETUP, "cuda", 128, 0, 9000.0, 0.7)


def test_what_is_recorded_is_found_again(tmp_path: Path) -> None:
    path = record(FOUND, tmp_path)
    assert path == tmp_path / "recommendations" / f"{SETUP.key}.json"
    assert recorded(SETUP, tmp_path) == (FOUND, None)
    newer = replace(FOUND, provider="cpu", threads=4)
    record(newer, tmp_path)
    assert recorded(SETUP, tmp_path) == (newer, None)
    assert [one.name for one in path.parent.iterdir()] == [path.name], "nothing is left beside it"


def test_the_cache_folder_of_the_user_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ODDLINE_CACHE_DIR", str(tmp_path / "own"))
    assert record(FOUND).parent == tmp_path / "own" / "recommendations"
    assert recorded(SETUP) == (FOUND, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"model_sha256": "b" * 64},
        {"cpu": "AMD EPYC"},
        {"usable_cores": 4},
        {"gpus": []},
        {"onnxruntime": "onnxruntime-gpu 1.17.0"},
        {"l4t": "35.5.0"},
        {"power_mode": "MODE_15W (number 2)"},
        {"power_mode": None},
    ],
)
def test_another_model_or_machine_has_none(tmp_path: Path, changes: Any) -> None:
    record(FOUND, tmp_path)
    assert recorded(replace(SETUP, **changes), tmp_path) == (None, None)


def test_it_says_itself_in_a_line() -> None:
    assert str(FOUND) == "as measured on 2025-03-04: cuda, batch 128"
    assert str(replace(FOUND, provider="cpu", threads=2)) == "as measured on 2025-03-04: cpu, batch 128, 2 threads"
    assert str(replace(FOUND, threads=1)).endswith("1 thread")


@pytest.mark.parametrize("text", ["", "no JSON", "{}", "[]", '{"schema_version": 2}', "\xff"])
def test_a_damaged_file_is_not_used_and_said(tmp_path: Path, text: str) -> None:
    path = record(FOUND, tmp_path)
    path.write_bytes(text.encode("latin-1"))
    found, why = recorded(SETUP, tmp_path)
    assert found is None
    assert why is not None
    assert why.startswith(f"{path}: the recommendation is damaged (")
    assert "measure again: oddline bench BUNDLE LOG --providers all" in why


def test_another_schema_version_is_not_used(tmp_path: Path) -> None:
    path = record(FOUND, tmp_path)
    path.write_text('{"schema_version": 7, "else": 1}')
    found, why = recorded(SETUP, tmp_path)
    assert (found, "is of schema version 7, and is not used" in str(why)) == (None, True)


def test_a_foreign_file_is_not_used(tmp_path: Path) -> None:
    path = record(FOUND, tmp_path)
    other = replace(SETUP, model_sha256="b" * 64)
    path.rename(path_of(other, tmp_path))
    found, why = recorded(other, tmp_path)
    assert (found, "is for another model or machine" in str(why)) == (None, True)


@pytest.mark.parametrize(
    "changes", [{"batch_size": 0}, {"batch_size": 1 << 20}, {"threads": -1}, {"threads": 99_999}, {"provider": "rocm"}]
)
def test_what_cannot_be_is_damage(tmp_path: Path, changes: Any) -> None:
    record(replace(FOUND, **changes), tmp_path)
    found, why = recorded(SETUP, tmp_path)
    assert (found, "it names what cannot be" in str(why)) == (None, True)


def test_a_folder_in_its_place_is_said(tmp_path: Path) -> None:
    path_of(SETUP, tmp_path).mkdir(parents=True)
    found, why = recorded(SETUP, tmp_path)
    assert (found, "cannot be read (Is a directory)" in str(why)) == (None, True)


def test_a_cache_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "recommendations").write_text("a file in the way")
    with pytest.raises(OutputError, match=r"the recommendation cannot be written .*ODDLINE_CACHE_DIR"):
        record(FOUND, tmp_path)


def test_that_is_found_out_beforehand_too(tmp_path: Path) -> None:
    refuse_unwritable(tmp_path / "cache")
    assert list((tmp_path / "cache" / "recommendations").iterdir()) == []
    (tmp_path / "recommendations").write_text("a file in the way")
    with pytest.raises(OutputError, match=r"the recommendation cannot be written .*ODDLINE_CACHE_DIR"):
        refuse_unwritable(tmp_path)


def test_the_setup_has_what_a_board_adds() -> None:
    machine = read_machine()
    machine = replace(machine, board=replace(machine.board, l4t="35.4.1"))
    found = setup_of("a" * 64, machine, [], "MAXN (number 0)")
    assert (found.l4t, found.power_mode) == ("35.4.1", "MAXN (number 0)")


@given(place=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_a_changed_byte_never_breaks_the_reader(
    tmp_path_factory: pytest.TempPathFactory, place: int, byte: int
) -> None:
    folder = tmp_path_factory.mktemp("cache")
    path = record(FOUND, folder)
    data = bytearray(path.read_bytes())
    data[place % len(data)] = byte
    path.write_bytes(bytes(data))
    found, why = recorded(SETUP, folder)
    assert (found is None) == (why is not None)


def test_the_file_is_json_for_people(tmp_path: Path) -> None:
    written = json.loads(record(FOUND, tmp_path).read_text())
    assert next(iter(written)) == "schema_version"
    assert written["setup"]["onnxruntime"] == "onnxruntime-gpu 1.16.0"
