"""The command `bench` on logs that hold nothing to measure with."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import pytest
from table_bundle import HEADER, make_table_bundle


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_table_bundle(tmp_path_factory.mktemp("tables") / "table")


def write(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_a_log_without_a_record_is_refused_and_does_not_hang(
    bundle: Path, tmp_path: Path, oddline: Callable[..., Any]
) -> None:
    log = write(tmp_path / "flows.csv", HEADER, "", HEADER)
    ended = oddline("bench", bundle, log, "--seconds", 0.05)
    assert (ended.status, ended.out) == (1, "")
    what = "there is no record in its 3 lines to measure with"
    assert ended.err == f"oddline: error: {log}: {what}; name a log that has some\n"


def test_a_record_behind_many_lines_that_are_none_is_found(
    bundle: Path, tmp_path: Path, oddline: Callable[..., Any]
) -> None:
    log = write(tmp_path / "flows.csv", *[HEADER] * 1500, "1,2,3")
    assert oddline("bench", bundle, log, "--seconds", 0.05, "--scenario", "end-to-end").status == 0


def test_a_table_without_a_column_is_named(bundle: Path, tmp_path: Path, oddline: Callable[..., Any]) -> None:
    log = write(tmp_path / "flows.csv", "Duration,Bytes", "1,2")
    ended = oddline("bench", bundle, log, "--seconds", 0.05)
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.startswith(f"oddline: error: {log}: it has no column Total Fwd Packets;")
