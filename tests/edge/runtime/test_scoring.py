"""A run over several sources."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any, List, Tuple

import pytest

from edge.bundle.folder import load_bundle
from edge.bundle.preprocessing import FormatSpec
from edge.errors import OutputError
from edge.files.paths import Source
from edge.runtime.detector import Detector
from edge.runtime.pipeline import FormatChoice
from edge.runtime.scoring import ScoreRun
from edge.sinks.render import CsvRenderer, JsonlRenderer, Renderer

CHOICE = FormatChoice(FormatSpec(name="syslog", layout=None, fields=None, header=None, skip_characters=0))
LINE = b"Jun 14 15:16:01 combo sshd[17]: session opened\n"
ODD = b"Jun 14 15:16:01 combo sshd[17]: session stolen\n"


class Shown:
    """Progress, remembered."""

    def __init__(self) -> None:
        self.updates: List[Tuple[int, int]] = []
        self.closed = 0

    def update(self, lines: int, done_bytes: int) -> None:
        self.updates.append((lines, done_bytes))

    def close(self) -> None:
        self.closed += 1


class Setting:
    """A run, and what it said."""

    def __init__(self, bundle: Path, renderer: Renderer, *, everything: bool = False, max_line_bytes: int = 64) -> None:
        self.said: List[str] = []
        self.complaints: List[str] = []
        self.progress = Shown()
        self.run = ScoreRun(
            Detector(load_bundle(bundle), provider="cpu", threads=1),
            CHOICE,
            renderer,
            everything=everything,
            max_line_bytes=max_line_bytes,
            say=self.said.append,
            complain=self.complaints.append,
            progress=self.progress,
        )


def file(folder: Path, name: str, data: bytes) -> Source:
    (folder / name).write_bytes(data)
    return Source(folder / name, name)


def test_every_source_is_scored_in_order(small_bundle: Path, tmp_path: Path) -> None:
    setting = Setting(small_bundle, CsvRenderer())
    out = io.BytesIO()
    sources = [file(tmp_path, "a", LINE + ODD), Source(None, "stdin"), file(tmp_path, "c", ODD)]
    setting.run.all(sources, out, io.BytesIO(ODD))
    rows = out.getvalue().decode().splitlines()
    assert rows[0].startswith("source,line,offset,")
    assert [row.split(",")[:3] for row in rows[1:]] == [["a", "2", "47"], ["stdin", "1", "0"], ["c", "1", "0"]]
    assert not setting.run.failed
    assert (setting.run.totals.lines, setting.run.totals.anomalous, setting.run.totals.sources) == (4, 3, 3)
    assert setting.progress.updates == [(2, 93), (3, 139), (4, 185)]


def test_a_damaged_source_is_complained_of_and_the_next_one_follows(small_bundle: Path, tmp_path: Path) -> None:
    setting = Setting(small_bundle, JsonlRenderer(), everything=True)
    out = io.BytesIO()
    sources = [
        Source(tmp_path / "gone", "gone"),
        file(tmp_path, "cut.gz", gzip.compress(LINE * 3)[:-5]),
        file(tmp_path, "program", b"\x7fELF\x02\x01"),
        file(tmp_path, "good", LINE),
    ]
    setting.run.all(sources, out)
    assert [line.split(b'"')[3] for line in out.getvalue().splitlines()] == [b"cut.gz"] * 3 + [b"good"]
    assert setting.run.failed
    assert [complaint.split(":")[1].split(",")[0] for complaint in setting.complaints] == [
        " gone",
        " cut.gz",
        " program",
    ]
    assert all(complaint.startswith("error: ") for complaint in setting.complaints)
    assert setting.run.totals.sources == 4
    assert setting.progress.closed == 3, "a complaint starts on a clean line"


def test_a_source_without_lines_is_said(small_bundle: Path, tmp_path: Path) -> None:
    setting = Setting(small_bundle, JsonlRenderer())
    setting.run.all([file(tmp_path, "empty", b"")], io.BytesIO())
    assert setting.said == ["empty: holds no lines"]
    assert not setting.run.failed
    assert setting.run.summary(2.0) == "0 lines from 1 source, 0 anomalous, 2.00 s, 0 lines/s"


def test_the_summary_tells_what_was_unusual(small_bundle: Path, tmp_path: Path) -> None:
    setting = Setting(small_bundle, JsonlRenderer(), max_line_bytes=1000)
    sources = [
        file(tmp_path, "a", LINE * 1996 + ODD + b"no syslog\n"),
        file(tmp_path, "b", LINE[:-1] + b" for" * 300 + b"\n" + LINE[:-1] + b" for" * 30 + b"\n"),
    ]
    setting.run.all(sources, io.BytesIO())
    assert setting.run.summary(4.0) == (
        "2,000 lines from 2 sources, 2 anomalous (0.100%), 1 not in the format and scored as plain text, "
        "1 longer than 1,000 bytes and cut, "
        "2 distinct and very long, of which only the beginning was looked at, 4.00 s, 500 lines/s"
    )
    assert setting.run.summary(0.0).startswith("2,000 lines"), "a clock that stands still divides nothing"


def test_results_are_handed_on_as_they_are_found(small_bundle: Path) -> None:
    """A block that is scored is flushed before the next is read, so that a live pipe shows it."""
    seen: List[Any] = []

    class Trickle(io.RawIOBase):
        def __init__(self) -> None:
            self.pieces = [ODD, LINE, ODD]

        def read(self, size: int = -1) -> bytes:
            seen.append("read")
            return self.pieces.pop(0) if self.pieces else b""

    class Out(io.BytesIO):
        def flush(self) -> None:
            seen.append(self.getvalue().count(b"\n"))

    Setting(small_bundle, JsonlRenderer()).run.all([Source(None, "stdin")], Out(), Trickle())
    assert [count for count in seen if count != "read"] == [1, 2]
    assert seen.index(1) < len(seen) - 1 - seen[::-1].index("read"), "the last read comes after the first flush"


def test_an_output_that_fails_ends_the_run(small_bundle: Path, tmp_path: Path) -> None:
    class Full(io.BytesIO):
        def write(self, data: Any) -> int:
            raise OutputError("the disk is full")

    setting = Setting(small_bundle, JsonlRenderer())
    with pytest.raises(OutputError, match="the disk is full"):
        setting.run.all([file(tmp_path, "a", ODD), file(tmp_path, "b", ODD)], Full())
    assert setting.run.totals.sources == 1
