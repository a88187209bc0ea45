"""The way of a source through a detector."""

from __future__ import annotations

import gzip
import io
import os
from datetime import datetime
from pathlib import Path
from typing import List, Optional, Tuple

import msgspec
import pytest
from small_bundle import make_small_bundle

from edge.bundle.folder import load_bundle
from edge.bundle.preprocessing import FormatSpec, SessionSpec
from edge.errors import FormatError, InputError
from edge.files.paths import Source
from edge.formats import http
from edge.formats.records import read_all
from edge.runtime.detector import Detector
from edge.runtime.pipeline import FormatChoice, ScoredBlock, Totals, make_records, score_source
from edge.runtime.records import Record
from edge.sequence.reader import Sessions
from edge.sequence.words import RowWords

STDIN = Source(None, "stdin")
SYSLOG = FormatSpec(name="syslog", layout=None, fields=None, header=None, skip_characters=0)
PLAIN = FormatSpec(name="plain", layout=None, fields=None, header=None, skip_characters=0)
LAYOUT = FormatSpec(
    name="layout", layout=r"\[<Time>\] \[<Level>\] <Content>", fields=None, header=None, skip_characters=0
)
SYSLOG_LINE = "Jun 14 15:16:01 combo sshd[17]: session opened"
RFC5424_LINE = "<34>1 2003-10-11T22:14:15.003Z host sshd 17 ID47 - session opened"
JOURNALD_LINE = '{"__REALTIME_TIMESTAMP": "1615280779886606", "MESSAGE": "session opened"}'
LAYOUT_LINE = "[Sun Dec 04 04:47:44 2005] [notice] session opened"
PLAIN_LINE = "session opened"


@pytest.fixture(scope="module")
def detector(small_bundle: Path) -> Detector:
    return Detector(load_bundle(small_bundle), provider="cpu", threads=1)


def choose(choice: FormatChoice, *texts: str) -> Tuple[str, List[str]]:
    said: List[str] = []
    return choice.choose(STDIN, list(texts), said.append).name, said


def run(
    data: bytes, detector: Detector, choice: FormatChoice, said: Optional[List[str]] = None, **limits: int
) -> List[ScoredBlock]:
    say = (lambda _: None) if said is None else said.append
    return list(score_source(STDIN, detector, choice, say=say, stdin=io.BytesIO(data), **limits))


def records(blocks: List[ScoredBlock], detector: Detector, *, everything: bool = True) -> List[Record]:
    return [record for block in blocks for record in make_records(block, detector, everything=everything)]


def test_the_bundles_own_format_is_taken_where_it_fits() -> None:
    assert choose(FormatChoice(SYSLOG), SYSLOG_LINE, PLAIN_LINE) == (
        "syslog",
        ["stdin: format syslog (1 of the first 2 lines)"],
    )
    assert choose(FormatChoice(LAYOUT), LAYOUT_LINE, "x") == ("layout", [])


@pytest.mark.parametrize(
    ("line", "name"), [(SYSLOG_LINE, "syslog"), (RFC5424_LINE, "rfc5424"), (JOURNALD_LINE, "journald")]
)
def test_another_format_is_found_and_said(line: str, name: str) -> None:
    spec = LAYOUT if name == "syslog" else SYSLOG
    assert choose(FormatChoice(spec), line, line, "x") == (
        name,
        [f"stdin: format {name} (2 of the first 3 lines, the bundle was trained on {spec.name})"],
    )


@pytest.mark.parametrize("spec", [SYSLOG, LAYOUT])
def test_without_a_known_format_it_is_the_bundles_and_said(spec: FormatSpec) -> None:
    assert choose(FormatChoice(spec), PLAIN_LINE, "", PLAIN_LINE) == (
        spec.name,
        [f"stdin: no known format in the first 2 lines, read as {spec.name}"],
    )


def test_a_bundle_of_whole_lines_sees_whole_lines() -> None:
    assert choose(FormatChoice(PLAIN), SYSLOG_LINE, SYSLOG_LINE) == ("plain", [])


