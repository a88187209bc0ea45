"""A whole evaluation with scorers whose scores are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from evaluate_samples import (
    PREPROCESSING,
    WHOLE_LINES,
    FakeScorer,
    finds_sudo,
    labelled_run,
    make_run,
    normal_lines,
    odd_lines,
    write_log,
)

pytest.importorskip("sklearn", reason="scikit-learn belongs to the extra `export`")
pytest.importorskip("drain3", reason="drain3 belongs to the extra `export`")

from edge.bundle.preprocessing import (
    Feature,
    FeatureEncoderSpec,
    FormatSpec,
    Preprocessing,
    SessionSpec,
    StepEncoderSpec,
)
from edge.errors import BundleError, InputError, TooLittleDataError
from edge.formats.request_rows import ROW_FIELDS
from edge.sequence.reader import Sessions
from edge.sequence.words import RowWords
from export.evaluate.reading import Files, read_labelled, read_normal_and_anomalous
from export.evaluate.report import BASELINE, DETECTOR
from export.evaluate.scorers import DetectorScorer, Subject, open_subject, score_all
from export.evaluate.study import NO_BASELINES, StudyOptions, Wanted, evaluate, evaluate_paths, open_subjects
from export.evaluate.terminal import notes
from export.labelled import Labelling


def quiet(_: str) -> None:
    pass


@pytest.fixture
def material(tmp_path: Path) -> Files:
    normal = write_log(tmp_path / "normal.log", normal_lines(120, start=1000))
    odd = [write_log(tmp_path / "odd.log", odd_lines(20)), write_log(tmp_path / "plain.log", ["sudo: x"] * 5)]
    return read_normal_and_anomalous([normal], odd, say=quiet)


def test_detectors_and_baselines_score_the_same_lines(tmp_path: Path, material: Files) -> None:
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
    assert (row.records.auroc, row.records.tpr, row.records.fpr) == (1, 1, 0)
    assert (row.records.normal, row.records.anomalous) == (120, 25)
    # After masking: three normal templates, one sudo line, one plain line.
    assert (row.records.distinct_normal, row.records.distinct_anomalous) == (3, 2)
    assert (row.distinct.normal, row.distinct.anomalous) == (3, 2)
    assert [(kind.name, kind.records, kind.recall, kind.auroc) for kind in row.kinds] == [
        ("odd.log", 20, 1, 1),
        ("plain.log", 5, 1, 1),
    ]
    assert (report.rows[1].records.tpr, report.rows[1].threshold) == (0, 1e9)
    assert (report.audit.known_normal, report.audit.shared, report.baselines_left_out) == (1, 0, None)
    assert (report.origin, [source.lines for source in report.sources]) == ("files", [120, 20, 5])
    assert report.normal_per_day == pytest.approx(15, abs=0.1)  # the days repeat: from the earliest to the latest
    # Each reads as on the device: the header is gone for one, and there for the other.
    assert good.shown[0] == "sshd[1000]: session opened for user alice"
    assert whole.shown[0] == normal_lines(1, start=1000)[0]
    # What the formats are is said once, of the first detector's reading.
    assert sum("odd.log" in line for line in said) == 1


def test_a_detector_that_is_beaten_is_reported_as_such(tmp_path: Path, material: Files) -> None:
    subjects = [Subject(Path("bad"), FakeScorer(lambda text: -finds_sudo(text), "bad"), make_run(tmp_path / "run"))]
    (sentence,) = evaluate(subjects, material, StudyOptions(), say=quiet).report.conclusions
    assert "'bad' IS BEATEN on these records by 4 of 4 baselines" in sentence
    assert "'exact match' (AUROC 1.0000 against 0.0000, pAUC" in sentence


def test_a_bundle_has_no_baselines_and_says_how_to_get_them(material: Files) -> None:
    report = evaluate([Subject(Path("b"), FakeScorer(finds_sudo), None)], material, StudyOptions(), say=quiet).report
    assert len(report.rows) == 1
    assert report.baselines_left_out == NO_BASELINES
    assert "evaluate the run" in NO_BASELINES
    assert (report.audit.known_normal, report.conclusions) == (None, [])


def test_lines_on_both_sides_are_counted(tmp_path: Path) -> None:
    normal = write_log(tmp_path / "normal.log", normal_lines(120))
    odd = write_log(tmp_path / "odd.log", [*normal_lines(6, start=500), *odd_lines(4)])
    subjects = [Subject(Path("b"), FakeScorer(finds_sudo), None)]
    report = evaluate(subjects, read_normal_and_anomalous([normal], [odd], say=quiet), StudyOptions(), say=quiet).report
    assert (report.audit.shared, report.audit.shared_records) == (3, 126)


def test_an_empty_anomalous_file_is_no_kind(tmp_path: Path) -> None:
    normal = write_log(tmp_path / "normal.log", normal_lines(120))
    odd = [write_log(tmp_path / "none.log", []), write_log(tmp_path / "odd.log", odd_lines(3))]
    subjects = [Subject(Path("b"), FakeScorer(finds_sudo), None)]
    report = evaluate(subjects, read_normal_and_anomalous([normal], odd, say=quiet), StudyOptions(), say=quiet).report
    assert [kind.name for kind in report.rows[0].kinds] == ["odd.log"]


def test_a_run_is_opened_with_its_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_run(tmp_path / "run")
    monkeypatch.setattr("export.trained.load_scorer", lambda run: FakeScorer(finds_sudo))
    normal = write_log(tmp_path / "normal.log", normal_lines(120))
    odd = write_log(tmp_path / "odd.log", odd_lines(3))
    report = evaluate_paths(tmp_path / "run", Wanted([normal], [odd]), StudyOptions(), say=quiet).report
    assert report.rows[0].name == f"line default ({tmp_path / 'run'})"
    assert report.rows[0].threshold == 0.5
    assert report.rows[0].records.tpr == 1


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


def test_scores_that_are_infinite() -> None:
    with pytest.raises(InputError, match="fake: 1 of 2 scores are infinite; train it again"):
        score_all(FakeScorer(lambda text: float(text)), ["1", "inf"])


def test_records_that_cannot_be_scored_are_counted_and_left_out(tmp_path: Path, material: Files) -> None:
    run = make_run(tmp_path / "run")
    said: list[str] = []
    scorer = FakeScorer(lambda text: float("nan") if "alice" in text else finds_sudo(text), "picky")
    other = FakeScorer(lambda text: float("nan") if "job" in text else finds_sudo(text), "other")
    subjects = [Subject(Path("x"), scorer, run), Subject(Path("y"), other, None)]
    # Forty records are of each of three templates, and a hundred normal ones are needed.
    few = "picky: 80 normal records are too few: .*; 40 cannot be scored; give normal records that it can read"
    with pytest.raises(TooLittleDataError, match=few):
        evaluate(subjects, material, StudyOptions(), say=said.append)
    material.files[0].lines += material.files[0].lines
    material.files[0]._read.clear()
    report = evaluate(subjects, material, StudyOptions(), say=said.append).report
    place = f"the first is {tmp_path / 'normal.log'}:1"
    assert f"80 of 265 records cannot be scored by picky, and are left out; {place}" in said
    assert [row.unscored for row in report.rows] == [80, 80, 0, 0, 0, 0]
    assert {row.records.normal for row in report.rows} == {160}
    assert report.rows[0].records.auroc == 1


def test_the_first_row_that_cannot_be_scored_says_why(tmp_path: Path) -> None:
    fields = ["Bytes", "Dur"]
    preprocessing = Preprocessing(
        format=FormatSpec(name="csv", layout=None, fields=fields, header=None, skip_characters=0),
        masks=[],
        sessions=None,
        encoder=FeatureEncoderSpec(features=[Feature(name=name, categories=None) for name in fields]),
    )
    rows = [f"{number},{'inf' if number == 7 else 1},{'BENIGN' if number % 2 else 'DoS'}" for number in range(300)]
    table = write_log(tmp_path / "t.csv", ["Bytes,Dur,Label", *rows, "torn,row"])
    files = read_labelled([table], Labelling("Label"), say=quiet)
    inner = FakeScorer(lambda text: float("nan") if "inf" in text else 0.1, preprocessing=preprocessing)
    scorer = DetectorScorer("flow", preprocessing, 0.5, inner)
    said: list[str] = []
    report = evaluate([Subject(Path("x"), scorer, None)], files, StudyOptions(), say=said.append).report
    assert "Left out: 1 record has no label, or is there to be learnt from." in notes(report), "it is said there alone"
    assert said == [
        f"1 of 300 records cannot be scored by flow, and are left out; the first is {table}:9: Dur is infinite",
    ]


def test_what_was_left_out_is_said_before_too_little_is_left(tmp_path: Path) -> None:
    table = write_log(tmp_path / "t.csv", ["a,Label", "1,evil", "2,evil", "3,weird", "torn"])
    files = read_labelled([table], Labelling("Label"), say=quiet)
    spec = FormatSpec(name="csv", layout=None, fields=["a"], header=None, skip_characters=0)
    encoder = FeatureEncoderSpec(features=[Feature(name="a", categories=None)])
    preprocessing = Preprocessing(format=spec, masks=[], sessions=None, encoder=encoder)
    subject = Subject(Path("x"), DetectorScorer("flow", preprocessing, 0.5, FakeScorer(lambda _: 0.0)), None)
    few = r"0 normal .* anomalous are 'evil' \(2\), 'weird' \(1\); 1 record has no label, .* learnt from; .*--map"
    with pytest.raises(TooLittleDataError, match=few):
        evaluate([subject], files, StudyOptions(), say=quiet)


def test_a_window_that_cannot_be_scored_says_which_line_of_it_is_no_row(tmp_path: Path) -> None:
    """As where access lines are asked to be read as plain ones."""
    windows = SessionSpec(key=None, idle_records=None, length=4, step=4, seconds=None)
    preprocessing = Preprocessing(
        format=FormatSpec(name="requests", layout=None, fields=list(ROW_FIELDS), header=None, skip_characters=0),
        masks=[],
        sessions=windows,
        encoder=StepEncoderSpec(
            steps=4, max_segments=2, features=[Feature(name=name, categories=None) for name in ROW_FIELDS]
        ),
    )
    inner = FakeScorer(lambda _: float("nan"), preprocessing=preprocessing)
    subject = Subject(
        Path("x"), DetectorScorer("windows", preprocessing, 0.5, inner), None, Sessions(windows, RowWords())
    )
    log = write_log(tmp_path / "access.log", ["GET / HTTP/1.1"] * 800)
    odd = write_log(tmp_path / "odd.log", ["GET / HTTP/1.1"] * 8)
    files = read_normal_and_anomalous([log], [odd], say=quiet)
    said: list[str] = []
    few = "windows: 0 normal records are too few: .*; 202 cannot be scored; give normal records that it can read"
    with pytest.raises(TooLittleDataError, match=few) as raised:
        evaluate([subject], files, StudyOptions(format="plain"), say=said.append)
    assert "--map" not in str(raised.value)
    (line,) = said
    assert line.startswith(
        f"202 of 202 records cannot be scored by windows, and are left out; the first is {log}:1: its line 1: "
    )


def test_the_map_is_spoken_of_where_a_column_labels(tmp_path: Path) -> None:
    subject = Subject(Path("x"), FakeScorer(finds_sudo), None)
    log = write_log(tmp_path / "normal.log", normal_lines(10))
    odd = write_log(tmp_path / "odd.log", odd_lines(2))
    labels = tmp_path / "labels.jsonl"
    labels.write_text('{"schema_version": 1}\n{"line": 3, "kind": "odd"}\n', "utf-8")
    for files in (
        read_normal_and_anomalous([log], [odd], say=quiet),
        read_labelled([log], Labelling(sidecar=labels), say=quiet),
    ):
        with pytest.raises(TooLittleDataError, match="normal records are too few") as raised:
            evaluate([subject], files, StudyOptions(), say=quiet)
        assert str(raised.value).endswith("; give more of the normal log")


def test_the_records_that_a_run_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They carry their kinds; those of the training slice say which of them are new."""
    normal = [(line, "") for line in normal_lines(120, start=900)]
    odd = [(line, "rootkit" if number % 2 else "worm") for number, line in enumerate(odd_lines(10))]
    kinds = {("cron[<num>]: job <num> done", ""): 9, ("sudo: worm", "worm"): 1}
    labelled_run(tmp_path / "run", PREPROCESSING, kinds, calibration=normal_lines(200), test=[*normal, *odd])
    monkeypatch.setattr("export.trained.load_scorer", lambda run: FakeScorer(finds_sudo))
    said: list[str] = []
    study = evaluate_paths(tmp_path / "run", Wanted(), StudyOptions(), say=said.append)
    report = study.report
    assert said[0] == "evaluating on the records that the run kept for tests"
    assert (report.origin, report.sources[0].lines) == ("held-out", 130)
    assert [(kind.name, kind.records, kind.trained) for kind in report.rows[0].kinds] == [
        ("worm", 5, True),
        ("rootkit", 5, False),
    ]
    assert (report.audit.trained_kinds, report.audit.new_kinds) == (["worm"], ["rootkit"])
    assert report.history == {"loss": [2.0, 1.0]}
    assert report.normal_per_day is not None


