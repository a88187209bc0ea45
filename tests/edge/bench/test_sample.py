from __future__ import annotations

import gzip
from pathlib import Path
from typing import List

import pytest

import edge.bench.sample
from edge.bench.sample import GOLDEN_LINES, Sample, as_file, golden_sample, holds_a_record, read_sample, repeat
from edge.bundle.folder import load_bundle
from edge.bundle.preprocessing import SessionSpec
from edge.errors import InputError
from edge.files.lines import read_blocks
from edge.formats.http import HttpReader
from edge.formats.plain import PlainFormat
from edge.formats.records import LineReader, Reader
from edge.sequence.reader import SessionReader
from edge.sequence.words import RowWords


def quiet(message: str) -> None:
    raise AssertionError(message)


def test_logs_of_all_kinds_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(b"one\r\ntwo\xff\n\nlast")
    (tmp_path / "b.gz").write_bytes(gzip.compress(b"three\none\n"))
    sample = read_sample([str(tmp_path)], warn=quiet)
    assert sample.lines == [b"one", b"two\xff", b"", b"last", b"three", b"one"]
    assert sample.names == [str(tmp_path / "a.log"), str(tmp_path / "b.gz")]
    assert (sample.complete, sample.golden, sample.distinct) == (True, False, 5)


def test_a_large_log_is_read_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"0123456789\n" * 50)
    monkeypatch.setattr(edge.bench.sample, "MOST_LINES", 20)
    assert (len(read_sample([str(log)], warn=quiet).lines), read_sample([str(log)], warn=quiet).complete) == (20, False)
    monkeypatch.setattr(edge.bench.sample, "MOST_LINES", 50)
    assert read_sample([str(log)], warn=quiet).complete
    monkeypatch.setattr(edge.bench.sample, "MOST_BYTES", 100)
    assert len(read_sample([str(log)], warn=quiet).lines) == 10


def test_an_empty_log_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.log").touch()
    with pytest.raises(InputError, match=r"empty\.log: there are no lines to measure with; name a log that has some"):
        read_sample([str(tmp_path / "empty.log")], warn=quiet)


def test_golden_lines_are_repeated_whole(small_bundle: Path) -> None:
    sample = golden_sample(load_bundle(small_bundle))
    assert len(sample.lines) >= GOLDEN_LINES
    assert sample.distinct == 7
    assert sample.lines[:7] == sample.lines[-7:]
    assert "\u00fc\u6e29".encode() in sample.lines[4]
    assert repeat([b"a", b"b"], 3) == [b"a", b"b", b"a", b"b"]
    assert repeat([b"a", b"b"], 1) == [b"a", b"b"]


def test_the_file_holds_the_sample_and_goes_away() -> None:
    lines = [b"one", b"", b"two\xff", b"three"]
    with as_file(Sample(lines, ["x"], golden=False, complete=True)) as (source, folder):
        assert source.path is not None
        assert source.path.parent == folder
        assert [line for block in read_blocks(source) for line in block.lines] == lines
    assert not source.path.exists()
    assert not source.path.parent.exists()


def test_a_damaged_log_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    whole = gzip.compress(b"".join(b"line %d\n" % number for number in range(5000)))
    cut = tmp_path / "cut.gz"
    cut.write_bytes(whole[: len(whole) // 2])
    said: List[str] = []
    sample = read_sample([str(cut)], warn=said.append)
    assert sample.lines[0] == b"line 0"
    assert len(said) == 1
    assert said[0].startswith(f"warning: {cut}, after byte ")
    cut.write_bytes(whole[:20])
    with pytest.raises(InputError):
        read_sample([str(cut)], warn=said.append)


def windows_of_ten() -> Reader:
    spec = SessionSpec(key=None, idle_records=None, length=10, step=1, seconds=None)
    return SessionReader(LineReader(PlainFormat()), spec, RowWords())


@pytest.mark.parametrize(
    ("reader", "lines"), [(windows_of_ten(), [b"one", b"two"]), (HttpReader(), [b"GET / HTTP/1.1", b"Host: shop"])]
)
def test_a_record_may_end_with_the_log_alone(reader: Reader, lines: List[bytes]) -> None:
    """As one of fewer lines than a window, or a single request."""
    assert holds_a_record(reader, lines)


def test_blank_lines_hold_no_record() -> None:
    assert not holds_a_record(HttpReader(), [b"", b" "] * 1000)
