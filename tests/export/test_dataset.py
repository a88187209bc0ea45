"""Logs in memory: their order, their parts, their days."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
from pathlib import Path
from types import SimpleNamespace
from typing import List, Optional, Sequence

import pytest
from evaluate_samples import log_data, normal_lines, write_log
from hypothesis import given
from hypothesis import strategies as st

from edge.bundle.preprocessing import FormatSpec
from edge.errors import FormatError, InputError, TooLittleDataError
from export.dataset import LogData, read_log, split


def read(*paths: object, **options: object) -> LogData:
    defaults = {"asked": None, "layout": None, "say": lambda _: None}
    return read_log([str(path) for path in paths], **{**defaults, **options})  # type: ignore[arg-type]


def stamped(day: int, count: int = 3) -> List[str]:
    return [f"2024-03-{day:02d}T10:00:0{number}.5Z box app[{number}]: day {day}" for number in range(count)]


def test_rotated_files_are_put_in_the_order_of_time(tmp_path: Path) -> None:
    write_log(tmp_path / "app.log", stamped(9))
    write_log(tmp_path / "app.log.1", stamped(7))
    (tmp_path / "app.log.2.gz").write_bytes(gzip.compress("\n".join(stamped(5)).encode()))
    data = read(tmp_path)
    assert data.lines == stamped(5) + stamped(7) + stamped(9)
    assert data.stamps == sorted(stamp for stamp in data.stamps if stamp)
    assert len(data.contents) == len(data) == 9


def test_syslog_over_the_turn_of_the_year_is_put_in_order(tmp_path: Path) -> None:
    """Stamps without a year: each file's age tells which year it ends in."""
    write_log(tmp_path / "messages", ["Jan  2 00:00:00 box cron[1]: new"] * 2)
    write_log(tmp_path / "messages.1", ["Dec 30 00:00:00 box cron[1]: old"] * 2)
    os.utime(tmp_path / "messages", (1704300000, 1704300000))
    os.utime(tmp_path / "messages.1", (1704000000, 1704000000))
    assert [content[-3:] for content in read(tmp_path).contents] == ["old", "old", "new", "new"]


def test_files_of_one_time_are_merged_line_by_line(tmp_path: Path) -> None:
    """Else the end of the log would be the last program by name, and not the last day."""
    days = [3, 1, 2]
    for name in ("auth", "kern"):
        lines = [f"2024-03-{day:02d}T10:00:00Z box {name}[1]: day {day}" for day in sorted(days)]
        write_log(tmp_path / name, [lines[0], f"{name} without a stamp", *lines[1:]])
    data = read(tmp_path)
    assert [content.split(": ")[-1] for content in data.contents] == [
        "day 1",
        "auth without a stamp",
        "day 1",
        "kern without a stamp",
        "day 2",
        "day 2",
        "day 3",
        "day 3",
    ]
    assert data.days() == 2.0
    assert len(data.lines) == len(data.stamps) == 8


def test_a_file_keeps_its_own_order_when_its_clock_goes_back(tmp_path: Path) -> None:
    back = [f"2024-03-{day:02d}T10:00:00Z box a[1]: {word}" for day, word in ((1, "one"), (5, "two"), (2, "three"))]
    write_log(tmp_path / "a", back)
    write_log(tmp_path / "b", ["2024-03-03T10:00:00Z box b[1]: other"])
    assert [content.split(": ")[-1] for content in read(tmp_path).contents] == ["one", "other", "two", "three"]
    assert read(tmp_path / "a").lines == back


def test_it_says_how_the_lines_were_put_in_order(tmp_path: Path) -> None:
    days = [f"2024-03-{day:02d}T10:00:00Z box a[1]: day {day}" for day in (1, 5, 2, 3, 6)]
    late = "1 of 5 lines are older than the one before; the lines of a file stay in their order"
    said: List[str] = []
    assert read(write_log(tmp_path / "a", days), say=said.append).lines == days
    assert said[-1] == late
    said.clear()
    read(write_log(tmp_path / "c", sorted(days)), say=said.append)
    assert not any("older" in line for line in said)
    said.clear()
    read(tmp_path / "a", tmp_path / "c", say=said.append)
    assert said[-2:] == [late.replace("of 5", "of 10"), "2 files are read as one log, by their time stamps"]
    said.clear()
    read(write_log(tmp_path / "d", ["no time"]), tmp_path / "c", say=said.append)
    assert said[-1] == f"2 files are read as one log, in the order of the paths, as {tmp_path / 'd'} has no time stamps"


