"""The command `score`: options, outputs, exit statuses and signals."""

from __future__ import annotations

import csv
import gzip
import io
import re
import signal
import time
from pathlib import Path
from typing import Any, Callable, List

import pytest
from score_runs import LINE, ODD, names, parse, read, shell, start

DATA = LINE + ODD + b"no syslog\n" + LINE


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "messages"
    path.write_bytes(DATA)
    return path


@pytest.fixture
def feed(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Gives bytes to the standard input of the command."""

    def give(data: bytes) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))

    return give


def test_the_anomalous_lines_are_the_result(oddline: Callable[..., Any], small_bundle: Path, log: Path) -> None:
    ended = oddline("score", small_bundle, log, "--year", 2005)
    assert ended.status == 0
    first, second = parse(ended.out)
    assert first == {
        "source": str(log),
        "line": 2,
        "offset": len(LINE),
        "timestamp": "2005-06-14T15:16:02",
        "score": 9.5,
        "p_value": 0.25,
        "threshold": 5.0,
        "anomalous": True,
        "unscored": None,
        "found_by": [],
        "template_id": None,
        "new_template": None,
        "reasons": [{"text": "stolen", "start": 40, "end": 46, "score": 9.5}],
        "text": ODD.decode().strip(),
    }
    assert (second["line"], second["text"], second["timestamp"]) == (3, "no syslog", None)
    said, summary = ended.err.splitlines()
    assert said == f"oddline: {log}: format syslog (3 of the first 4 lines)"
    assert re.fullmatch(
        r"oddline: 4 lines from 1 source, 2 anomalous \(50\.000%\), "
        r"1 not in the format and scored as plain text, \d+\.\d\d s, [\d,]+ lines/s",
        summary,
    )


def test_a_log_of_another_format_is_wondered_at(
    oddline: Callable[..., Any], small_bundle: Path, tmp_path: Path
) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(LINE * 2 + b"no syslog\n" * 3)
    wondered = (
        "oddline: most records are not in the format that they were read in: is it the right bundle for this log?"
    )
    assert oddline("score", small_bundle, path).err.splitlines()[-1] == wondered
    path.write_bytes(LINE * 3 + b"no syslog\n" * 3)
    assert wondered not in oddline("score", small_bundle, path).err


def test_all_gives_every_line_and_offsets_point_at_them(
    oddline: Callable[..., Any], small_bundle: Path, log: Path, tmp_path: Path
) -> None:
    (tmp_path / "old.gz").write_bytes(gzip.compress(DATA))
    ended = oddline("score", small_bundle, log, tmp_path / "old.gz", "--all", "--quiet")
    assert (ended.status, ended.err) == (0, "")
    found = parse(ended.out)
    assert [record["line"] for record in found] == [1, 2, 3, 4] * 2
    assert [record["anomalous"] for record in found] == [False, True, True, False] * 2
    assert [Path(record["source"]).name for record in found] == ["messages"] * 4 + ["old.gz"] * 4
    for record in found:
        line = DATA[record["offset"] :].split(b"\n")[0]
        assert line.decode() == record["text"]
        for reason in record["reasons"]:
            assert record["text"][reason["start"] : reason["end"]] == reason["text"]


def test_a_normal_log_gives_nothing(oddline: Callable[..., Any], small_bundle: Path, log: Path) -> None:
    log.write_bytes(LINE * 10)
    ended = oddline("score", small_bundle, log, "-q", "--fail-on-anomaly")
    assert (ended.status, ended.out, ended.err) == (0, "", "")


def test_fail_on_anomaly(oddline: Callable[..., Any], small_bundle: Path, log: Path, tmp_path: Path) -> None:
    assert oddline("score", small_bundle, log).status == 0
    flagged = oddline("score", small_bundle, log, "--fail-on-anomaly", "--output", tmp_path / "out.jsonl")
    assert flagged.status == 3
    assert len(read(tmp_path / "out.jsonl")) == 2, "the results are written all the same"


def test_a_damaged_source_counts_more_than_a_flagged_line(
    oddline: Callable[..., Any], small_bundle: Path, log: Path, tmp_path: Path
) -> None:
    (tmp_path / "cut.gz").write_bytes(gzip.compress(DATA)[:-4])
    assert oddline("score", small_bundle, log, tmp_path / "cut.gz", "--fail-on-anomaly").status == 1


@pytest.mark.parametrize(
    ("threshold", "lines"), [("100", []), ("9.5", [2, 3]), ("1.25", [1, 2, 3, 4]), ("-1", [1, 2, 3, 4])]
)
def test_the_threshold(
    oddline: Callable[..., Any], small_bundle: Path, log: Path, threshold: str, lines: List[int]
) -> None:
    ended = oddline("score", small_bundle, log, "--threshold", threshold)
    found = parse(ended.out)
    assert [record["line"] for record in found] == lines
    assert all(record["threshold"] == float(threshold) for record in found)


def test_each_output_format(oddline: Callable[..., Any], small_bundle: Path, log: Path) -> None:
    options = ("--all", "--quiet", "--output-format")
    assert (
        oddline("score", small_bundle, log, *options, "jsonl").out
        == oddline("score", small_bundle, log, "--all", "--quiet").out
    ), "JSON lines are the default where there is no terminal"
    rows = list(csv.DictReader(io.StringIO(oddline("score", small_bundle, log, *options, "csv").out, newline="")))
    assert [row["line"] for row in rows] == ["1", "2", "3", "4"]
    assert [row["anomalous"] for row in rows] == ["false", "true", "true", "false"]
    assert rows[1]["text"] == ODD.decode().strip()
    assert rows[1]["reasons"] == "stolen"
    assert oddline("score", small_bundle, log, *options, "text").out.splitlines() == [
        f"      1.250  {log}:1  {LINE.decode().strip()}",
        f"!     9.500  {log}:2  Jun 14 15:16:02 combo sshd[17]: session «stolen»",
        f"!     9.500  {log}:3  «no» «syslog»",
        f"      1.250  {log}:4  {LINE.decode().strip()}",
    ]


def test_the_standard_input(
    oddline: Callable[..., Any], small_bundle: Path, feed: Callable[[bytes], None], log: Path
) -> None:
    for data in (DATA, gzip.compress(DATA)):
        feed(data)
        ended = oddline("score", small_bundle, "-", log, "--quiet")
        found = [(record["source"], record["line"], record["offset"]) for record in parse(ended.out)]
        odd = [(2, len(LINE)), (3, len(LINE) + len(ODD))]
        assert found == [("stdin", *place) for place in odd] + [(str(log), *place) for place in odd]


def test_an_empty_standard_input(
    oddline: Callable[..., Any], small_bundle: Path, feed: Callable[[bytes], None]
) -> None:
    feed(b"")
    ended = oddline("score", small_bundle, "-", "--all")
    assert (ended.status, ended.out) == (0, "")
    assert ended.err.startswith("oddline: stdin: holds no lines\noddline: 0 lines from 1 source, 0 anomalous, ")


def test_output_to_a_file(oddline: Callable[..., Any], small_bundle: Path, log: Path, tmp_path: Path) -> None:
    expected = oddline("score", small_bundle, log, "--all").out
    ended = oddline("score", small_bundle, log, "--all", "--output", tmp_path / "out.jsonl")
    assert (ended.status, ended.out) == (0, "")
    assert (tmp_path / "out.jsonl").read_text(encoding="utf-8") == expected
    assert names(tmp_path) == ["messages", "out.jsonl"]


def test_a_format_and_a_layout_by_name(oddline: Callable[..., Any], small_bundle: Path, log: Path) -> None:
    log.write_bytes(b"[warn] session opened\n[warn] session stolen\n")
    layout = oddline("score", small_bundle, log, "--log-format", r"\[<Level>\] <Content>")
    assert [(record["text"], record["score"]) for record in parse(layout.out)] == [("[warn] session stolen", 9.5)]
    plain = oddline("score", small_bundle, log, "--format", "plain", "--quiet")
    assert [record["line"] for record in parse(plain.out)] == [1, 2], "the level is content now, and unknown"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--format", "xml"], "'xml' is not one of syslog, rfc5424, journald, layout, access, requests"),
        (["--format", "layout"], "the format layout needs --log-format"),
        (["--format", "syslog", "--log-format", "<Content>"], "a layout does not go with the format syslog"),
        (["--output-format", "xml"], "'xml' is not one of jsonl, csv, text"),
        (["--provider", "gpu"], "'gpu' is not one of auto, tensorrt, cuda, cpu"),
        (["--threshold", "nan"], "nan is not a finite number"),
        (["--threshold", "high"], "Invalid value for '--threshold'"),
        (["--threads", "-1"], "Invalid value for '--threads'"),
        (["--threads", "100000000000"], "Invalid value for '--threads'"),
        (["--year", "0"], "Invalid value for '--year'"),
        (["--batch-size", "0"], "Invalid value for '--batch-size'"),
        (["--max-line-bytes", "1"], "Invalid value for '--max-line-bytes'"),
        (["--no-such-option"], "No such option"),
    ],
)
def test_wrong_usage(
    oddline: Callable[..., Any], small_bundle: Path, log: Path, options: List[str], message: str
) -> None:
    ended = oddline("score", small_bundle, log, *options)
    assert (ended.status, ended.out) == (2, "")
    assert message in ended.err


def test_without_a_path(oddline: Callable[..., Any], small_bundle: Path) -> None:
    ended = oddline("score", small_bundle)
    assert ended.status == 2
    assert "PATH" in ended.err


def test_a_wrong_layout(oddline: Callable[..., Any], small_bundle: Path, log: Path, tmp_path: Path) -> None:
    ended = oddline("score", small_bundle, log, "--log-format", "<Date>", "-q", "--output", tmp_path / "out")
    assert (ended.status, ended.out) == (1, "")
    assert (
        ended.err == "oddline: error: layout '<Date>': the layout does not end in <Content>; put <Content> at its end\n"
    )
    assert names(tmp_path) == ["messages"]


def test_what_is_no_bundle(oddline: Callable[..., Any], tmp_path: Path, log: Path) -> None:
    ended = oddline("score", tmp_path / "none", log)
    assert (ended.status, ended.out) == (1, "")
    assert ended.err == f"oddline: error: {tmp_path}/none: no such folder; give the path of a bundle's folder\n"


def test_a_provider_that_is_not_there(oddline: Callable[..., Any], small_bundle: Path, log: Path) -> None:
    ended = oddline("score", small_bundle, log, "--provider", "tensorrt")
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.startswith("oddline: error: this onnxruntime was built without TensorrtExecutionProvider; ")


def test_batches_change_nothing(oddline: Callable[..., Any], small_bundle: Path, log: Path) -> None:
    log.write_bytes(b"".join(b"Jun 14 15:16:01 combo sshd[17]: session %s\n" % (b"x" * (i % 9)) for i in range(300)))
    results = {oddline("score", small_bundle, log, "--all", "--batch-size", size).out for size in (1, 7, 256)}
    assert len(results) == 1
    assert len(parse(results.pop())) == 300


def test_the_reader_of_the_results_may_go(small_bundle: Path, log: Path) -> None:
    log.write_bytes(ODD * 20_000)
    for output in ("", "--output /dev/stdout"):
        done = shell(f'oddline score "$1" "$2" --quiet {output} | head -n 1', small_bundle, log)
        assert (done.returncode, done.stderr) == (0, b"")
        assert [record["line"] for record in parse(done.stdout.decode())] == [1]


def test_the_reader_of_the_messages_may_go(small_bundle: Path, log: Path, tmp_path: Path) -> None:
    done = shell('oddline score "$1" "$2" --all --output "$3" 2>&1 | true', small_bundle, log, tmp_path / "out")
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(read(tmp_path / "out")) == 4


def test_streams_may_be_closed(small_bundle: Path, log: Path) -> None:
    silent = shell('oddline score "$1" "$2" 2>&-', small_bundle, log)
    assert (silent.returncode, len(parse(silent.stdout.decode()))) == (0, 2), "messages never mix with results"
    mute = shell('oddline score "$1" "$2" --quiet >&-', small_bundle, log)
    assert mute.returncode == 1
    assert mute.stderr == b"oddline: error: standard output: it is closed; write to a file: --output FILE\n"
    deaf = shell('oddline score "$1" - --quiet <&-', small_bundle)
    assert deaf.returncode == 1
    assert deaf.stderr == b"oddline: error: stdin: it is closed; pipe a log into the command\n"


def test_ctrl_c_keeps_what_was_found(small_bundle: Path, tmp_path: Path) -> None:
    process = start("score", small_bundle, "-", "--output", tmp_path / "out.jsonl")
    assert process.stdin is not None
    process.stdin.write(ODD + LINE + ODD)
    deadline = time.monotonic() + 50
    while not any(path.stat().st_size for path in tmp_path.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=50)
    assert (process.returncode, out) == (130, b"")
    said, interrupted, summary = err.decode().splitlines()
    assert said == "oddline: stdin: format syslog (3 of the first 3 lines)"
    assert interrupted == f"oddline: interrupted; what was found so far is in {tmp_path / 'out.jsonl.partial'}"
    assert summary.startswith("oddline: 3 lines from 1 source, 2 anomalous")
    assert names(tmp_path) == ["out.jsonl.partial"]
    assert [record["line"] for record in read(tmp_path / "out.jsonl.partial")] == [1, 3]


def test_ctrl_c_on_the_standard_output(small_bundle: Path) -> None:
    process = start("score", small_bundle, "-", "--quiet")
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(ODD)
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=50)
    assert (process.returncode, out, err) == (130, b"", b"")
    assert parse(first.decode())[0]["line"] == 1, "it came while the log was still being written"


def test_a_full_disk(oddline: Callable[..., Any], small_bundle: Path, log: Path, tmp_path: Path) -> None:
    log.write_bytes(ODD * 200)
    (tmp_path / "results").mkdir()
    target = tmp_path / "results" / "out"
    done = shell('ulimit -f 8; oddline score "$1" "$2" --quiet --output "$3"', small_bundle, log, target)
    assert (done.returncode, done.stdout) == (1, b"")
    message = f"oddline: error: {target}: the file would be larger than the limit; raise the limit with `ulimit -f`\n"
    assert done.stderr.decode() == message
    assert names(tmp_path / "results") == []
    full = oddline("score", small_bundle, log, "--quiet", "--output", "/dev/full")
    message = "oddline: error: /dev/full: the disk is full; free some space, or write to another disk\n"
    assert (full.status, full.out, full.err) == (1, "", message)


def test_a_place_that_cannot_be_written(
    oddline: Callable[..., Any], small_bundle: Path, log: Path, tmp_path: Path
) -> None:
    ended = oddline("score", small_bundle, log, "--quiet", "--output", tmp_path / "none" / "out")
    assert ended.status == 1
    mend = f"make it: mkdir -p {tmp_path}/none"
    assert ended.err == f"oddline: error: {tmp_path}/none/out: the target folder does not exist; {mend}\n"
