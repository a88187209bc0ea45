"""The simulated access log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.errors import InputError
from edge.formats.access import AccessFormat
from export.simulate.access.attacks import KINDS
from export.simulate.access.generate import simulate_access, simulate_site


def test_equal_seeds_give_equal_logs() -> None:
    assert simulate_access(3, 2, 300) == simulate_access(3, 2, 300)
    assert simulate_access(3, 2, 300).lines != simulate_access(4, 2, 300).lines


def test_every_line_is_a_request_and_they_stand_in_order() -> None:
    log = simulate_access(0, 3, 1000)
    records = AccessFormat().parse(log.lines)
    assert not records.unparsed.any()
    stamps = [records.timestamp(index) or "" for index in range(len(log.lines))]
    assert stamps == sorted(stamps)
    assert stamps[0][:10] == "2025-03-01"
    assert stamps[-1][:10] == "2025-03-03"
    assert len(log.lines) == pytest.approx(3000, abs=30)


def test_attacks_of_every_kind_stand_in_the_last_fifth_only() -> None:
    log = simulate_access(1, 7, 1500)
    assert {label.kind for label in log.labels} == set(KINDS)
    assert min(label.line for label in log.labels) > log.held_out_from
    assert 0.03 < len(log.labels) / (len(log.lines) - log.held_out_from) < 0.09
    whole = "".join(f"{line}\n" for line in log.lines).encode()
    for label in log.labels:
        line = log.lines[label.line - 1].encode()
        assert whole[label.offset : label.offset + len(line)] == line
    odd = [log.lines[label.line - 1] for label in log.labels]
    normal = {line.partition("] ")[2] for line in log.lines[: log.held_out_from]}
    assert not normal & {line.partition("] ")[2] for line in odd}, "no attack looks like a normal line"


def test_there_is_one_to_learn_from_with_attacks_of_every_kind() -> None:
    log, labelled = simulate_site(1, 7, 1500)
    assert log == simulate_access(1, 7, 1500)
    assert {label.kind for label in labelled.labels} == set(KINDS)
    assert 0.02 < len(labelled.labels) / len(labelled.lines) < 0.04
    assert labelled.held_out_from == 0
    odd = {label.line - 1 for label in labelled.labels}
    normal = [line for number, line in enumerate(labelled.lines) if number not in odd]
    assert sorted(normal) == sorted(log.lines[: log.held_out_from]), "it is the part before, and no line of the rest"
    half = len(labelled.lines) // 2
    assert min(sum(number < half for number in odd), sum(number >= half for number in odd)) > len(odd) / 5


def test_a_log_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="0 days cannot be simulated"):
        simulate_access(0, 0)
    with pytest.raises(InputError, match="199 lines per day are too few"):
        simulate_access(0, 1, 199)


def test_the_command_writes_the_log_and_its_parts(tmp_path: Path, oddline: Any) -> None:
    ended = oddline("simulate", "access", "-o", tmp_path / "site", "--days", 1, "--lines-per-day", 400)
    assert ended.status == 0, ended.err
    assert f"next: oddline train access {tmp_path / 'site' / 'train.log'}" in ended.out
    lines = (tmp_path / "site" / "access.log").read_text().splitlines()
    header, *labels = map(msgspec.json.decode, (tmp_path / "site" / "labels.jsonl").read_bytes().splitlines())
    anomalous = (tmp_path / "site" / "anomalous.log").read_text().splitlines()
    assert header["lines"] == len(lines)
    assert [lines[label["line"] - 1] for label in labels] == anomalous
