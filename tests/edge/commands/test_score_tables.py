"""The command `score` on tables, with a bundle that was trained on one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest
from table_bundle import HEADER, make_table_bundle


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_table_bundle(tmp_path_factory.mktemp("tables") / "table")


def records(out: str) -> List[Dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def write(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_verdicts_say_which_score_spoke_and_which_fields_are_odd(
    bundle: Path, tmp_path: Path, oddline: Callable[..., Any]
) -> None:
    log = write(tmp_path / "flows.csv", HEADER, "1,2,3", "20,2,3", "1,2,150", "20,2,200")
    ended = oddline("score", bundle, log)
    assert ended.status == 0
    found = records(ended.out)
    assert [(one["line"], one["score"], one["found_by"]) for one in found] == [
        (3, 2.0, ["novelty"]),
        (4, 1.5, ["attack"]),
        (5, 2.0, ["attack", "novelty"]),
    ]
    assert found[0]["reasons"] == [{"text": "Duration=20", "start": 0, "end": 2, "score": 0.2}]
    assert found[1]["reasons"] == [{"text": "Bytes=150", "start": 4, "end": 7, "score": 1.5}]


def test_the_rows_that_cannot_be_scored_are_named_and_counted(
    bundle: Path, tmp_path: Path, oddline: Callable[..., Any]
) -> None:
    bad = ["1,2,inf", "1,,3", "1,2", "1,2,3,4", "1,2,x", "1e60,2,3", '"1,2,3']
    log = write(tmp_path / "flows.csv", HEADER, "1,2,3", *bad, HEADER, "1,2,900")
    ended = oddline("score", bundle, log)
    assert ended.status == 0
    *unscored, last = records(ended.out)
    assert [(one["line"], one["unscored"]) for one in unscored] == [
        (3, "Bytes is infinite"),
        (4, "Total Fwd Packets is missing"),
        (5, "the row has 2 fields where the header has 3"),
        (6, "the row has 4 fields where the header has 3"),
        (7, "Bytes is 'x', which is no number"),
        (8, "Duration is too large"),
        (9, "Duration is '\"1', which is no number"),
    ]
    assert all((one["score"], one["p_value"], one["anomalous"]) == (None, None, False) for one in unscored)
    assert (last["line"], last["anomalous"], last["unscored"]) == (11, True, None)
    summary = ended.err.splitlines()[-1]
    assert "11 lines from 1 source, 9 records, 1 anomalous" in summary
    assert "7 that could not be scored" in summary
    assert "plain text" not in summary


def test_other_orders_more_columns_and_other_names_score_the_same(
    bundle: Path, tmp_path: Path, oddline: Callable[..., Any]
) -> None:
    log = write(tmp_path / "flows.csv", "Label;bytes;Tot Fwd Pkts;duration;x", "BENIGN;900;2;1;")
    (found,) = records(oddline("score", bundle, log).out)
    assert (found["score"], found["found_by"]) == (9.0, ["attack"])
    assert found["reasons"] == [{"text": "Bytes=900", "start": 7, "end": 10, "score": 9.0}]


def test_a_source_that_lacks_a_column_is_complained_of_and_the_next_one_follows(
    bundle: Path, tmp_path: Path, oddline: Callable[..., Any]
) -> None:
    lacking = write(tmp_path / "lacking.csv", "Duration,Bytes", "1,900")
    good = write(tmp_path / "good.csv", HEADER, "1,2,900")
    ended = oddline("score", bundle, lacking, good)
    assert ended.status == 1
    assert [one["source"] for one in records(ended.out)] == [str(good)]
    (error,) = [line for line in ended.err.splitlines() if "error" in line]
    assert f"{lacking}: it has no column Total Fwd Packets; " in error


def test_people_see_the_names_and_why_not(bundle: Path, tmp_path: Path, oddline: Callable[..., Any]) -> None:
    log = write(tmp_path / "flows.csv", HEADER, "1,2,900", "1,2,inf")
    lines = oddline("score", bundle, log, "--output-format", "text").out.splitlines()
    assert "1,2,«900»  [attack, Bytes=900]" in lines[0]
    assert lines[1].endswith("1,2,inf  [not scored: Bytes is infinite]")


def test_verify_replays_the_rows_that_cannot_be_scored_too(bundle: Path, oddline: Callable[..., Any]) -> None:
    golden = records((bundle / "golden.jsonl").read_text(encoding="utf-8"))
    assert [one["score"] is None for one in golden] == [False] * 4 + [True] * 3
    assert oddline("verify", bundle).status == 0


def test_a_table_without_a_row_is_said(bundle: Path, tmp_path: Path, oddline: Callable[..., Any]) -> None:
    log = write(tmp_path / "flows.csv", HEADER, "", HEADER)
    ended = oddline("score", bundle, log)
    assert (ended.status, ended.out) == (0, "")
    first, summary = ended.err.splitlines()
    assert first == f"oddline: {log}: holds no records, only lines that are none, such as a header or blank ones"
    assert summary.startswith("oddline: 3 lines from 1 source, 0 records, 0 anomalous")
