"""Windows of access lines from a labelled log to verdicts, through the commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, Dict, List

import numpy as np
import pytest
from workstation import Ended

from edge.bundle.folder import load_bundle
from edge.bundle.preprocessing import StepEncoderSpec
from edge.encoders.steps import StepEncoder
from edge.formats.request_rows import ROW_FIELDS
from export.run import open_run

Oddline = Callable[..., Ended]


@pytest.fixture(scope="session")
def site(oddline: Oddline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the access log of a small site."""
    folder = tmp_path_factory.mktemp("site")
    assert oddline("simulate", "access", "-o", folder, "--days", 4, "--lines-per-day", 600).status == 0
    return folder


def train(oddline: Oddline, site: Path, run: Path, *options: object, window: str = "20,4") -> Ended:
    labels = ("--format", "access", "--window", window, "--labels", site / "labelled.jsonl")
    return oddline("train", "sequence", site / "labelled.log", *labels, "-o", run, *options)


@pytest.fixture(scope="session", params=["seed", "default"])
def trained(
    request: pytest.FixtureRequest,
    tensorflow: None,
    oddline: Oddline,
    site: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A folder with ``run`` and ``bundle``."""
    folder = tmp_path_factory.mktemp(f"windows-{request.param}")
    ended = train(oddline, site, folder / "run", "--preset", request.param, "--epochs", 8)
    assert ended.status == 0, ended.err
    assert "sessions share lines with an earlier part, and are left out" in ended.err
    ended = oddline("export", folder / "run", "-o", folder / "bundle")
    assert ended.status == 0, ended.err
    return folder


def test_the_run_says_all_of_its_input(trained: Path) -> None:
    spec = open_run(trained / "run").spec
    assert (spec.preprocessing.format.name, spec.preprocessing.format.fields) == ("requests", list(ROW_FIELDS))
    encoder = spec.preprocessing.encoder
    assert isinstance(encoder, StepEncoderSpec)
    assert encoder.steps == (100 if spec.preset == "seed" else 20)
    assert encoder.features[0].categories is not None
    assert "GET" in encoder.features[0].categories
    assert (spec.threshold.value, spec.threshold.method) == (0.5, "fixed, not from held-out records")
    assert len(spec.history["loss"]) == len(spec.history["accuracy"]) == 8
    assert {"", "sql_injection"} <= {one.kind for one in open_run(trained / "run").labelled_inputs()}


def test_the_bundle_verifies_and_keeps_its_signature(oddline: Oddline, trained: Path) -> None:
    assert oddline("verify", trained / "bundle").status == 0
    manifest = load_bundle(trained / "bundle").manifest
    assert [one.name for one in manifest.graph.inputs] == ["steps"]
    assert sorted(one.name for one in manifest.graph.outputs) == ["score", "step_scores"]
    assert manifest.parity.steps[0].flipped_verdicts == 0
    assert oddline("inspect", trained / "bundle").status == 0


def test_windows_of_attacks_are_found_and_the_attacks_named(
    oddline: Oddline, site: Path, trained: Path, tmp_path: Path
) -> None:
    ended = oddline("score", trained / "bundle", site / "access.log", "--all", "--output", tmp_path / "scored.jsonl")
    assert ended.status == 0, ended.err
    header, *labels = map(json.loads, (site / "labels.jsonl").read_text("utf-8").splitlines())
    odd = {label["line"] for label in labels}
    log = (site / "access.log").read_text("utf-8").splitlines()
    attacks = {log[number - 1] for number in odd}
    found: List[Dict[str, Any]] = [json.loads(line) for line in (tmp_path / "scored.jsonl").read_text().splitlines()]
    later = [one for one in found if one["line"] >= header["held_out_from_line"]]
    truth = np.array([bool(odd & set(range(one["line"], one["line"] + 20))) for one in later])
    flagged = np.array([one["anomalous"] for one in later])
    assert flagged[truth].mean() > 0.7
    assert flagged[~truth].mean() < 0.1
    named = [one["reasons"][0]["text"] in attacks for one, hit in zip(later, flagged & truth, strict=True) if hit]
    assert np.mean(named) > 0.8


def test_it_is_evaluated_beside_the_mean_of_its_rows(oddline: Oddline, site: Path, trained: Path) -> None:
    ended = oddline("evaluate", trained / "run", "--labelled", site / "access.log", "--labels", site / "labels.jsonl")
    assert ended.status == 0, ended.err
    assert "logistic regression on mean rows" in ended.out
    assert "largest deviation of mean rows" in ended.out
    ended = oddline(
        "evaluate", trained / "bundle", "--labelled", site / "access.log", "--labels", site / "labels.jsonl"
    )
    assert ended.status == 0, ended.err


def test_equal_seeds_give_equal_models(oddline: Oddline, tensorflow: None, site: Path, tmp_path: Path) -> None:
    hashes = []
    for name in ("one", "other"):
        assert train(oddline, site, tmp_path / name, "--epochs", 1).status == 0
        assert oddline("export", tmp_path / name, "-o", tmp_path / f"{name}.bundle").status == 0
        hashes.append(load_bundle(tmp_path / f"{name}.bundle").model_sha256)
    assert hashes[0] == hashes[1]


def test_windows_of_time(oddline: Oddline, tensorflow: None, site: Path, tmp_path: Path) -> None:
    options = ("--format", "access", "--seconds", 3, "--labels", site / "labelled.jsonl", "--epochs", 1)
    ended = oddline("train", "sequence", site / "labelled.log", *options, "-o", tmp_path / "run")
    assert ended.status == 0, ended.err
    run = open_run(tmp_path / "run")
    sessions, encoder = run.spec.preprocessing.sessions, run.spec.preprocessing.encoder
    assert sessions is not None
    assert (sessions.seconds, sessions.length, sessions.key) == (3.0, None, None)
    assert isinstance(encoder, StepEncoderSpec)
    assert encoder.steps == 64
    row = run.labelled_inputs()[0].key.split(" ")[0]
    encoded = StepEncoder(encoder).encode([" ".join([row] * lines) for lines in (64, 65, 150)])
    assert encoded.owners.tolist() == [0, 1, 1, 2, 2, 2]
    assert not encoded.faults
    assert oddline("export", tmp_path / "run", "-o", tmp_path / "bundle").status == 0
    assert oddline("verify", tmp_path / "bundle").status == 0


def test_labelled_lines_of_other_formats_are_events(
    oddline: Oddline, tensorflow: None, site: Path, tmp_path: Path
) -> None:
    options = ("--format", "plain", "--window", "20,10", "--labels", site / "labelled.jsonl", "--epochs", 1)
    ended = oddline("train", "sequence", site / "labelled.log", *options, "-o", tmp_path / "run")
    assert ended.status == 0, ended.err
    spec = open_run(tmp_path / "run").spec
    assert (spec.preprocessing.encoder.__struct_config__.tag, spec.network["supervised"]) == ("tokens", 1)


def test_without_labels_access_lines_are_events_as_they_were(
    oddline: Oddline, tensorflow: None, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("export.sequence.fit.STEPS_PER_EPOCH", 5)
    options = ("--format", "access", "--window", "20,20", "--epochs", 1)
    ended = oddline("train", "sequence", site / "train.log", *options, "-o", tmp_path / "run")
    assert ended.status == 0, ended.err
    spec = open_run(tmp_path / "run").spec
    assert (spec.preprocessing.format.name, spec.network["supervised"]) == ("access", 0)


ACCESS = ("--format", "access")
W = ("--window", "20,4")


@pytest.mark.parametrize(
    ("log", "labels", "options", "words"),
    [
        (
            "labelled.log",
            None,
            (*ACCESS, *W, "--preset", "seed"),
            "the lines of a log have none",
        ),
        ("labelled.log", None, ("--format", "requests", *W), "rows of features are learnt with labels"),
        ("train.log", "labelled.jsonl", (*ACCESS, *W), "these are not the labels of"),
        ("labelled.log", "nowhere.jsonl", (*ACCESS, *W), "cannot be read"),
        ("labelled.log", "labelled.log", (*ACCESS, *W), "it is no file of labels"),
        ("access.log", "labels.jsonl", (*ACCESS, *W), "0 anomalous sessions are there to learn from, 10 are needed"),
        ("labelled.log", "labelled.jsonl", (*ACCESS, "--window", "5000,1"), "a window has 5,000 lines, and the log"),
        ("labelled.log", "labelled.jsonl", (*ACCESS, "--window", "100,100"), "sessions are there"),
        (
            "labelled.log",
            "labelled.jsonl",
            (*ACCESS, "--window", "101,1", "--preset", "seed"),
            "100 lines at once",
        ),
        ("labelled.log", "labelled.jsonl", (*ACCESS, "--session-key", "GET"), "hold no text that lines share"),
        ("labelled.log", "labelled.jsonl", (*ACCESS, *W, "--vocabulary", "300"), "have no words to know"),
        ("labelled.log", "labelled.jsonl", (*ACCESS, *W, "--dictionary", "x"), "have no words to know"),
        ("labelled.log", "labelled.jsonl", ACCESS, "how are lines put together to sessions?"),
        ("labelled.log", "labelled.jsonl", (), "how are lines put together to sessions?"),
        ("labelled.log", "labelled.jsonl", ("--format", "events"), "labels of event-id files stand in a column"),
        ("labelled.log", "labelled.jsonl", (*ACCESS, *W, "--label-column", "x"), "belong to ready sessions"),
    ],
)
def test_what_cannot_be_learnt_is_said(
    oddline: Oddline,
    tensorflow: None,
    site: Path,
    tmp_path: Path,
    log: str,
    labels: str | None,
    options: tuple[str, ...],
    words: str,
) -> None:
    given = () if labels is None else ("--labels", site / labels)
    ended = oddline("train", "sequence", site / log, *options, *given, "-o", tmp_path / "run")
    assert words in ended.error
    assert not (tmp_path / "run").exists()


def test_labels_are_those_of_one_log(oddline: Oddline, tensorflow: None, site: Path, tmp_path: Path) -> None:
    logs = (site / "labelled.log", site / "access.log")
    options = (*ACCESS, *W, "--labels", site / "labelled.jsonl")
    ended = oddline("train", "sequence", *logs, *options, "-o", tmp_path / "run")
    assert "these are the labels of one log, and 2 are given" in ended.error


@pytest.mark.parametrize("detector", ["line", "access"])
def test_other_detectors_know_no_labels_file(
    oddline: Oddline, tensorflow: None, site: Path, tmp_path: Path, detector: str
) -> None:
    options = ("--labels", site / "labels.jsonl")
    ended = oddline("train", detector, site / "access.log", *options, "-o", tmp_path / "run")
    assert f"--labels: the detector {detector} knows no such option" in ended.error


def test_lines_that_are_kept_for_tests_are_not_read_in_silence(oddline: Oddline, site: Path, tmp_path: Path) -> None:
    labels = ("--format", "access", "--window", "20,4", "--labels", site / "labels.jsonl")
    ended = oddline(
        "train", "sequence", site / "access.log", *labels, "--split", "0.9,0.05,0.05", "-o", tmp_path / "run"
    )
    assert "labels.jsonl keeps the lines from " in ended.err
    assert "for tests, and they are read too: evaluate on another log" in ended.err