def test_lines_of_a_log_among_sessions_are_said() -> None:
    events = FormatSpec(name="events", layout=None, fields=None, header=None, skip_characters=0)
    assert choose(FormatChoice(events), "5 22 9", "blk_1,5 22") == ("events", [])
    what = "2 of the first 3 lines are those of a log (syslog); the bundle reads a session of event ids in each"
    assert choose(FormatChoice(events), SYSLOG_LINE, SYSLOG_LINE, "5 22 9") == ("events", [f"stdin: {what}"])


@pytest.mark.parametrize("spec", [SYSLOG, PLAIN, LAYOUT])
def test_what_was_asked_for_is_taken(spec: FormatSpec) -> None:
    assert choose(FormatChoice(spec, asked="rfc5424"), SYSLOG_LINE) == ("rfc5424", [])
    assert choose(FormatChoice(spec, asked="layout", layout="<Host> <Content>"), SYSLOG_LINE) == ("layout", [])


def test_rows_of_requests_are_those_of_access_lines() -> None:
    spec = FormatSpec(name="requests", layout=None, fields=["bytes"], header=None, skip_characters=0)
    line = '192.0.2.7 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 14872'
    assert choose(FormatChoice(spec), SYSLOG_LINE, SYSLOG_LINE) == ("requests", [])
    asked = FormatChoice(spec, asked="access").choose(STDIN, [line], print)
    assert read_all(asked, [line]).records.contents == ["14872"]
    assert choose(FormatChoice(spec, asked="syslog"), line) == ("syslog", [])


def test_a_wrong_layout_is_an_error(detector: Detector) -> None:
    choice = FormatChoice(SYSLOG, asked="layout", layout="<Date>")
    with pytest.raises(FormatError, match="does not end in <Content>"):
        run(b"a line\n", detector, choice)


def test_years_come_from_the_files_age_or_the_user(detector: Detector, tmp_path: Path) -> None:
    path = tmp_path / "messages"
    path.write_bytes(b"Dec 31 23:59:59 combo cron[1]: session\nJan  1 00:00:01 combo cron[1]: session\n")
    written = datetime(2011, 1, 1, 12).timestamp()
    os.utime(path, (written, written))
    source = Source(path, "messages")
    for year, first in ((None, 2010), (1999, 1999)):
        (block,) = score_source(source, detector, FormatChoice(SYSLOG, year=year), say=lambda _: None)
        assert [record.timestamp for record in make_records(block, detector, everything=True)] == [
            f"{first}-12-31T23:59:59",
            f"{first + 1}-01-01T00:00:01",
        ]


def test_records_say_where_a_line_is_and_why_it_is_odd(detector: Detector) -> None:
    odd = "Jun 14 15:16:01 combo sshd[17]: strange session"
    data = f"{SYSLOG_LINE}\n{odd}\r\nno \u00fc syslog".encode()
    blocks = run(data, detector, FormatChoice(SYSLOG, year=2005))
    first, second, third = records(blocks, detector)
    assert first == Record(
        source="stdin",
        line=1,
        offset=0,
        timestamp="2005-06-14T15:16:01",
        score=1.25,
        p_value=0.5,
        threshold=5.0,
        anomalous=False,
        unscored=None,
        found_by=[],
        template_id=None,
        new_template=None,
        reasons=[],
        text=SYSLOG_LINE,
    )
    assert (second.line, second.offset, second.text) == (2, len(SYSLOG_LINE) + 1, odd)
    assert (second.score, second.p_value, second.anomalous) == (9.5, 0.25, True)
    (reason,) = second.reasons
    assert odd[reason.start : reason.end] == reason.text == "strange", "spans are those of the whole line"
    assert (third.line, third.offset, third.text) == (3, len(SYSLOG_LINE) + 1 + len(odd) + 2, "no \u00fc syslog")
    assert third.timestamp is None
    assert records(blocks, detector, everything=False) == [second, third]


