"""The command `score` on what logs should not be: each fault is told in one line, and nothing else is lost."""

from __future__ import annotations

import gzip
import io
import os
import time
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from score_runs import LINE, ODD, parse, read

from edge.bundle.folder import load_bundle
from edge.bundle.preprocessing import FormatSpec
from edge.files.binary import recognise_binary
from edge.files.paths import Source, expand_paths
from edge.runtime.detector import Detector
from edge.runtime.pipeline import FormatChoice, make_records, score_source

DATA = LINE + ODD + LINE
Score = Callable[..., Any]


@pytest.fixture
def score(oddline: Callable[..., Any], small_bundle: Path) -> Score:
    """Scores paths with --all and --quiet, so that stderr holds nothing but faults; gives the end and the records."""

    def run(*arguments: object) -> Any:
        ended = oddline("score", small_bundle, *arguments, "--all", "--quiet")
        return ended.status, ended.err, parse(ended.out)

    return run


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def refuse_to_open(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let opening the file of that name fail as it does for a user without permission; root is never refused."""
    real_open = Path.open

    def fake_open(self: Path, *args: Any, **kwargs: Any) -> Any:
        if self.name == name:
            raise PermissionError(13, "Permission denied", str(self))
        return real_open(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", fake_open)


def lines_of(records: List[Dict[str, Any]]) -> List[int]:
    return [record["line"] for record in records]


def check_offsets(records: List[Dict[str, Any]], data: bytes) -> None:
    """The bytes at each record's offset are those of its text, up to what decoding replaces."""
    for record in records:
        raw = data[record["offset"] :].split(b"\n")[0]
        assert (raw[:-1] if raw.endswith(b"\r") else raw).decode("utf-8", "replace") == record["text"]


def test_a_missing_file(score: Score, tmp_path: Path) -> None:
    good = write(tmp_path / "good", DATA)
    status, err, found = score(good, tmp_path / "missing.log")
    assert status == 1
    assert err == f"oddline: error: {tmp_path}/missing.log: there is no such file or folder; check the path\n"
    assert found == [], "a mistyped name is told before anything is done"


def test_a_folder_with_a_mixture(score: Score, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logs = tmp_path / "logs"
    (logs / "deep").mkdir(parents=True)
    (logs / ".cache").mkdir()
    write(logs / "messages", DATA)
    write(logs / "deep" / "old.gz", gzip.compress(DATA))
    write(logs / "empty", b"")
    write(logs / "program", b"\x7fELF\x02\x01\x01" + bytes(100))
    write(logs / ".hidden", DATA)
    write(logs / ".cache" / "log", DATA)
    write(logs / "secret", DATA)
    (logs / "dead").symlink_to(logs / "nowhere")
    refuse_to_open(monkeypatch, "secret")
    status, err, found = score(logs)
    assert status == 0
    assert err.splitlines() == [
        f"oddline: {logs}/dead: skipped, the link leads nowhere",
        f"oddline: {logs}/program: skipped, it is a program (ELF)",
        f"oddline: {logs}/secret: skipped, it cannot be read (Permission denied)",
    ]
    assert [record["source"] for record in found] == [f"{logs}/deep/old.gz"] * 3 + [f"{logs}/messages"] * 3
    assert lines_of(found) == [1, 2, 3] * 2


def test_a_folder_without_a_log(score: Score, tmp_path: Path) -> None:
    status, err, found = score(tmp_path)
    assert (status, found) == (1, [])
    mend = "name the files to read, or another folder"
    assert err == f"oddline: error: {tmp_path}: the folder is empty; {mend}\n"


def test_an_unreadable_file(score: Score, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = write(tmp_path / "secret", DATA)
    refuse_to_open(monkeypatch, "secret")
    status, err, found = score(secret)
    assert (status, found) == (1, [])
    mend = "check its permissions, or run as a user who may read it"
    assert err == f"oddline: error: {secret}: cannot be read (Permission denied); {mend}\n"


def test_a_file_that_is_gone_when_its_turn_comes(score: Score, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone, good = write(tmp_path / "gone", DATA), write(tmp_path / "good", DATA)
    real = expand_paths

    def expand(*args: Any, **kwargs: Any) -> Any:
        sources = real(*args, **kwargs)
        gone.unlink()
        return sources

    monkeypatch.setattr("edge.files.paths.expand_paths", expand)
    status, err, found = score(gone, good)
    assert status == 1
    mend = "check the file and its disk"
    assert err == f"oddline: error: {gone}: cannot be read (No such file or directory); {mend}\n"
    assert [record["source"] for record in found] == [str(good)] * 3


def test_an_empty_file(oddline: Callable[..., Any], small_bundle: Path, tmp_path: Path) -> None:
    empty, good = write(tmp_path / "empty", b""), write(tmp_path / "good", DATA)
    ended = oddline("score", small_bundle, empty, good, "--all")
    assert ended.status == 0
    assert ended.err.splitlines()[0] == f"oddline: {empty}: holds no lines"
    assert lines_of(parse(ended.out)) == [1, 2, 3]


@pytest.mark.parametrize(
    ("data", "kind", "mend"),
    [
        (b"\x7fELF\x02\x01\x01", "a program (ELF)", "leave it out"),
        (b"\xfd7zXZ\x00\x00", "an xz archive", "unpack it first: xz -dc {} | oddline score BUNDLE -"),
        (bytes(range(1, 32)) * 9, "binary data", "give a text log"),
        ("\ufeffa line\n".encode("utf-16"), "text in UTF-16", "convert it first: iconv -f UTF-16 -t UTF-8 {} |"),
    ],
)
def test_a_binary_file(score: Score, tmp_path: Path, data: bytes, kind: str, mend: str) -> None:
    bad, good = write(tmp_path / "bad", data), write(tmp_path / "good", DATA)
    status, err, found = score(bad, good)
    assert status == 1
    assert err.startswith(f"oddline: error: {bad}: this is {kind}, not a text log; {mend.format(bad)}")
    assert err.count("\n") == 1
    assert lines_of(found) == [1, 2, 3], "the next file is scored all the same"


def test_a_truncated_gz(score: Score, tmp_path: Path) -> None:
    data = b"".join(b"Jun 14 15:16:01 combo sshd[%d]: session x%d\n" % (i, i * i) for i in range(5000))
    packed = gzip.compress(data)
    cut, good = write(tmp_path / "cut.gz", packed[: len(packed) // 2]), write(tmp_path / "good", DATA)
    status, err, found = score(cut, good)
    assert status == 1
    where = f"{cut}, after byte {len(packed) // 2} of the packed data"
    mend = "what came before was read; copy or pack the file again to get the rest"
    assert err == f"oddline: error: {where}: the gzip data end too early; {mend}\n"
    salvaged = [record for record in found if record["source"] == str(cut)]
    assert len(salvaged) > 1000
    assert lines_of(salvaged) == list(range(1, len(salvaged) + 1))
    check_offsets(salvaged[:-1], data)
    assert data[salvaged[-1]["offset"] :].decode().startswith(salvaged[-1]["text"]), "the last one may be cut short"
    assert lines_of(found[len(salvaged) :]) == [1, 2, 3]


def test_a_gz_with_one_flipped_bit_in_its_checksum(score: Score, tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(DATA))
    packed[-6] ^= 1
    status, err, found = score(write(tmp_path / "bad.gz", bytes(packed)))
    assert (status, lines_of(found)) == (1, [1, 2, 3])
    assert "the gzip data are damaged (" in err
    assert err.count("\n") == 1


def test_a_gz_of_several_members(score: Score, tmp_path: Path) -> None:
    packed = gzip.compress(DATA[:70]) + gzip.compress(b"") + gzip.compress(DATA[70:]) + bytes(512)
    status, err, found = score(write(tmp_path / "many.gz", packed))
    assert (status, err, lines_of(found)) == (0, "", [1, 2, 3])
    check_offsets(found, DATA)


def test_bytes_that_are_not_utf_8(score: Score, tmp_path: Path) -> None:
    data = b"Jun 14 15:16:01 combo sshd[17]: \xff\xfe session\nJun 14 15:16:01 combo caf\xe9: session\xe2\x82\n" + DATA
    status, err, found = score(write(tmp_path / "latin", data))
    assert (status, err, lines_of(found)) == (0, "", [1, 2, 3, 4, 5])
    assert found[0]["text"] == "Jun 14 15:16:01 combo sshd[17]: \ufffd\ufffd session"
    assert found[1]["text"] == "Jun 14 15:16:01 combo caf\ufffd: session\ufffd"
    assert [reason["text"] for reason in found[0]["reasons"]] == ["\ufffd\ufffd"]
    check_offsets(found, data)


def test_embedded_nuls(score: Score, tmp_path: Path) -> None:
    """As after a power loss: a run of zeros where the file system had not written the data."""
    data = DATA + bytes(300) + b"\n" + LINE + b"a\0b\n"
    status, err, found = score(write(tmp_path / "nul", data))
    assert (status, err, lines_of(found)) == (0, "", [1, 2, 3, 4, 5, 6])
    assert found[3]["text"] == "\0" * 300
    assert found[5]["text"] == "a\0b"
    check_offsets(found, data)


@pytest.mark.parametrize("fill", [b"x ", b"1."])
def test_a_line_of_ten_megabytes(oddline: Callable[..., Any], small_bundle: Path, tmp_path: Path, fill: bytes) -> None:
    data = LINE + fill * (10_000_000 // len(fill)) + b"\n" + ODD
    begin = time.perf_counter()
    ended = oddline("score", small_bundle, write(tmp_path / "long", data), "--all", "-o", tmp_path / "out")
    assert time.perf_counter() - begin < 30
    assert ended.status == 0
    assert "1 longer than 1,048,576 bytes and cut" in ended.err
    first, long, last = read(tmp_path / "out")
    assert [first["line"], long["line"], last["line"]] == [1, 2, 3]
    assert len(long["text"]) == 1 << 20
    assert long["anomalous"]
    assert last["text"] == ODD.decode().strip()
    assert data[last["offset"] :] == ODD


def test_the_greatest_length_of_a_line_is_an_option(score: Score, tmp_path: Path) -> None:
    status, _, found = score(write(tmp_path / "log", DATA + b"y" * 200 + b"\n"), "--max-line-bytes", 100)
    assert (status, lines_of(found)) == (0, [1, 2, 3, 4])
    assert found[3]["text"] == "y" * 100


def test_windows_line_ends(score: Score, tmp_path: Path) -> None:
    data = DATA.replace(b"\n", b"\r\n")
    status, err, found = score(write(tmp_path / "crlf", data))
    _, _, unix = score(write(tmp_path / "lf", DATA))
    assert (status, err) == (0, "")
    assert [record["text"] for record in found] == [record["text"] for record in unix]
    assert [record["score"] for record in found] == [record["score"] for record in unix]
    check_offsets(found, data)


def test_bare_carriage_returns_are_content(score: Score, tmp_path: Path) -> None:
    data = b"progress 10 %\rprogress 99 %\rdone\n" + LINE
    status, err, found = score(write(tmp_path / "cr", data))
    assert (status, err, lines_of(found)) == (0, "", [1, 2])
    assert found[0]["text"] == "progress 10 %\rprogress 99 %\rdone"
    check_offsets(found, data)


def test_no_final_newline(score: Score, tmp_path: Path) -> None:
    status, err, found = score(write(tmp_path / "log", DATA + ODD[:-1]))
    assert (status, err, lines_of(found)) == (0, "", [1, 2, 3, 4])
    assert found[3]["text"] == ODD[:-1].decode()


def test_empty_lines_are_lines(score: Score, tmp_path: Path) -> None:
    status, err, found = score(write(tmp_path / "log", b"\n\n" + LINE + b"\n"))
    assert (status, err, lines_of(found)) == (0, "", [1, 2, 3, 4])
    assert [record["text"] for record in found] == ["", "", LINE.decode().strip(), ""]


def test_colours_are_removed(score: Score, tmp_path: Path) -> None:
    coloured = ODD.replace(b"session", b"\x1b[1;31msession\x1b[0m")
    status, err, found = score(write(tmp_path / "log", LINE + coloured + LINE))
    assert (status, err, lines_of(found)) == (0, "", [1, 2, 3])
    assert found[1]["text"] == ODD.decode().strip()
    assert [reason["text"] for reason in found[1]["reasons"]] == ["stolen"]
    assert found[2]["offset"] == len(LINE) + len(coloured)


def test_a_name_that_is_not_utf_8_and_would_steer_the_terminal(
    oddline: Callable[..., Any], small_bundle: Path, tmp_path: Path
) -> None:
    try:
        write(tmp_path / os.fsdecode(b"caf\xe9\x1b[31m.log"), DATA)
    except OSError:
        pytest.skip("this file system has UTF-8 names only")
    ended = oddline("score", small_bundle, tmp_path, "--output", tmp_path.with_suffix(".out"))
    assert ended.status == 0
    assert ended.err.splitlines()[0].endswith(r"/caf\xe9\x1b[31m.log: format syslog (3 of the first 3 lines)")
    assert "\x1b" not in ended.err
    (record,) = read(tmp_path.with_suffix(".out"))
    assert Path(record["source"]).name == "caf\\xe9\x1b[31m.log"


@pytest.fixture(scope="module")
def detector(small_bundle: Path) -> Detector:
    return Detector(load_bundle(small_bundle), provider="cpu", threads=1)


PIECE = st.sampled_from(
    [
        b"\n",
        b"\r\n",
        b"\r",
        b"\0",
        b"\xff",
        b"\xe2\x82",
        b"\x1b[31m",
        b"\xef\xbb\xbf",
        LINE,
        ODD,
        b"session ",
        b"{",
        b" ",
    ]
)


@given(st.binary(max_size=200) | st.lists(PIECE, max_size=30).map(b"".join), st.sampled_from(["syslog", "plain"]))
def test_any_bytes_are_scored_line_by_line(detector: Detector, data: bytes, name: str) -> None:
    assume(recognise_binary(data) is None)
    choice = FormatChoice(FormatSpec(name=name, layout=None, fields=None, header=None, skip_characters=0))
    blocks = score_source(Source(None, "stdin"), detector, choice, say=lambda _: None, stdin=io.BytesIO(data))
    found = [record for block in blocks for record in make_records(block, detector, everything=True)]
    raw = data.split(b"\n")
    if raw[-1] == b"":
        raw.pop()
    assert [record.line for record in found] == list(range(1, len(raw) + 1))
    for record, line in zip(found, raw):
        assert data[record.offset : record.offset + len(line)] == line
        assert all(record.text[reason.start : reason.end] == reason.text for reason in record.reasons)
        clean = line[:-1] if line.endswith(b"\r") and data[record.offset + len(line) :] else line
        if b"\x1b" not in line and b"\xef\xbb\xbf" not in line and not line.startswith(b"{"):
            text = clean.decode("utf-8", "replace")
            assert record.text == text or "\x9b" in text or "\x9d" in text
