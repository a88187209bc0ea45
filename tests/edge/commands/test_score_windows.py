"""The device's commands on windows of access lines, with a bundle that was made for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest
from window_bundle import access_line, make_window_bundle

from edge.errors import FormatError
from edge.reading import sessions_of


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_window_bundle(tmp_path_factory.mktemp("windows") / "windows")


def write(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def records(out: str) -> List[Dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


SIZES = (10, 20, 30, 9000, 50, 60, 70, 80)


def test_a_reason_is_the_odd_line(bundle: Path, tmp_path: Path, oddline: Callable[..., Any]) -> None:
    log = write(tmp_path / "access.log", *map(access_line, SIZES))
    ended = oddline("score", bundle, log, "--all")
    assert ended.status == 0
    found = records(ended.out)
    assert [(one["line"], one["score"], one["anomalous"]) for one in found] == [
        (1, 30.0, False),
        (3, 9000.0, True),
        (5, 70.0, False),
        (6, 80.0, False),
    ]
    (odd,) = [one for one in found if one["anomalous"]]
    ((text, start, end),) = [(one["text"], one["start"], one["end"]) for one in odd["reasons"]]
    assert text == access_line(9000) == odd["text"][start:end]
    assert odd["timestamp"] == "2015-05-17T10:05:03+00:00"


def test_access_may_be_asked_for(bundle: Path, tmp_path: Path, oddline: Callable[..., Any]) -> None:
    log = write(tmp_path / "access.log", *map(access_line, SIZES))
    assert oddline("score", bundle, log, "--format", "access").out == oddline("score", bundle, log).out != ""


def test_lines_that_are_no_requests_are_scored(bundle: Path, tmp_path: Path, oddline: Callable[..., Any]) -> None:
    log = write(tmp_path / "access.log", access_line(5), "no request", "", access_line(2000))
    ended = oddline("score", bundle, log, "--all")
    found = records(ended.out)
    assert [(one["line"], one["score"], one["unscored"]) for one in found] == [(1, 5.0, None), (2, 2000.0, None)]
    assert f"{log}: 2 of 4 lines are not in the format requests" in ended.err


def test_lines_of_another_format_cannot_be_scored_and_say_so(
    bundle: Path, tmp_path: Path, oddline: Callable[..., Any]
) -> None:
    log = write(tmp_path / "access.log", "a line", "another line", "a third one")
    (one,) = records(oddline("score", bundle, log, "--format", "plain").out)
    assert (one["score"], one["unscored"]) == (None, "its line 1: bytes is 'a_line', which is no number")


def test_the_other_commands_know_it(bundle: Path, tmp_path: Path, oddline: Callable[..., Any]) -> None:
    ended = oddline("verify", bundle)
    assert (ended.status, "golden    4 lines (1 anomalous)" in ended.out) == (0, True)
    out = oddline("inspect", bundle).out
    assert "3 steps of 1 numbers; of fewer lines the first steps are empty" in out
    assert "steps: float32 [batch, 3, 2]" in out
    log = write(tmp_path / "access.log", *map(access_line, SIZES))
    ended = oddline("bench", bundle, log, "--seconds", "0.1")
    assert ended.status == 0, ended.err


def test_rows_need_no_dictionary() -> None:
    from msgspec.structs import replace
    from window_bundle import PREPROCESSING

    def nowhere(name: str) -> bytes:
        raise FormatError(name)

    sessions = sessions_of(PREPROCESSING, nowhere)
    assert sessions is not None
    assert sessions.words is not None
    other = replace(PREPROCESSING, format=replace(PREPROCESSING.format, name="access"))
    with pytest.raises(FormatError, match=r"dictionary\.json"):
        sessions_of(other, nowhere)