def test_all_files_are_read_in_the_format_of_the_first(tmp_path: Path) -> None:
    """What is held out is scored again later, as raw lines of one format."""
    write_log(tmp_path / "a", normal_lines(9))
    write_log(tmp_path / "b", ['{"MESSAGE": "from the journal", "__REALTIME_TIMESTAMP": "1"}'])
    said: List[str] = []
    data = read(tmp_path, say=said.append)
    assert data.contents[-1].startswith('{"MESSAGE"')
    assert "1 of 10 lines are not in the format syslog, and are kept" in said


def test_labels_follow_their_lines(tmp_path: Path) -> None:
    write_log(tmp_path / "a.log", stamped(9))
    write_log(tmp_path / "b.log", stamped(7))

    def label(lines: Sequence[bytes], name: str) -> List[str]:
        return [f"{Path(name).name} {place}" if place == 1 else "" for place in range(len(lines))]

    data = read(tmp_path, label=label)
    assert data.lines == stamped(7) + stamped(9)
    assert data.kinds == ["", "b.log 1", "", "", "a.log 1", ""]


def test_a_record_of_several_lines_is_labelled_by_any_of_them(tmp_path: Path) -> None:
    write_log(tmp_path / "x.http", ["GET /a HTTP/1.1", "Host: a", "", "GET /b HTTP/1.1", "Host: b"])
    data = read(tmp_path / "x.http", asked="http", label=lambda lines, name: ["", "odd", "", "", ""])
    assert data.kinds == ["odd", ""]


def test_files_without_time_stamps_keep_the_order_in_which_they_were_given(tmp_path: Path) -> None:
    for name in "ba":
        write_log(tmp_path / name, [f"from {name}"])
    assert read(tmp_path / "b", tmp_path / "a").lines == ["from b", "from a"]


