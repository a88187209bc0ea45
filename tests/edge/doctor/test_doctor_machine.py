from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Optional

import msgspec
import numpy as np
import pytest
import recorded

from edge import __version__
from edge.device.files import Files
from edge.device.meminfo import parse_kibibytes
from edge.device.packages import installed_version, two_builds
from edge.doctor.board import Board, jetpack_of, parse_tegra_release, read_board
from edge.doctor.machine import Machine, machine_rows, read_machine
from edge.doctor.memory import Memory, read_memory
from edge.doctor.packages import package_versions
from edge.doctor.processor import Processor, parse_cpu_model, read_processor
from edge.doctor.system import parse_glibc, parse_os_release, read_system


@pytest.mark.parametrize(
    ("text", "l4t", "jetpack"),
    [
        (recorded.XAVIER_RELEASE, "35.4.1", "5.1.2"),
        (recorded.ORIN_RELEASE, "36.4.3", "6.2"),
        (recorded.TX2_RELEASE, "32.5.1", "4.5.1"),
        ("# R32 (release), REVISION: 1.0, GCID: 0", "32.1.0", "4.x"),
        ("# R35 (release), REVISION: 6.4, GCID: 0", "35.6.4", "5.1.6"),
        ("# R35 (release), REVISION: 5.0, GCID: 35550185, BOARD: t186ref", "35.5.0", "5.1.3"),
        ("# R35 (release), REVISION: 1.0, GCID: 0", "35.1.0", "5.0.2"),
        ("# R36 (release), REVISION: 99.1, GCID: 0", "36.99.1", "6.x"),
        ("# R99 (release), REVISION: 1.0", "99.1.0", None),
        ("", None, None),
        ("# no release at all\n", None, None),
    ],
)
def test_releases_of_jetsons(text: str, l4t: Optional[str], jetpack: Optional[str]) -> None:
    assert parse_tegra_release(text) == l4t
    assert jetpack_of(l4t) == jetpack


def test_boards() -> None:
    assert read_board(recorded.xavier) == Board(model="Jetson-AGX", l4t="35.4.1", jetpack="5.1.2")
    assert read_board(recorded.nothing) == Board(model=None, l4t=None, jetpack=None)


@pytest.mark.parametrize(
    ("text", "model"),
    [
        (recorded.XAVIER_CPU * 8, "NVIDIA Carmel"),
        (recorded.A64FX_CPU, None),
        (recorded.X86_CPU, "AMD EPYC"),
        ("", None),
        ("model name\t:\n", None),
    ],
)
def test_models_of_processors(text: str, model: Optional[str]) -> None:
    assert parse_cpu_model(text) == model


def test_a_processor() -> None:
    found = read_processor(recorded.xavier, count=lambda: 8, usable=lambda: 4)
    assert found == Processor(model="NVIDIA Carmel", cores=8, usable=4)
    assert read_processor(recorded.nothing, count=lambda: None, usable=lambda: 2) == Processor("unknown", 2, 2)


def test_memory() -> None:
    assert read_memory(recorded.xavier) == Memory(24684084 * 1024, 23125064 * 1024, 54321 * 1024)
    assert read_memory(recorded.nothing) == Memory(None, None, None)
    assert parse_kibibytes("HugeMemTotal: 5 kB\nMemTotal: many kB\n", "MemTotal") is None


def test_systems() -> None:
    found = read_system(recorded.xavier, libc=lambda: "glibc 2.31")
    assert (found.os, found.glibc) == ("Ubuntu 20.04.6 LTS", "2.31")
    assert read_system(recorded.nothing, libc=lambda: None).glibc is None
    assert parse_glibc("musl 1.2") is None
    assert parse_os_release("PRETTY_NAME=Alpine\n") == "Alpine"
    assert parse_os_release('PRETTY_NAME=""\n') is None


def test_both_builds_of_onnxruntime_are_told() -> None:
    installed = {"numpy": "1.24.4", "onnxruntime": "1.16.3", "onnxruntime-gpu": "1.16.3"}
    versions = package_versions(installed.get)
    assert versions == {**installed, "tokenizers": None, "typer": None, "msgspec": None}
    told = two_builds(versions.get)
    assert told is not None
    assert told.what == "onnxruntime and onnxruntime-gpu are both installed and overwrite each other"
    assert told.mend.startswith("pip uninstall onnxruntime onnxruntime-gpu,")
    for one in ("onnxruntime", "onnxruntime-gpu"):
        assert two_builds({**versions, one: None}.get) is None


def test_versions_of_this_environment() -> None:
    assert package_versions()["numpy"] == np.__version__
    assert installed_version("no-such-distribution-of-oddline") is None


def test_this_machine() -> None:
    found = read_machine()
    assert found.oddline == __version__
    assert found.system.architecture == platform.machine()
    assert found.processor.usable == len(os.sched_getaffinity(0))
    assert found.memory.resident is not None
    assert found.memory.total is not None
    assert 1 << 20 < found.memory.resident < found.memory.total
    assert msgspec.json.decode(msgspec.json.encode(found), type=Machine) == found


def test_a_machine_in_words() -> None:
    rows = dict(machine_rows(read_machine(recorded.xavier, lambda package: "1.2" if package == "numpy" else None)))
    assert rows["L4T"] == "35.4.1 (JetPack 5.1.2)"
    assert rows["board"] == "Jetson-AGX"
    assert rows["CPU"].startswith("NVIDIA Carmel, ")
    assert rows["memory"] == "24,106 MiB, 22,583 MiB available"
    assert (rows["numpy"], rows["onnxruntime"]) == ("1.2", "not installed")
    bare = dict(machine_rows(read_machine(recorded.nothing)))
    assert not {"board", "L4T"} & set(bare)
    assert bare["resident"] == "unknown in this process"


def test_files_that_cannot_be_read_are_nothing(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"a\xffb")
    files = Files(str(tmp_path))
    assert files.read("/bytes") == "a\ufffdb"
    assert files.read("/missing") is None
    assert files.read("/") is None
