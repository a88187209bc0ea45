"""Logs to evaluate on: what is read, as which format, and what is too little."""

from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path

import numpy as np
import pytest
from evaluate_samples import SYSLOG, normal_lines, odd_lines, write_log

from edge.bundle.preprocessing import FormatSpec
from edge.errors import InputError, TooLittleDataError
from edge.files.paths import Source
from edge.runtime.pipeline import FormatChoice
from export.evaluate.reading import LogFile, read_material


def quiet(_: str) -> None:
    pass


def test_folders_and_several_paths(tmp_path: Path) -> None:
    (tmp_path / "odd").mkdir()
    write_log(tmp_path / "odd" / "a.log", odd_lines(2))
    (tmp_path / "odd" / "b.log.gz").write_bytes(gzip.compress("\n".join(odd_lines(3)).encode()))
    paths = [write_log(tmp_path / f"{name}.log", normal_lines(60)) for name in ("one", "two")]
    material = read_material(paths, [str(tmp_path / "odd")], say=quiet)
    assert [len(file) for file in material.normal] == [60, 60]
    assert [(Path(file.name).name, len(file)) for file in material.anomalous] == [("a.log", 2), ("b.log.gz", 3)]


@pytest.mark.parametrize("count", [0, 1, 99])
def test_too_few_normal_lines(tmp_path: Path, count: int) -> None:
    normal = write_log(tmp_path / "normal.log", normal_lines(count))
    odd = write_log(tmp_path / "odd.log", odd_lines(1))
    with pytest.raises(TooLittleDataError, match=rf"normal\.log: {count} normal lines are too few.*--normal"):
        read_material([normal], [odd], say=quiet)


def test_no_anomalous_line(tmp_path: Path) -> None:
    normal = write_log(tmp_path / "normal.log", normal_lines(100))
    with pytest.raises(TooLittleDataError, match=r"odd\.log: there is no anomalous line.*--anomalous"):
        read_material([normal], [write_log(tmp_path / "odd.log", [])], say=quiet)


def test_a_missing_path_is_told_before_anything_is_read(tmp_path: Path) -> None:
    normal = write_log(tmp_path / "normal.log", [])
    with pytest.raises(InputError, match="nowhere: there is no such file"):
        read_material([normal], [str(tmp_path / "nowhere")], say=quiet)


def test_stdin_on_one_side_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="only once"):
        read_material(["-"], ["-"], say=quiet)
    lines = "".join(f"{line}\n" for line in normal_lines(100)).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines)))
    odd = write_log(tmp_path / "odd.log", odd_lines(1))
    assert len(read_material(["-"], [odd], say=quiet).normal[0]) == 100


def test_one_reading_serves_detectors_of_different_formats() -> None:
    said: list[str] = []
    line = normal_lines(1)[0]
    file = LogFile(Source(None, "x"), [line.encode()] * 5)
    plain = FormatSpec(name="plain", layout=None, fields=None, header=None, skip_characters=16)
    assert file.contents(FormatChoice(SYSLOG), said.append) == ["cron[0]: job 0 done"] * 5
    assert file.contents(FormatChoice(plain), said.append) == [line] * 5
    assert file.contents(FormatChoice(SYSLOG), said.append) == ["cron[0]: job 0 done"] * 5
    assert said == ["x: format syslog (5 of the first 5 lines)"]


def test_the_format_is_found_by_the_whole_file_where_few_lines_count() -> None:
    lines = [*normal_lines(9), "no header at all"]
    file = LogFile(Source(None, "x"), [line.encode() for line in lines], keep=np.array([9, 0]))
    assert len(file) == 2
    assert file.contents(FormatChoice(SYSLOG), quiet) == ["no header at all", "cron[0]: job 0 done"]