def test_line_numbers_and_offsets_go_on_from_block_to_block(detector: Detector, tmp_path: Path) -> None:
    lines = [f"Jun 14 15:16:01 combo sshd[{i}]: session {'x' * (i % 7)}\n".encode() for i in range(20_000)]
    data = b"".join(lines)
    (tmp_path / "log.gz").write_bytes(gzip.compress(data, 1))
    source = Source(tmp_path / "log.gz", "log.gz")
    blocks = list(score_source(source, detector, FormatChoice(SYSLOG), say=lambda _: None))
    assert len(blocks) > 2
    found = records(blocks, detector, everything=False)
    assert [record.line for record in found] == [i + 1 for i in range(20_000) if i % 7]
    for record in found:
        line = lines[record.line - 1]
        assert data[record.offset : record.offset + len(line)] == line


def test_windows_are_read_in_smaller_blocks(detector: Detector) -> None:
    spec = SessionSpec(key=None, idle_records=None, length=4, step=1, seconds=None)
    choice = FormatChoice(PLAIN, asked="plain", sessions=Sessions(spec, RowWords()))
    blocks = run(b"line\n" * 3000, detector, choice)
    assert [len(block.lines.lines) for block in blocks if block.lines is not None] == [2048, 952]
    assert sum(len(block.scores) for block in blocks) == 2997


def test_the_format_is_chosen_once(detector: Detector) -> None:
    said: List[str] = []
    data = (SYSLOG_LINE + "\n").encode() * 9000 + (JOURNALD_LINE + "\n").encode() * 9000
    blocks = run(data, detector, FormatChoice(SYSLOG), said)
    assert said == ["stdin: format syslog (1000 of the first 1000 lines)"]
    assert sum(int(block.batch.records.unparsed.sum()) for block in blocks) == 9000


def test_totals_count_every_line(detector: Detector) -> None:
    totals = Totals()
    data = f"{SYSLOG_LINE}\nnot syslog {'x' * 100}\n\n{SYSLOG_LINE} strange\n".encode()
    for block in run(data, detector, FormatChoice(SYSLOG, asked="syslog"), max_line_bytes=64):
        totals.add(block)
    assert (totals.lines, totals.anomalous, totals.unparsed, totals.cut) == (4, 2, 2, 1)


def test_what_could_be_read_is_scored_before_the_error(detector: Detector) -> None:
    packed = gzip.compress((SYSLOG_LINE + "\n").encode() * 3)
    blocks: List[ScoredBlock] = []
    choice = FormatChoice(SYSLOG)
    with pytest.raises(InputError, match="end too early"):
        blocks.extend(score_source(STDIN, detector, choice, say=lambda _: None, stdin=io.BytesIO(packed[:-4])))
    assert [record.text for record in records(blocks, detector)] == [SYSLOG_LINE] * 3


def test_characters_that_are_skipped_stay_in_the_text_and_in_the_spans(small_bundle: Path, tmp_path: Path) -> None:
    preprocessing = load_bundle(small_bundle).manifest.preprocessing
    spec = FormatSpec(name="plain", layout=None, fields=None, header=None, skip_characters=16)
    bundle = make_small_bundle(tmp_path / "skips", preprocessing=msgspec.structs.replace(preprocessing, format=spec))
    detector = Detector(load_bundle(bundle), provider="cpu", threads=1)
    blocks = run(b"Jun 14 15:16:01 session strange\nshort\n", detector, FormatChoice(spec))
    first, second = records(blocks, detector)
    assert first.text == "Jun 14 15:16:01 session strange"
    assert [(reason.text, reason.start) for reason in first.reasons] == [("strange", 24)]
    assert (second.text, second.score) == ("short", 0.0)


def test_what_a_reader_has_to_say_at_the_end_is_said(detector: Detector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MOST_LINES", 3)
    said: List[str] = []
    run(b"GET /a HTTP/1.1\nHost: a\nAccept: b\nX: c\n", detector, FormatChoice(PLAIN, asked="http"), said)
    assert said == ["stdin: 1 request reaches 3 lines and ends there"]
