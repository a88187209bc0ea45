"""From an access log to a bundle that finds what is odd in it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any, Iterator

import pytest
from workstation import Ended

from edge.bundle.folder import load_bundle
from export.simulate.access.generate import simulate_access
from export.simulate.writer import write_simulation


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    write_simulation(simulate_access(0, 2, 700), folder, "access.log")
    return folder


@pytest.fixture(scope="module")
def quick(tensorflow: None) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("export.tokens.fit.STEPS_PER_EPOCH", 40)
        yield


@pytest.fixture(scope="module")
def bundle(quick: None, site: Path, oddline: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("access")
    options = ("--epochs", 4, "--target-fpr", 0.01, "--split", "0.7,0.3,0")
    check(oddline("train", "access", site / "train.log", "-o", folder / "run", *options))
    check(oddline("export", folder / "run", "-o", folder / "bundle", "--licence", "Apache-2.0"))
    return folder / "bundle"


def check(ended: Ended) -> Ended:
    assert ended.status == 0, ended.err
    return ended


def records(oddline: Any, bundle: Path, log: Path, *options: str) -> Any:
    """What `oddline score` writes of a log."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "out.jsonl"
        check(oddline("score", bundle, log, "--output", output, *options))
        return [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]


def test_a_bundle_says_what_it_reads(bundle: Path, oddline: Any) -> None:
    manifest = load_bundle(bundle).manifest
    spec = manifest.preprocessing.format
    assert (manifest.detector, spec.name) == ("access", "access")
    assert spec.fields == ["method", "path", "query", "protocol", "status", "size"]
    assert manifest.parity.steps[0].max_relative_difference <= 1e-5
    check(oddline("verify", bundle))


def test_attacks_are_found_and_most_else_is_not(bundle: Path, site: Path, oddline: Any) -> None:
    attacks = (site / "anomalous.log").read_text().splitlines()
    normal = (site / "normal.log").read_text().splitlines()
    assert len(records(oddline, bundle, site / "anomalous.log")) >= 0.9 * len(attacks)
    assert len(records(oddline, bundle, site / "normal.log")) <= 0.05 * len(normal)


def test_a_verdict_points_into_the_line(bundle: Path, site: Path, oddline: Any, tmp_path: Path) -> None:
    log = tmp_path / "one.log"
    line = '"::1 - - [01/Mar/2025:10:00:00 +0200] "GET /search?q=1%27;DROP%20TABLE&sort=new HTTP/1.1" 500 12 "-" "x""'
    log.write_text(line + "\n")
    (record,) = records(oddline, bundle, log)
    assert record["text"] == line
    assert record["timestamp"] == "2025-03-01T10:00:00+02:00"
    assert "?q=1%27;DROP%20TABLE" in [reason["text"] for reason in record["reasons"]]
    assert all(line[reason["start"] : reason["end"]] == reason["text"] for reason in record["reasons"])


def test_who_asks_does_not_matter(bundle: Path, site: Path, oddline: Any, tmp_path: Path) -> None:
    line = (site / "normal.log").read_text().splitlines()[0]
    request = line[line.index("[") : line.index('"', line.index('"') + 1) + 1] + " 200 17"
    log = tmp_path / "who.log"
    log.write_text(f'10.0.0.1 - - {request} "-" "curl"\n2001:db8::9 x y {request} "http://a/b" "Mozilla"\n')
    first, second = records(oddline, bundle, log, "--all")
    assert first["score"] == second["score"]


def test_lines_of_other_formats_are_scored_and_counted(bundle: Path, oddline: Any, tmp_path: Path) -> None:
    log = tmp_path / "mixed.log"
    access = '1.2.3.4 - - [01/Mar/2025:10:00:00 +0000] "GET / HTTP/1.1" 200 6000 "-" "x"'
    log.write_text(f"Mar  1 10:00:00 host sshd[1]: Accepted\n{access}\n\n{{}}\n{access}\n")
    found = records(oddline, bundle, log, "--all")
    assert [record["line"] for record in found] == [1, 2, 3, 4, 5]
    ended = check(oddline("score", bundle, log, "--output", tmp_path / "out"))
    assert "3 not in the format and scored as plain text" in ended.err
    assert found[0]["anomalous"]


def test_equal_seeds_give_equal_weights(quick: None, site: Path, oddline: Any, tmp_path: Path) -> None:
    for name in ("one", "other"):
        check(oddline("train", "access", site / "train.log", "-o", tmp_path / name, "--epochs", 1, "--seed", 4))
    weights = [sorted((tmp_path / name).glob("*.npz"))[0].read_bytes() for name in ("one", "other")]
    assert weights[0] == weights[1]


def test_the_preset_seed(quick: None, site: Path, oddline: Any, tmp_path: Path) -> None:
    run = tmp_path / "run"
    check(oddline("train", "access", site / "train.log", "-o", run, "--preset", "seed", "--epochs", 2))
    check(oddline("export", run, "-o", tmp_path / "bundle", "--licence", "Apache-2.0"))
    check(oddline("verify", tmp_path / "bundle"))


def test_raw_requests(quick: None, oddline: Any, tmp_path: Path) -> None:
    log = tmp_path / "requests.txt"
    bodies = [f"POST /login.jsp HTTP/1.1\r\nHost: a\r\n\r\nuser=u{n % 7}&remember=on\r\n\r\n" for n in range(400)]
    log.write_bytes("".join(bodies).encode())
    options = ("--format", "http", "--epochs", 1, "--split", "0.7,0.3,0")
    check(oddline("train", "access", log, "-o", tmp_path / "run", *options))
    check(oddline("export", tmp_path / "run", "-o", tmp_path / "bundle", "--licence", "Apache-2.0"))
    check(oddline("verify", tmp_path / "bundle"))
    log.write_bytes(bodies[0].encode() + b"GET /x?q=%3Cscript%3E HTTP/1.1\r\nHost: a\r\n\r\n")
    found = records(oddline, tmp_path / "bundle", log, "--all")
    assert [record["line"] for record in found] == [1, 6]
    assert [record["anomalous"] for record in found] == [False, True]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--format", "syslog"], "--format: the detector access finds no requests in the format syslog"),
        (["--fields", "path,adress"], "the format access has no field 'adress'; it has method, path"),
        (["--format", "http", "--fields", "status"], "the format http has no field 'status'"),
        (["--label-column", "x"], "--label-column: the detector access knows no such option"),
    ],
)
def test_options_that_make_no_sense(
    quick: None, site: Path, oddline: Any, tmp_path: Path, options: Any, message: str
) -> None:
    ended = oddline("train", "access", site / "train.log", "-o", tmp_path / "run", *options)
    assert message in ended.error


def test_a_log_without_requests(quick: None, oddline: Any, tmp_path: Path) -> None:
    log = tmp_path / "syslog.log"
    log.write_text("Mar  1 10:00:00 host sshd[1]: Accepted\n" * 500)
    ended = oddline("train", "access", log, "-o", tmp_path / "run")
    assert "only 0 of 500 records are requests in the format access" in ended.error
