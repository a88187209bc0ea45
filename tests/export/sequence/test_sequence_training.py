"""The detector `sequence` from files to verdicts, through the commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, Dict, List

import numpy as np
import pytest
from workstation import Ended

from edge.bundle.folder import load_bundle
from edge.runtime.detector import Detector
from edge.runtime.verifying import self_test
from edge.sequence.reader import window_starts
from export.run import open_run

Oddline = Callable[..., Ended]


def scored(oddline: Oddline, bundle: Path, log: Path, folder: Path) -> List[Dict[str, Any]]:
    ended = oddline("score", bundle, log, "--all", "--output", folder / "scored.jsonl")
    assert ended.status == 0, ended.err
    return [json.loads(line) for line in (folder / "scored.jsonl").read_text("utf-8").splitlines()]


def flagged(records: List[Dict[str, Any]]) -> float:
    return float(np.mean([record["anomalous"] for record in records]))


def test_ready_sessions(oddline: Oddline, jobs: Path, jobs_bundle: Path, tmp_path: Path) -> None:
    bundle = jobs_bundle / "bundle"
    assert oddline("verify", bundle).status == 0
    assert flagged(scored(oddline, bundle, jobs / "anomalous.events", tmp_path)) > 0.8
    assert flagged(scored(oddline, bundle, jobs / "normal.events", tmp_path)) < 0.1


def test_the_threshold_is_set_on_all_sessions_by_models_that_had_not_seen_them(jobs: Path, jobs_bundle: Path) -> None:
    spec = open_run(jobs_bundle / "run").spec
    sessions = len((jobs / "train.events").read_text("utf-8").splitlines())
    assert spec.training.records == spec.threshold.records == spec.calibration.records == sessions
    assert spec.training.test_records == 0
    assert spec.threshold.expected_fpr <= 0.01
    assert len(spec.history["loss"]) == 1


def test_sessions_that_no_training_saw(jobs_bundle: Path) -> None:
    """One event, none, only unseen ones, a hundred thousand: each is scored, as a whole."""
    bundle = load_bundle(jobs_bundle / "bundle")
    detector = Detector(bundle, provider="cpu")
    self_test(bundle, detector)
    normal = "1 3 4 6 7 7 7 10 11 12 13"
    long = " ".join(["7"] * 100_000)
    scores = detector.score([normal, "1", "", "new", "new new x", long, long + " new"])
    assert np.isfinite(scores).all()
    assert (scores[1:] > detector.threshold).all()
    assert scores[0] < detector.threshold
    assert scores[6] > scores[5], "its last event counts"
    assert detector.cut == 0


def test_a_reason_is_the_odd_event(jobs_bundle: Path) -> None:
    detector = Detector(load_bundle(jobs_bundle / "bundle"), provider="cpu")
    content = "1 3 4 6 7 7 14 7 10 11 12 13"
    ((reason, *_), _) = detector.explain([content])[0]
    assert (reason.text, content[reason.start : reason.end]) == ("14", "14")


@pytest.fixture
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings that learn next to nothing, for tests that do not ask what was learnt."""
    monkeypatch.setattr("export.sequence.fit.STEPS_PER_EPOCH", 5)


def test_equal_seeds_give_equal_models(
    oddline: Oddline, tensorflow: None, few_steps: None, jobs: Path, tmp_path: Path
) -> None:
    bundles = []
    for name in ("one", "other"):
        ended = oddline("train", "sequence", jobs / "train.events", "-o", tmp_path / name, "--epochs", 1)
        assert ended.status == 0, ended.err
        assert oddline("export", tmp_path / name, "-o", tmp_path / f"{name}.bundle").status == 0
        bundles.append(load_bundle(tmp_path / f"{name}.bundle"))
    first, second = bundles
    assert first.model_sha256 == second.model_sha256
    assert first.manifest.threshold == second.manifest.threshold


def test_sessions_of_lines(oddline: Oddline, tensorflow: None, jobs: Path, tmp_path: Path) -> None:
    options = ("--session-key", r"job=\w+", "--epochs", 1, "--target-fpr", 0.01, "--split", "0.6,0.2,0.2")
    ended = oddline("train", "sequence", jobs / "train.log", "-o", tmp_path / "run", *options)
    assert ended.status == 0, ended.err
    assert "lines are 240 sessions" in ended.err
    spec = open_run(tmp_path / "run").spec
    assert (spec.training.records, spec.training.test_records) == (192, 48)
    ended = oddline("export", tmp_path / "run", "-o", tmp_path / "bundle")
    assert ended.status == 0, ended.err
    assert oddline("verify", tmp_path / "bundle").status == 0
    records = scored(oddline, tmp_path / "bundle", jobs / "test.log", tmp_path)
    labels = dict(line.split(",")[::2] for line in (jobs / "test.csv").read_text("utf-8").splitlines()[1:])
    verdicts = {record["text"].split(":")[0][len("job=") :]: record["anomalous"] for record in records}
    assert verdicts.keys() == labels.keys()
    odd = [verdicts[job] for job, label in labels.items() if label != "normal"]
    assert np.mean(odd) >= 0.5
    assert np.mean([verdicts[job] for job, label in labels.items() if label == "normal"]) < 0.05
    for record in records:
        for reason in record["reasons"]:
            assert record["text"][reason["start"] : reason["end"]] == reason["text"] != ""
            assert "job=" in reason["text"], "a reason is the line of the odd event"