def test_another_detector_reads_held_out_records_from_their_lines(tmp_path: Path) -> None:
    run = labelled_run(
        tmp_path / "run",
        PREPROCESSING,
        {("x", ""): 1},
        test=[*((line, "") for line in normal_lines(100)), ("Mar  9 05:00:00 box sudo: x", "odd")],
    )
    from export.evaluate.heldout import HeldOut
    from export.evaluate.reading import Reading

    material = HeldOut.of(run, Reading(WHOLE_LINES))
    found = material.samples(Reading(PREPROCESSING), quiet)
    assert found.contents[0] == "cron[0]: job 0 done"
    assert found.texts[0] == normal_lines(1)[0]
    assert found.kinds[-1] == "odd"


def test_a_run_that_kept_nothing_and_a_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_run(tmp_path / "run")
    monkeypatch.setattr("export.trained.load_scorer", lambda run: FakeScorer(finds_sudo))
    with pytest.raises(InputError, match=r"kept no records for tests; give --normal"):
        evaluate_paths(tmp_path / "run", Wanted(), StudyOptions(), say=quiet)
    subject = Subject(Path("b"), FakeScorer(finds_sudo), None)
    monkeypatch.setattr("export.evaluate.study.open_subject", lambda folder, say: subject)
    with pytest.raises(InputError, match=r"b: a bundle keeps no records for tests; give --normal"):
        evaluate_paths(tmp_path / "b", Wanted(), StudyOptions(), say=quiet)


def test_many_contents_are_scored_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("export.evaluate.scorers._CHUNK", 3)
    scores = score_all(FakeScorer(float), [str(number) for number in range(10)])
    assert scores.tolist() == list(range(10))
    assert scores.dtype == np.float32
    assert score_all(FakeScorer(float), []).shape == (0,)
