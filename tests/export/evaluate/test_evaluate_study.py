"""A whole evaluation with scorers whose scores are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from evaluate_samples import WHOLE_LINES, FakeScorer, finds_sudo, make_run, normal_lines, odd_lines, write_log

pytest.importorskip("sklearn", reason="scikit-learn belongs to the extra `export`")
pytest.importorskip("drain3", reason="drain3 belongs to the extra `export`")

from edge.errors import BundleError, InputError
from export.evaluate.reading import Material, read_material
from export.evaluate.report import BASELINE, DETECTOR
from export.evaluate.scorers import Subject, open_subject, score_all
from export.evaluate.study import NO_BASELINES, StudyOptions, evaluate, evaluate_paths, open_subjects


def quiet(_: str) -> None:
    pass


@pytest.fixture
def material(tmp_path: Path) -> Material:
    normal = write_log(tmp_path / "normal.log", normal_lines(120, start=1000))
    odd = [write_log(tmp_path / "odd.log", odd_lines(20)), write_log(tmp_path / "plain.log", ["sudo: x"] * 5)]
    return read_material([normal], odd, say=quiet)


def test_detectors_and_baselines_score_the_same_lines(tmp_path: Path, material: Material) -> None:
    run = make_run(tmp_path / "run")
    good = FakeScorer(finds_sudo, "good")
    whole = FakeScorer(lambda text: float(len(text)), "whole", preprocessing=WHOLE_LINES, threshold=1e9)
    subjects = [Subject(Path("good"), good, run), Subject(Path("whole"), whole, None)]
    said: list[str] = []
    report = evaluate(subjects, material, StudyOptions(seed=4), say=said.append).report
    assert [(row.name, row.kind) for row in report.rows[:3]] == [
        ("good", DETECTOR),
        ("whole", DETECTOR),
        ("exact match", BASELINE),
    ]
    assert len(report.rows) == 6
    row = report.rows[0]
    assert (row.lines.auroc, row.lines.tpr, row.lines.fpr) == (1, 1, 0)
    assert (row.lines.normal, row.lines.anomalous) == (120, 25)
    # After masking: three normal templates, one sudo line, one plain line.
    assert (row.distinct.normal, row.distinct.anomalous) == (3, 2)
    assert [(Path(file.name).name, file.lines, file.auroc) for file in row.files] == [
        ("odd.log", 20, 1),
        ("plain.log", 5, 1),
    ]
    assert (report.rows[1].lines.tpr, report.rows[1].threshold) == (0, 1e9)
    assert (report.known, report.shared, report.baselines_left_out) == (1, 0, None)
    # Each reads as on the device: the header is gone for one, and there for the other.
    assert good.shown[0] == "sshd[1000]: session opened for user alice"
    assert whole.shown[0] == normal_lines(1, start=1000)[0]
    # What the formats are is said once, of the first detector's reading.
    assert sum("odd.log" in line for line in said) == 1


def test_a_detector_that_is_beaten_is_reported_as_such(tmp_path: Path, material: Material) -> None:
    subjects = [Subject(Path("bad"), FakeScorer(lambda text: -finds_sudo(text), "bad"), make_run(tmp_path / "run"))]
    (sentence,) = evaluate(subjects, material, StudyOptions(), say=quiet).report.conclusions
    assert "'bad' IS BEATEN on these lines by 4 of 4 baselines" in sentence
    assert "'exact match' (AUROC 1.0000 against 0.0000, pAUC" in sentence


def test_a_bundle_has_no_baselines_and_says_how_to_get_them(material: Material) -> None:
    report = evaluate([Subject(Path("b"), FakeScorer(finds_sudo), None)], material, StudyOptions(), say=quiet).report
    assert len(report.rows) == 1
    assert report.baselines_left_out == NO_BASELINES
    assert "evaluate the run" in NO_BASELINES
    assert (report.known, report.conclusions) == (None, [])


def test_lines_on_both_sides_are_counted(tmp_path: Path) -> None:
    normal = write_log(tmp_path / "normal.log", normal_lines(120))
    odd = write_log(tmp_path / "odd.log", [*normal_lines(6, start=500), *odd_lines(4)])
    subjects = [Subject(Path("b"), FakeScorer(finds_sudo), None)]
    report = evaluate(subjects, read_material([normal], [odd], say=quiet), StudyOptions(), say=quiet).report
    assert report.shared == 3


def test_an_empty_anomalous_file_has_no_figure_of_its_own(tmp_path: Path) -> None:
    normal = write_log(tmp_path / "normal.log", normal_lines(120))
    odd = [write_log(tmp_path / "none.log", []), write_log(tmp_path / "odd.log", odd_lines(3))]
    subjects = [Subject(Path("b"), FakeScorer(finds_sudo), None)]
    report = evaluate(subjects, read_material([normal], odd, say=quiet), StudyOptions(), say=quiet).report
    assert [file.auroc for file in report.rows[0].files] == [None, 1]


def test_a_run_is_opened_with_its_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_run(tmp_path / "run")
    monkeypatch.setattr("export.trained.load_scorer", lambda run: FakeScorer(finds_sudo))
    normal = write_log(tmp_path / "normal.log", normal_lines(120))
    odd = write_log(tmp_path / "odd.log", odd_lines(3))
    report = evaluate_paths(tmp_path / "run", [normal], [odd], StudyOptions(), say=quiet).report
    assert report.rows[0].name == f"line default ({tmp_path / 'run'})"
    assert report.rows[0].threshold == 0.5
    assert report.rows[0].lines.tpr == 1


@pytest.mark.parametrize(("name", "words"), [("empty", "neither a run nor a bundle"), ("nowhere", "no such folder")])
def test_what_is_no_run_is_refused(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=f"{name}: .*{words}.*oddline train"):
        open_subject(tmp_path / name, say=quiet)


def test_a_damaged_bundle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}", encoding="utf-8")
    with pytest.raises(BundleError):
        open_subject(tmp_path, say=quiet)


def test_the_same_run_twice(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="given twice"):
        open_subjects([tmp_path, tmp_path], say=quiet)


def test_scores_that_are_no_numbers() -> None:
    with pytest.raises(InputError, match="fake: 1 of 2 scores are no finite numbers; train it again"):
        score_all(FakeScorer(lambda text: float(text)), ["1", "nan"])


def test_many_contents_are_scored_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("export.evaluate.scorers._CHUNK", 3)
    scores = score_all(FakeScorer(float), [str(number) for number in range(10)])
    assert scores.tolist() == list(range(10))
    assert scores.dtype == np.float32
    assert score_all(FakeScorer(float), []).shape == (0,)
