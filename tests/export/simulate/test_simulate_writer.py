"""The files of a simulation."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from pathlib import Path

import pytest

from edge.errors import OutputError
from export.simulate import SimulatedLog, simulate_syslog, write_simulation


@pytest.fixture(scope="module")
def log() -> SimulatedLog:
    return simulate_syslog(11, 2, 900, datetime(2025, 3, 1))


def test_files_agree_with_each_other(log: SimulatedLog, tmp_path: Path) -> None:
    paths = write_simulation(log, tmp_path / "new" / "folder")
    data = paths.log.read_bytes()
    assert data == "".join(f"{line}\n" for line in log.lines).encode()
    header, *labels = (json.loads(line) for line in paths.labels.read_text("utf-8").splitlines())
    assert header["schema_version"] == 1
    assert header["seed"] == 11
    assert header["sha256"] == hashlib.sha256(data).hexdigest()
    assert header["lines"] == data.count(b"\n")
    assert header["bytes"] == len(data)
    assert header["anomalous_lines"] == len(labels) == sum(header["kinds"].values())
    lines = data.split(b"\n")
    anomalous = []
    for label in labels:
        assert set(label) == {"line", "offset", "kind", "incident"}
        assert data[label["offset"] :].startswith(lines[label["line"] - 1] + b"\n")
        anomalous.append(lines[label["line"] - 1])
    assert paths.anomalous.read_bytes().split(b"\n")[:-1] == anomalous
    first = header["held_out_from_line"] - 1
    assert paths.train.read_bytes().split(b"\n")[:-1] == lines[:first]
    numbers = {label["line"] for label in labels}
    normal = [line for number, line in enumerate(lines[:-1], start=1) if number > first and number not in numbers]
    assert paths.normal.read_bytes().split(b"\n")[:-1] == normal


def test_offsets_are_bytes_where_lines_are_not_ascii(tmp_path: Path) -> None:
    log = next(
        log
        for log in (simulate_syslog(seed, 1, 2000, datetime(2025, 3, 3)) for seed in range(20))
        if any("°C" in line for line in log.lines[: log.labels[0].line - 1])
    )
    paths = write_simulation(log, tmp_path)
    data = paths.log.read_bytes()
    label = log.labels[-1]
    assert data[label.offset :].decode().split("\n")[0] == log.lines[label.line - 1]


def test_same_seed_gives_the_same_bytes_and_leaves_nothing_else(log: SimulatedLog, tmp_path: Path) -> None:
    again = simulate_syslog(11, 2, 900, datetime(2025, 3, 1))
    for name, simulated in (("a", log), ("b", again)):
        write_simulation(simulated, tmp_path / name)
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == ["anomalous.log", "labels.jsonl", "normal.log", "syslog.log", "train.log"]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_an_earlier_simulation_is_replaced_and_other_files_stay(log: SimulatedLog, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "train.log").write_text("old")
    paths = write_simulation(log, tmp_path)
    assert paths.train.read_bytes() != b"old"
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_an_output_error(log: SimulatedLog, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(
        OutputError, match=r"file: a part of the path is a file, not a folder; choose another place"
    ) as caught:
        write_simulation(log, tmp_path / "file")
    assert caught.value.mend is not None


def test_a_failed_write_leaves_no_part_behind(log: SimulatedLog, tmp_path: Path) -> None:
    (tmp_path / "syslog.log").mkdir()  # nothing can be renamed onto a folder
    with pytest.raises(OutputError, match=r"syslog\.log"):
        write_simulation(log, tmp_path)
    assert not list(tmp_path.glob(".*.part"))
    assert (tmp_path / "syslog.log").is_dir()