def test_windows_of_ready_sessions(
    oddline: Oddline, tensorflow: None, few_steps: None, jobs: Path, tmp_path: Path
) -> None:
    options = ("--format", "events", "--window", "6,3", "--epochs", 1)
    ended = oddline("train", "sequence", jobs / "train.events", "-o", tmp_path / "run", *options)
    assert ended.status == 0, ended.err
    ended = oddline("export", tmp_path / "run", "-o", tmp_path / "bundle")
    assert ended.status == 0, ended.err
    assert oddline("verify", tmp_path / "bundle").status == 0
    line = (jobs / "normal.events").read_text("utf-8").splitlines()[0]
    (tmp_path / "one").write_text(line + "\n", "utf-8")
    records = scored(oddline, tmp_path / "bundle", tmp_path / "one", tmp_path)
    assert [record["line"] for record in records] == [1] * len(window_starts(len(line.split()), 6, 3))


def test_labelled_sessions(oddline: Oddline, tensorflow: None, labelled_sessions: Path, tmp_path: Path) -> None:
    ended = oddline("train", "sequence", labelled_sessions, "-o", tmp_path / "run", "--epochs", 25)
    assert ended.status == 0, ended.err
    spec = open_run(tmp_path / "run").spec
    assert spec.network["supervised"] == 1
    assert (spec.threshold.value, spec.threshold.method) == (0.5, "fixed, not from held-out records")
    ended = oddline("export", tmp_path / "run", "-o", tmp_path / "bundle")
    assert ended.status == 0, ended.err
    records = scored(oddline, tmp_path / "bundle", labelled_sessions, tmp_path)
    right = [record["anomalous"] == record["text"].endswith("Broken") for record in records]
    assert len(right) == 150
    assert np.mean(right) > 0.85


def test_the_published_preset_trains(
    oddline: Oddline, tensorflow: None, labelled_sessions: Path, tmp_path: Path
) -> None:
    options = ("--preset", "seed", "--epochs", 1)
    assert oddline("train", "sequence", labelled_sessions, "-o", tmp_path / "run", *options).status == 0
    ended = oddline("export", tmp_path / "run", "-o", tmp_path / "bundle")
    assert ended.status == 0, ended.err


FEW = "1 2\n1 2 3\n"
LABELLED = "Sequence,Label\n" + "1 2,Normal\n" * 20 + "3 4,Bad\n" * 12


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        (FEW, (), "are too few: 10 are needed"),
        (FEW, ("--preset", "seed"), "the preset seed needs labelled sessions"),
        (LABELLED.replace("Normal", "Bad"), (), "0 sessions are labelled normal, 10 are needed"),
        (LABELLED, ("--map", "Normal=0"), "--map says nothing of the labels 'Bad' (12)"),
        (LABELLED, ("--label-column", "Class"), "it has no column 'Class'; its columns are Sequence, Label"),
        (FEW, ("--label-column", "Class"), "its first line names no column 'Class'"),
        (FEW, ("--session-key", "x", "--window", "5,5"), "--session-key and --window do not go together"),
        (FEW, ("--session-key", "("), "is not a regular expression"),
        (FEW, ("--session-key", "(a)(b)"), "has 2 groups where one is needed"),
        (FEW, ("--window", "5,6"), "events between two windows would be in none"),
        (FEW, ("--format", "syslog"), "how are lines put together to sessions?"),
        (FEW, ("--format", "events", "--seconds", "5"), "are sessions already"),
        (FEW, ("--seconds", "5"), "no line has a time stamp that windows of time could be told by"),
        (FEW, ("--window", "5,5", "--map", "a=0"), "labels in a column belong to ready sessions"),
        (FEW, ("--dictionary", "x"), "event-id files need no dictionary"),
    ],
)
def test_what_cannot_be_learnt_is_said(
    oddline: Oddline, tensorflow: None, tmp_path: Path, text: str, options: tuple[str, ...], words: str
) -> None:
    (tmp_path / "sessions").write_text(text, "utf-8")
    ended = oddline("train", "sequence", tmp_path / "sessions", "-o", tmp_path / "run", *options)
    assert words in ended.error
    assert not (tmp_path / "run").exists()
