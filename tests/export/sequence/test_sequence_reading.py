"""Event-id files and lines of logs, read for training."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("drain3", reason="drain3 belongs to the extra `export`")

from edge.bundle.preprocessing import SessionSpec
from edge.errors import InputError
from export.sequence.reading import read_lines, read_ready
from export.training.options import TrainOptions

LOG = "Mar  3 04:11:07 gateway sshd[811]: Accepted publickey for root"


def read(path: Path, *lines: str, **options: object) -> tuple[list[str], list[str], list[str]]:
    """Contents, kinds, and what was said."""
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    said: list[str] = []
    found = read_ready([str(path)], TrainOptions(**options), None, say=said.append)  # type: ignore[arg-type]
    return found.data.contents, found.data.kinds, said


def test_labels_are_named_with_their_counts_and_missing_ones_said(tmp_path: Path) -> None:
    rows = ["1 2,normal", "1 3,Bad", "1 4,weird", "1 5,Bad", "1 6,", "Sequence,Label", "torn"]
    contents, kinds, said = read(tmp_path / "s.csv", "Sequence,Label", *rows)
    assert contents == ["1 2", "1 3", "1 4", "1 5", "torn"]
    assert kinds == ["", "Bad", "weird", "Bad", ""]
    counted = "3 of 5 sessions are labelled as anomalies: 'Bad' (2), 'weird' (1)"
    assert said == [
        f"{counted}; 1 lines have no label, and count as normal",
        "1 sessions are left out by their labels, or have an empty one",
        "1 of 6 lines are no sessions of event ids, and are read as they are",
    ]


def test_unknown_labels_are_counted_over_the_whole_file(tmp_path: Path) -> None:
    """A file is read in blocks of lines; the counts are not those of one block."""
    rows = [*["1 2,normal"] * 20_000, *["1 3,Bad"] * 20_000]
    with pytest.raises(InputError, match=r"s\.csv: --map says nothing of the labels 'Bad' \(20,000\)"):
        read(tmp_path / "s.csv", "Sequence,Label", *rows, labels="normal=0")


def test_without_a_label_column_nothing_is_said_of_labels(tmp_path: Path) -> None:
    assert read(tmp_path / "s", "1 2", "1 3") == (["1 2", "1 3"], ["", ""], [])


def test_a_file_of_which_half_is_no_session_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"s: only 2 of 4 lines are sessions of event ids; give lines such as 5 22 9"):
        read(tmp_path / "s", "1 2", "1 3", "1, 2, 3", "a, b, c")
    assert len(read(tmp_path / "t", "1 2", "1 3", "1 4", "a, b, c")[0]) == 4


def test_lines_of_a_log_are_no_sessions(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"s: 2 of the first 3 lines are those of a log \(syslog\).*--session-key"):
        read(tmp_path / "s", LOG, LOG, "1 2")
    assert len(read(tmp_path / "t", LOG, LOG, "1 2", format="events")[0]) == 3


def test_a_key_that_no_line_holds_is_refused(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(f"{LOG}\n" * 30, "utf-8")
    spec = SessionSpec(key=r"job=(\w+)", idle_records=9, length=None, step=None, seconds=None)
    with pytest.raises(InputError, match=r"log: none of the 30 lines holds the session key 'job=.*; give --s"):
        read_lines([str(tmp_path / "log")], TrainOptions(), spec, [], 1.0, say=lambda _: None)
