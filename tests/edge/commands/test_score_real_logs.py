"""The command `score` on real logs, odd ones and a whole one: lines out are lines in."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest
from score_runs import read

from edge.files.lines import read_blocks
from edge.files.paths import expand_paths

FOLDERS = {"messy_lnav": 112, "messy_fluentbit": 6}
LINUX_LINES = 25_567


@pytest.mark.parametrize("folder", sorted(FOLDERS))
def test_every_line_of_every_odd_log(
    oddline: Callable[..., Any], small_bundle: Path, data_dir: Path, tmp_path: Path, folder: str
) -> None:
    sources = expand_paths([str(data_dir / folder)], warn=pytest.fail)
    assert len(sources) >= FOLDERS[folder]
    out = tmp_path / "out.jsonl"
    ended = oddline("score", small_bundle, data_dir / folder, "--all", "--output", out)
    assert (ended.status, ended.out) == (0, "")
    by_source: Dict[str, List[Any]] = {}
    for record in read(out):
        by_source.setdefault(record["source"], []).append(record)
    for source in sources:
        offsets = [offset for block in read_blocks(source) for offset in block.offsets.tolist()]
        found = by_source.pop(source.name, [])
        assert [record["line"] for record in found] == list(range(1, len(offsets) + 1)), source.name
        assert [record["offset"] for record in found] == offsets, source.name
        for record in found:
            for reason in record["reasons"]:
                assert record["text"][reason["start"] : reason["end"]] == reason["text"], source.name
        assert (f"{source.name}: holds no lines" in ended.err) == (not offsets)
    assert by_source == {}


def test_each_odd_log_by_itself(
    oddline: Callable[..., Any], small_bundle: Path, data_dir: Path, tmp_path: Path
) -> None:
    """A file by itself is scored as it is among others, and flags with status 3."""
    out = tmp_path / "out.jsonl"
    for source in expand_paths([str(data_dir / "messy_fluentbit")], warn=pytest.fail):
        ended = oddline("score", small_bundle, source.name, "--quiet", "--fail-on-anomaly", "--output", out)
        assert (ended.status, ended.err) == (3, "")
        assert all(record["anomalous"] for record in read(out))


def test_the_whole_linux_log(oddline: Callable[..., Any], small_bundle: Path, data_dir: Path, tmp_path: Path) -> None:
    path = data_dir / "linux_messages_full" / "Linux.log.gz"
    out = tmp_path / "out.jsonl"
    # The bundle flags what it does not know, which here is nearly all; naming reasons for that is not the test.
    ended = oddline("score", small_bundle, path, "--all", "--output", out, "--threshold", 100)
    assert (ended.status, ended.out) == (0, "")
    assert ended.err.splitlines()[0] == f"oddline: {path}: format syslog (1000 of the first 1000 lines)"
    assert re.match(rf"oddline: {LINUX_LINES:,} lines from 1 source, 0 anomalous ", ended.err.splitlines()[1])
    found = read(out)
    assert [record["line"] for record in found] == list(range(1, LINUX_LINES + 1))
    raw = gzip.decompress(path.read_bytes())
    lines = raw.split(b"\n")[:LINUX_LINES]
    start = 0
    starts = []
    for line in lines:
        starts.append(start)
        start += len(line) + 1
    assert [record["offset"] for record in found] == starts
    not_utf_8 = [line for line in lines if line.decode("utf-8", "ignore").encode() != line]
    assert not_utf_8, "this log is known to hold some"
    assert [record["text"] for record in found if "\ufffd" in record["text"]] == [
        line.rstrip(b"\r").decode("utf-8", "replace") for line in not_utf_8
    ]
