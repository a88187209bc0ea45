"""The command `oddline train`: what it writes, what it says, and what it refuses."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable

import numpy as np
import pytest
from evaluate_samples import normal_lines, write_log
from workstation import Ended, Trained, relative_difference

from edge.bundle.folder import load_bundle
from edge.runtime.detector import Detector
from edge.runtime.verdicts import is_anomalous
from export.commands.train import show_epoch
from export.dataset import read_log
from export.run import CALIBRATION_NAME, TEST_NAME


@pytest.fixture
def train(oddline: Callable[..., Ended], tensorflow: None) -> Callable[..., Ended]:
    return lambda *arguments: oddline("train", "line", *arguments)


def test_the_run_folder_holds_what_was_learnt(trained: Trained) -> None:
    run = trained.run
    data = read_log([str(trained.log)], asked=None, layout=None, say=lambda _: None)
    spec = run.spec.training
    cuts = [spec.records, spec.records + spec.calibration_records]
    assert cuts == [round(len(data) * share) for share in (0.6, 0.8)]
    assert spec.records + spec.calibration_records + spec.test_records == len(data)
    assert spec.fingerprint == data.part(0, cuts[0]).fingerprint()
    assert [example.raw for example in run.heldout(CALIBRATION_NAME)] == data.lines[cuts[0] : cuts[1]]
    assert [example.raw for example in run.heldout(TEST_NAME)] == data.lines[cuts[1] :]
    texts = run.training_inputs()
    assert (len(texts), sum(texts.values())) == (spec.distinct_inputs, spec.records)
    assert not any(character.isdigit() for text in texts for character in text), "numbers are masked"
    assert (spec.seed, spec.parameters["epochs"]) == (0, 2)
    assert spec.parameters["weights"] == sum(weight.size for weight in run.weights())
    assert run.spec.preprocessing.format.name == "syslog"
    assert run.spec.threshold.target_fpr == 0.02


def test_the_calibration_is_that_of_the_network(trained: Trained) -> None:
    from export.trained import load_scorer

    run = trained.run
    scores = load_scorer(run).score([example.content for example in run.heldout(CALIBRATION_NAME)])
    assert run.spec.calibration.records == len(scores)
    highest = np.array([run.spec.calibration.scores[-1]], np.float32)
    assert relative_difference(highest, scores.max(keepdims=True)) <= 1e-5
    assert 0 < is_anomalous(scores, run.spec.threshold.value).sum() <= 0.02 * len(scores)


def test_it_says_what_it_did(trained: Trained) -> None:
    spec = trained.run.spec
    total = spec.training.records + spec.training.calibration_records + spec.training.test_records
    lines = trained.training.out.splitlines()
    assert lines[0] == f"trained line (default) on {spec.training.records:,} of {total:,} records: {trained.folder}"
    assert lines[1].startswith(f"threshold {spec.threshold.value:.4f} (conformal: at most a share of 0.02 ")
    assert lines[1].endswith(f"set on {spec.threshold.records:,} held-out records")
    assert lines[2].startswith(f"of the {spec.training.test_records:,} normal records that are kept for tests, ")
    assert lines[3] == f"next: oddline export {trained.folder} -o BUNDLE"
    said = trained.training.err.splitlines()
    assert said[0] == f"oddline: {trained.log}: format syslog (1000 of the first 1000 lines)"
    assert said[1].startswith(f"oddline: learning from {spec.training.records:,} lines, ")
    assert said[2].startswith("oddline: the log dictionary holds ")
    assert [line.partition(", loss")[0] for line in said[3:]] == [
        "oddline: training: epoch 1 of 2",
        "oddline: training: epoch 2 of 2",
    ]


def test_the_seed_preset_reads_whole_lines(trained_seed: Trained) -> None:
    spec = trained_seed.run.spec
    assert (spec.preprocessing.format.name, spec.preprocessing.format.skip_characters) == ("plain", 16)
    assert (spec.preprocessing.masks, spec.preprocessing.encoder.fill) == ([], "tile")
    assert spec.network == {"vocabulary": 30_000}, "the published table has its size whatever was learnt"
    assert all(example.content == example.raw for example in trained_seed.run.heldout(TEST_NAME))


class Repeated:
    """A log of one line, trained on twice, and the bundle of the second run."""

    def __init__(self, oddline: Callable[..., Ended], folder: Path) -> None:
        log = write_log(folder / "log", ["Mar  1 04:00:00 box cron[17]: job 17 done"] * 500)
        options = ("--epochs", 1, "--seed", 5)
        self.ended = [oddline("train", "line", log, "-o", folder / name, *options) for name in ("one", "other")]
        self.one, self.other = folder / "one", folder / "other"
        self.export = oddline("export", self.other, "-o", folder / "bundle")
        self.bundle = folder / "bundle"


@pytest.fixture(scope="module")
def repeated(oddline: Callable[..., Ended], tensorflow: None, tmp_path_factory: pytest.TempPathFactory) -> Repeated:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("export.tokens.fit.STEPS_PER_EPOCH", 25)
        return Repeated(oddline, tmp_path_factory.mktemp("repeated"))


def test_a_log_of_one_repeated_line_trains_and_exports(repeated: Repeated, oddline: Callable[..., Ended]) -> None:
    assert [ended.status for ended in (*repeated.ended, repeated.export)] == [0, 0, 0], repeated.export.err
    assert oddline("verify", repeated.bundle).status == 0
    detector = Detector(load_bundle(repeated.bundle), provider="cpu")
    scores = detector.score(["cron[17]: job 17 done", "cron[3]: job 3 done"])
    assert scores[0] == scores[1], "numbers are masked"
    assert not detector.verdicts(scores).any()


def test_one_seed_gives_one_run(repeated: Repeated) -> None:
    for path in sorted(repeated.one.iterdir()):
        assert path.read_bytes() == (repeated.other / path.name).read_bytes(), path.name


def test_alerts_per_day_need_days(train: Callable[..., Ended], tmp_path: Path) -> None:
    log = write_log(tmp_path / "log", ["a line without a time stamp"] * 500)
    ended = train(log, "-o", tmp_path / "run", "--alerts-per-day", 2, "--preset", "seed", "--epochs", 1)
    assert "no time stamps that a budget by the day could be counted with; use --target-fpr" in ended.error
    assert not (tmp_path / "run").exists()


def test_bytes_that_are_no_utf8_and_a_budget_by_the_day(
    train: Callable[..., Ended], oddline: Callable[..., Ended], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("export.tokens.fit.STEPS_PER_EPOCH", 25)
    lines = [
        f"2024-03-{1 + number // 100:02d}T{number % 24:02d}:00:00Z box app: ".encode() + b"caf\xe9 \xff\x00 %d" % number
        for number in range(600)
    ]
    (tmp_path / "log").write_bytes(b"\r\n".join(lines))
    ended = train(tmp_path / "log", "-o", tmp_path / "run", "--epochs", 1, "--alerts-per-day", 1.5)
    assert ended.status == 0, ended.err
    assert "at most 1.5 alerts a day on " in ended.out
    assert oddline("export", tmp_path / "run", "-o", tmp_path / "bundle").status == 0
    scored = oddline("score", tmp_path / "bundle", tmp_path / "log", "--all", "--output", tmp_path / "scored.jsonl")
    assert scored.status == 0, scored.err
    records = [json.loads(line) for line in (tmp_path / "scored.jsonl").read_bytes().splitlines()]
    assert [record["line"] for record in records] == list(range(1, 601))
    assert records[7]["text"] == "2024-03-01T07:00:00Z box app: caf\ufffd \ufffd\x00 7"


def test_it_says_what_is_new_at_the_end_of_the_log(
    train: Callable[..., Ended], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("export.tokens.fit.STEPS_PER_EPOCH", 25)
    usual = [f"Mar  1 04:{number % 60:02d}:00 box cron[{number}]: job {number} done" for number in range(800)]
    new = "Mar  1 05:00:00 box kernel: audit: type=1400 avc: denied"
    log = write_log(tmp_path / "log", [*usual, *[line for one in usual[:100] for line in (one, new)]])
    ended = train(log, "-o", tmp_path / "run", "--epochs", 2, "--target-fpr", 0.01)
    assert ended.status == 0, ended.err
    said = ended.out.splitlines()
    assert said[2].startswith("of the 200 normal records that are kept for tests, ")
    assert said[3].endswith("times what the threshold is for: the end of the log is unlike what came before")
    assert "have inputs that were never learnt, most often 'kernel: audit: type=<num> avc: denied' (" in said[4]
    assert said[5].startswith("words never learnt: 'audit:' (")
    assert said[6] == "look at what is flagged; if it is fine, train with it"
    assert said[-1].startswith("next: ")


def refuse_training(*arguments: object, **options: object) -> None:
    pytest.fail("it went on to train")


@pytest.fixture
def untrained(train: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ended]:
    """The command up to where it would train."""
    monkeypatch.setattr("export.line.train._fit", refuse_training)
    return train


@pytest.mark.parametrize(
    ("lines", "options", "words"),
    [
        (499, [], "499 lines are too few: 500 are needed; give more of the log"),
        (499, ["--split", "0.8,0.2,0"], "499 lines are too few: 500 are needed"),
        (500, ["--split", "0.9,0.05,0.05"], "500 lines are too few: 2,000 are needed"),
        (0, [], "0 lines are too few: 500 are needed"),
        (499, ["--preset", "seed"], "499 lines are too few: 500 are needed"),
    ],
)
def test_too_little_says_how_much_is_needed(
    untrained: Callable[..., Ended], tmp_path: Path, lines: int, options: list[str], words: str
) -> None:
    log = write_log(tmp_path / "log", normal_lines(lines))
    ended = untrained(log, "-o", tmp_path / "run", *options)
    assert words in ended.error
    assert ended.out == ""
    assert not (tmp_path / "run").exists()


def test_as_much_as_is_needed_is_enough(train: Callable[..., Ended], tmp_path: Path, monkeypatch: Any) -> None:
    reached = []

    def stop(*arguments: object) -> None:
        reached.append(len(arguments))
        raise KeyboardInterrupt

    monkeypatch.setattr("export.line.train._fit", stop)
    log = write_log(tmp_path / "log", normal_lines(500))
    assert train(log, "-o", tmp_path / "run").status == 130
    assert reached
    assert [path.name for path in tmp_path.iterdir()] == ["log"], "Ctrl-C leaves nothing"


BINARY = {
    "program": (b"\x7fELF" + bytes(200), "this is a program (ELF), not a text log; leave it out"),
    "archive": (b"PK\x03\x04" + bytes(200), "this is a zip archive, not a text log; unpack it first"),
    "UTF-16": ("normal line\n".encode("utf-16") * 30, "this is text in UTF-16, not a text log; convert it first"),
    "cut gzip": (b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\xc8", "the gzip data end too early"),
}


@pytest.mark.parametrize(("content", "words"), BINARY.values(), ids=BINARY.keys())
def test_what_is_no_text(untrained: Callable[..., Ended], tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "log").write_bytes(content)
    error = untrained(tmp_path / "log", "-o", tmp_path / "run").error
    assert f"{tmp_path / 'log'}" in error
    assert words in error


def test_a_table_is_read_as_plain_lines(untrained: Callable[..., Ended], tmp_path: Path) -> None:
    log = write_log(tmp_path / "flows.csv", ["port,bytes,label", *(f"{port},7,Benign" for port in range(100))])
    ended = untrained(log, "-o", tmp_path / "run")
    assert f"oddline: {log}: format plain (101 of the first 101 lines)" in ended.err
    assert "101 lines are too few" in ended.error


def test_paths_that_cannot_be_read(untrained: Callable[..., Ended], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    run = tmp_path / "run"
    assert "absent: there is no such file or folder; check the path" in untrained(tmp_path / "absent", "-o", run).error
    assert "empty: the folder is empty; name the files to read" in untrained(tmp_path / "empty", "-o", run).error
    assert "the standard input can be read only once" in untrained("-", "-", "-o", run).error


def test_the_standard_input(untrained: Callable[..., Ended], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = "\n".join(normal_lines(300)).encode()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    assert "300 lines are too few" in untrained("-", "-o", tmp_path / "run").error


def test_what_is_no_run_is_left_alone_and_told_before_reading(
    untrained: Callable[..., Ended], trained: Trained, tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").write_text("years of work")
    (tmp_path / "file").write_text("")
    for target, words in {
        tmp_path / "home": "the folder is not a run folder, and is not replaced; choose another name",
        trained.bundle: "the folder is not a run folder, and is not replaced; choose another name",
        tmp_path / "file": "is not a folder; choose another name",
        tmp_path / "file" / "run": "a part of the path is a file, not a folder; choose another place",
    }.items():
        error = untrained(tmp_path / "never read", "-o", target).error
        assert f"error: {target}: {words}" in error
    assert (tmp_path / "home" / "thesis.tex").read_text() == "years of work"
    load_bundle(trained.bundle)


USAGE = {
    "detector": (["tree", "LOG"], "'tree' is not one of access, flow, line, sequence"),
    "preset": (["line", "LOG", "--preset", "best"], "'best' is not one of default, seed"),
    "format": (
        ["line", "LOG", "--format", "xml"],
        "'xml' is not one of syslog, rfc5424, journald, layout, access, requests, plain, http, events",
    ),
    "layout": (
        ["line", "LOG", "--format", "syslog", "--log-format", "<Content>"],
        "does not go with the format syslog",
    ),
    "no layout": (["line", "LOG", "--format", "layout"], "the format layout needs --log-format"),
    "epochs": (["line", "LOG", "--epochs", "0"], "Invalid value for '--epochs'"),
    "vocabulary": (["line", "LOG", "--vocabulary", "10"], "Invalid value for '--vocabulary'"),
    "share": (["line", "LOG", "--target-fpr", "0.7"], "Invalid value for '--target-fpr'"),
    "no share": (["line", "LOG", "--target-fpr", "nan"], "Invalid value for '--target-fpr'"),
    "alerts": (["line", "LOG", "--alerts-per-day", "-1"], "Invalid value for '--alerts-per-day'"),
    "no alerts": (["line", "LOG", "--alerts-per-day", "inf"], "inf is no finite number"),
    "no path": (["line"], "Missing argument 'PATH...'"),
}


@pytest.mark.parametrize(("arguments", "words"), USAGE.values(), ids=USAGE.keys())
def test_usage_errors(oddline: Callable[..., Ended], tmp_path: Path, arguments: list[str], words: str) -> None:
    log = write_log(tmp_path / "log", normal_lines(10))
    ended = oddline("train", *(log if part == "LOG" else part for part in arguments), "-o", tmp_path / "run")
    assert (ended.status, ended.out) == (2, "")
    assert words in " ".join(ended.err.split())
    assert not (tmp_path / "run").exists()


NO_SPLITS = ["", "0.8", "0.8,0.2", "0.6,0.2,0.1", "0.5,0.3,0.1,0.1", "0,0.5,0.5", "0.9,0,0.1", "1.2,0.2,-0.4"]
NO_NUMBERS = ["60,20,20", "a,b,c", "nan,0.5,0.5", "0.5,nan,0.5", "inf,-inf,1"]


@pytest.mark.parametrize("split", [*NO_SPLITS, *NO_NUMBERS])
def test_a_split_is_three_shares_that_add_up_to_one(oddline: Callable[..., Ended], tmp_path: Path, split: str) -> None:
    ended = oddline("train", "line", tmp_path / "log", "-o", tmp_path / "run", "--split", split)
    assert ended.status == 2
    assert f"{split!r} is not three shares that add up to 1" in " ".join(ended.err.split())


def test_progress_on_a_terminal_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for epoch in (1, 2, 3):
        show_epoch(epoch, 3, 0.5)
    assert terminal.getvalue().count("\n") == 1
    assert terminal.getvalue().count("\rtraining: epoch ") == 3


def test_progress_elsewhere_is_every_tenth_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    for epoch in range(1, 56):
        show_epoch(epoch, 55, 0.5)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 11
    assert lines[-1] == "oddline: training: epoch 55 of 55, loss 0.5"
