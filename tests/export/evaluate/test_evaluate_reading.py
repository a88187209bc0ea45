"""Logs to evaluate on: what is read, as which format, and what is too little."""

from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path

import numpy as np
import pytest
from evaluate_samples import PREPROCESSING, WHOLE_LINES, normal_lines, odd_lines, write_log
from msgspec.structs import replace

from edge.bundle.preprocessing import SessionSpec
from edge.dictionary.spec import Dictionary, encode_dictionary
from edge.errors import InputError, TooLittleDataError
from edge.files.paths import Source
from edge.reading import sessions_of
from export.evaluate.reading import LogFile, Reading, read_normal_and_anomalous


def quiet(_: str) -> None:
    pass


def test_folders_and_several_paths(tmp_path: Path) -> None:
    (tmp_path / "odd").mkdir()
    write_log(tmp_path / "odd" / "a.log", odd_lines(2))
    (tmp_path / "odd" / "b.log.gz").write_bytes(gzip.compress("\n".join(odd_lines(3)).encode()))
    paths = [write_log(tmp_path / f"{name}.log", normal_lines(60)) for name in ("one", "two")]
    material = read_normal_and_anomalous(paths, [str(tmp_path / "odd")], say=quiet)
    assert [lines for _, lines in material.parts()] == [60, 60, 2, 3]
    samples = material.samples(Reading(PREPROCESSING), quiet)
    assert samples.kinds == [""] * 120 + ["a.log"] * 2 + ["b.log.gz"] * 3
    assert samples.places[-1].endswith("b.log.gz:3")
    assert samples.texts[-1] == odd_lines(3)[-1]
    samples.check("x")


@pytest.mark.parametrize("count", [0, 1, 99])
def test_too_few_normal_records(tmp_path: Path, count: int) -> None:
    normal = write_log(tmp_path / "normal.log", normal_lines(count))
    odd = write_log(tmp_path / "odd.log", odd_lines(1))
    samples = read_normal_and_anomalous([normal], [odd], say=quiet).samples(Reading(PREPROCESSING), quiet)
    with pytest.raises(TooLittleDataError, match=rf"x: {count} normal records are too few"):
        samples.check("x")


def test_no_anomalous_record(tmp_path: Path) -> None:
    normal = write_log(tmp_path / "normal.log", normal_lines(100))
    odd = write_log(tmp_path / "odd.log", [])
    samples = read_normal_and_anomalous([normal], [odd], say=quiet).samples(Reading(PREPROCESSING), quiet)
    with pytest.raises(TooLittleDataError, match=r"x: there is no anomalous record.*--anomalous"):
        samples.check("x")


def test_a_missing_path_is_told_before_anything_is_read(tmp_path: Path) -> None:
    normal = write_log(tmp_path / "normal.log", [])
    with pytest.raises(InputError, match="nowhere: there is no such file"):
        read_normal_and_anomalous([normal], [str(tmp_path / "nowhere")], say=quiet)


def test_stdin_on_one_side_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="only once"):
        read_normal_and_anomalous(["-"], ["-"], say=quiet)
    lines = "".join(f"{line}\n" for line in normal_lines(100)).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines)))
    odd = write_log(tmp_path / "odd.log", odd_lines(1))
    assert read_normal_and_anomalous(["-"], [odd], say=quiet).parts()[0][1] == 100


def test_one_reading_serves_detectors_of_different_formats() -> None:
    said: list[str] = []
    line = normal_lines(1)[0]
    file = LogFile(Source(None, "x"), [line.encode()] * 5)
    assert file.samples(Reading(PREPROCESSING), said.append).contents == ["cron[0]: job 0 done"] * 5
    assert file.samples(Reading(WHOLE_LINES), said.append).contents == [line] * 5
    assert file.samples(Reading(PREPROCESSING), said.append).contents == ["cron[0]: job 0 done"] * 5
    assert said == ["x: format syslog (5 of the first 5 lines)"]


def test_the_format_is_found_by_the_whole_file_where_few_lines_count() -> None:
    lines = [*normal_lines(9), "no header at all"]
    file = LogFile(Source(None, "x"), [line.encode() for line in lines], keep=np.array([9, 0]))
    assert len(file) == 2
    assert file.samples(Reading(PREPROCESSING), quiet).contents == ["no header at all", "cron[0]: job 0 done"]


def test_days_are_those_of_the_normal_records(tmp_path: Path) -> None:
    """Nine days of one log and nine of another; what the odd ones span does not count."""
    days = [f"Mar  {day} 04:00:00 box cron: done" for day in range(1, 10)]
    paths = [write_log(tmp_path / f"{name}.log", days) for name in ("one", "two")]
    odd = write_log(tmp_path / "odd.log", odd_lines(2))
    assert read_normal_and_anomalous(paths, [odd], say=quiet).samples(Reading(PREPROCESSING), quiet).days == 16
    assert read_normal_and_anomalous(paths, [odd], say=quiet).samples(Reading(WHOLE_LINES), quiet).days is None


def test_lines_that_do_not_fit_and_what_sessions_say_are_told(tmp_path: Path) -> None:
    """As `score` tells them."""
    lines = [*normal_lines(60), "no header at all", "nor here"]
    normal = write_log(tmp_path / "normal.log", lines)
    odd = write_log(tmp_path / "odd.log", odd_lines(1))
    said: list[str] = []
    read_normal_and_anomalous([normal], [odd], say=quiet).samples(Reading(PREPROCESSING), said.append)
    assert f"{normal}: 2 of 62 records are not in the format syslog, and are kept" in said
    assert not any(line.startswith(f"{odd}: 0") for line in said)
    spec = SessionSpec(key=r"job (\d)", idle_records=9, length=None, step=None, seconds=None)
    preprocessing = replace(PREPROCESSING, sessions=spec)
    empty = encode_dictionary(Dictionary(schema_version=1, templates=[]))
    said.clear()
    Reading(preprocessing, sessions_of(preprocessing, lambda _: empty)).read(Source(None, "stdin"), lines, said.append)
    assert any(line.endswith("lines hold no session key; each is a session by itself") for line in said)