def test_the_format_is_found_said_and_may_be_asked_for(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log", normal_lines(30))
    said: List[str] = []
    found = read(log, say=said.append)
    assert found.format == FormatSpec(name="syslog", layout=None, fields=None, header=None, skip_characters=0)
    assert found.contents[0] == "cron[0]: job 0 done"
    assert said[0] == f"{log}: format syslog (30 of the first 30 lines)"
    assert read(log, asked="plain").contents == normal_lines(30)
    layout = read(log, asked="layout", layout="<Month> <Day> <Time> <Host> <Content>")
    assert layout.contents[1] == "sshd[1]: session opened for user alice"
    with pytest.raises(FormatError, match="there is no format 'xml'"):
        read(log, asked="xml")


def test_an_empty_file_does_not_decide_the_format(tmp_path: Path) -> None:
    (tmp_path / "a-empty").write_bytes(b"")
    write_log(tmp_path / "b", normal_lines(9))
    data = read(tmp_path)
    assert (data.format.name, len(data)) == ("syslog", 9)
    nothing = read(tmp_path / "a-empty")
    assert (nothing.format.name, len(nothing), nothing.days()) == ("plain", 0, None)


def test_lines_that_do_not_fit_are_kept_counted_and_said(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log", [*normal_lines(20), "no header at all", "\tat java.lang.Thread"])
    said: List[str] = []
    data = read(log, say=said.append)
    assert data.unparsed == 2
    assert data.contents[-2:] == ["no header at all", "\tat java.lang.Thread"]
    assert "2 of 22 lines are not in the format syslog, and are kept" in said


def test_the_standard_input_is_read_once_and_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """A first look at it for the format must not take lines away."""
    content = "\n".join(normal_lines(9000)).encode()
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    data = read("-")
    assert data.format.name == "syslog"
    assert data.lines == normal_lines(9000)


def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, "\n".join(normal_lines(100)).encode())
    os.close(writing)
    try:
        assert len(read(f"/dev/fd/{reading}")) == 100
    finally:
        os.close(reading)


def test_bytes_that_are_no_utf8_are_decoded_as_on_the_device(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"Mar  1 04:00:00 box app: caf\xe9 \x1b[31mred\x1b[0m\r\n" * 3)
    data = read(tmp_path / "log")
    assert data.contents == ["app: caf\ufffd red"] * 3
    assert data.lines[0] == "Mar  1 04:00:00 box app: caf\ufffd red"


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file or folder"):
        read(tmp_path / "absent")
    (tmp_path / "core").write_bytes(b"\x7fELF" + bytes(100))
    with pytest.raises(InputError, match=r"core: this is a program \(ELF\), not a text log"):
        read(tmp_path / "core")


def test_a_split_is_in_order_and_whole() -> None:
    data = log_data([str(number) for number in range(1001)])
    data.contents = list(data.lines)
    data.stamps = [None] * 1001
    parts = split(data, (0.6, 0.2, 0.2), (1, 1, 0))
    assert [len(part) for part in parts] == [601, 200, 200]
    assert [line for part in parts for line in part.lines] == data.lines
    assert parts[1].contents[0] == "601"
    assert {part.format for part in parts} == {data.format}


def test_no_test_slice() -> None:
    assert [len(part) for part in split(log_data(["x"] * 500), (0.75, 0.25, 0.0), (200, 100, 0))] == [375, 125, 0]


def test_too_little_says_how_much_is_needed() -> None:
    with pytest.raises(TooLittleDataError, match=r"^499 lines are too few: 500 are needed; give more of the log"):
        split(log_data(["x"] * 499), (0.6, 0.2, 0.2), (200, 100, 0))
    assert len(split(log_data(["x"] * 500), (0.6, 0.2, 0.2), (200, 100, 0))[1]) == 100
    with pytest.raises(TooLittleDataError, match="0 lines are too few: 10,000 are needed"):
        split(log_data([]), (0.98, 0.01, 0.01), (200, 100, 0))


@given(st.integers(0, 1200), st.tuples(st.integers(1, 90), st.integers(1, 90), st.integers(0, 90)))
def test_every_part_holds_at_least_what_was_asked(lines: int, weights: tuple[int, int, int]) -> None:
    shares = tuple(weight / sum(weights) for weight in weights)
    data = log_data(["x"] * lines)
    try:
        parts = split(data, shares, (200, 100, 0))
    except TooLittleDataError as error:
        need = int(error.what.split(": ")[1].split()[0].replace(",", ""))
        assert need > lines
        parts = split(log_data(["x"] * need), shares, (200, 100, 0))
        lines = need
    assert len(parts[0]) >= 200
    assert len(parts[1]) >= 100
    assert sum(map(len, parts)) == lines


def test_the_fingerprint_is_the_hash_of_the_lines() -> None:
    assert log_data(["a", "b"]).fingerprint() == hashlib.sha256(b"a\nb\n").hexdigest()
    assert log_data(["a", "b"]).fingerprint() != log_data(["a\nb"[:1], "bb"]).fingerprint()
    assert log_data(["b", "a"]).fingerprint() != log_data(["a", "b"]).fingerprint()


@pytest.mark.parametrize(
    ("stamps", "days"),
    [
        (["2024-02-28T00:00:00", None, "2024-03-01T12:00:00"], 2.5),
        (["2024-03-01T00:00:00.123Z", "2024-03-02T00:00:00,5Z"], 1.0),
        (["2024-03-01T00:00:00+02:00", "2024-03-01T23:00:00+01:00"], 1.0),
        (["2024-03-01T00:00:00", "2024-03-02T00:00:00+05:00"], 1.0),
        (["2016-12-31T12:00:60", "2017-01-01T12:00:59"], 1.0),
        (["yesterday", "2024-03-01T00:00:00", "2024-03-02T00:00:00", "today"], 1.0),
        (["2024-03-02T00:00:00", "2024-03-01T00:00:00"], 1.0),
        (["2024-03-02T00:00:00", "2024-03-05T00:00:00", "2024-03-01T00:00:00", "2024-03-02T00:00:00"], 4.0),
        (["1970-01-01T00:00:05", "2024-03-02T00:00:00", "2024-03-05T00:00:00"], 3.0),
        (["2024-03-02T00:00:00"] * 2, None),
        (["2024-03-02T00:00:00"], None),
        (["yesterday", "today"], None),
        ([None, None], None),
        ([], None),
    ],
)
def test_days(stamps: List[Optional[str]], days: Optional[float]) -> None:
    data = LogData(FormatSpec(name="plain", layout=None, fields=None, header=None, skip_characters=0), stamps=stamps)
    assert data.days() == days
