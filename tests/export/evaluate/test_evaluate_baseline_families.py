"""Baselines of sessions and of tables, and where their thresholds come from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np
import pytest
from evaluate_samples import PREPROCESSING, SYSLOG, labelled_run

pytest.importorskip("sklearn", reason="scikit-learn belongs to the extra `export`")
pytest.importorskip("drain3", reason="drain3 belongs to the extra `export`")

from edge.bundle.preprocessing import Feature, FeatureEncoderSpec, Preprocessing, SessionSpec, StepEncoderSpec
from edge.table.reader import FAULT
from export.evaluate.baselines.base import Baseline, ExactMatch
from export.evaluate.baselines.grams import SMOOTHING
from export.evaluate.baselines.registry import train_baselines
from export.evaluate.baselines.sessions import CountRegression, EventCounts, EventTrigrams, SessionLength
from export.evaluate.baselines.tables import LargestDeviation, MeanDeviation, MeanRowRegression, RowRegression
from export.evaluate.inputs import ReadInputs
from export.run import TrainingInput

EVENTS = msgspec.structs.replace(PREPROCESSING, format=msgspec.structs.replace(SYSLOG, name="events"), masks=[])
ROWS = Preprocessing(
    format=msgspec.structs.replace(SYSLOG, name="csv", fields=["a", "b", "c"]),
    masks=[],
    sessions=None,
    encoder=FeatureEncoderSpec(
        features=[
            Feature(name="a", categories=None),
            Feature(name="b", categories=None),
            Feature(name="c", categories=["tcp", "udp"]),
        ]
    ),
)
WINDOWS = msgspec.structs.replace(
    ROWS,
    format=msgspec.structs.replace(SYSLOG, name="requests"),
    sessions=SessionSpec(key=None, idle_records=None, length=2, step=1, seconds=None),
    encoder=StepEncoderSpec(steps=2, max_segments=9, features=ROWS.encoder.features),
)
SESSIONS = {"5 5 22 9": 6, "5 22 9 11": 3, "22 5 5 9": 1}


def learn(kind: type[Baseline], training: Mapping[str, int], preprocessing: Preprocessing = EVENTS) -> Baseline:
    baseline = kind(ReadInputs(preprocessing))
    baseline.learn([TrainingInput(key, records, "") for key, records in training.items()])
    return baseline


def test_ids_of_events_are_not_masked() -> None:
    assert learn(ExactMatch, SESSIONS).score(["5 5 22 9", "5 5 22 10"]).tolist() == [0, 1]


def test_event_counts() -> None:
    scores = learn(EventCounts, SESSIONS).score(["9 22 5 5", "5 22 9", "7 8 5 5 22 9", "", "7"])
    # The order says nothing; one event of seven is missing; two unknown ones of ten are too many.
    assert scores.tolist() == pytest.approx([0, 1 / 7, 2 / 10, 1, 1])
    assert learn(EventCounts, {"": 1, "5": 1}).score(["", "5"]).tolist() == [0, 0]


def test_session_length() -> None:
    scores = learn(SessionLength, {"1 2 3": 8, "1": 1, "1 2 3 4 5": 1}).score(
        ["3 2 1", "1", "1 2", "1 2 3 4", "1 " * 9]
    )
    expected = [math.log(11 / 10), math.log(11 / 2), math.log(11 / 2), math.log(11 / 2), math.log(11)]
    assert scores.tolist() == pytest.approx(expected)


def test_event_trigrams_take_the_largest_surprise() -> None:
    baseline = learn(EventTrigrams, {"1 2 3": 9, "1 2 4": 1})
    symbols = 4 + 1 + 1  # four events, any other one, and the end
    rare = -math.log((1 + SMOOTHING) / (10 + SMOOTHING * symbols))
    never = -math.log(SMOOTHING / (10 + SMOOTHING * symbols))
    assert baseline.score(["1 2 4", "1 2", "1 2 9", ""]).tolist() == pytest.approx([rare, never, never, never])
    assert baseline.score(["1 2 3"])[0] < rare


def test_regression_on_event_counts_uses_the_labels() -> None:
    baseline = CountRegression(ReadInputs(EVENTS))
    rows = [TrainingInput(f"1 {n} 2", 3, "") for n in (3, 4)] + [TrainingInput(f"1 {n} 7 2", 2, "x") for n in (3, 4)]
    baseline.learn(rows)
    low, high = baseline.score(["1 3 4 2", "1 7 4 2"]).tolist()
    assert low < 0.5 < high


def row(a: float, b: float, c: str = "tcp") -> str:
    return f"{a},{b},{c}"


def test_largest_deviation() -> None:
    training = {row(0, 7): 3, row(2, 7): 3}
    scores = learn(LargestDeviation, training, ROWS).score([row(1, 7), row(4, 7), row(1, 14), row(1, 7, "udp")])
    assert scores.tolist() == pytest.approx([0, 3, 1, 1])


def test_regression_on_rows_and_what_cannot_be_rated() -> None:
    baseline = RowRegression(ReadInputs(ROWS))
    random = np.random.default_rng(0)
    rows = [TrainingInput(row(x, 0), 1, "") for x in random.normal(0, 1, 50).round(3)]
    rows += [TrainingInput(row(x, 0), 1, "DoS") for x in random.normal(5, 1, 50).round(3)]
    baseline.learn([*rows, TrainingInput("x", 1, "")])
    scores = baseline.score([row(0, 0), row(5, 0), "nan,0,tcp", FAULT + "ragged"])
    assert scores[0] < 0.2 < 0.8 < scores[1]
    assert np.isnan(scores[2:]).all()
    # As scikit-learn's own, on the same rows.
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    x = np.array([[float(one.key.split(",")[0])] for one in rows])
    scaler = StandardScaler().fit(x)
    model = LogisticRegression().fit(scaler.transform(x), [one.kind != "" for one in rows])
    expected = model.predict_proba(scaler.transform([[0.0], [5.0]]))[:, 1]
    assert scores[:2].tolist() == pytest.approx(expected.tolist(), abs=1e-3)


def test_a_run_of_tables_with_labels(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    normal = [row(x, y) for x, y in random.normal(0, 1, (300, 2)).round(3)]
    odd = [row(x, y) for x, y in random.normal(4, 1, (60, 2)).round(3)]
    kinds = {**{(key, ""): 1 for key in normal[:100]}, **{(key, "DoS"): 1 for key in odd}}
    run = labelled_run(tmp_path / "run", ROWS, kinds, calibration=normal[100:])
    found = train_baselines(run, say=lambda _: None)
    assert [one.name for one in found] == ["exact match", "largest deviation", "logistic regression"]
    for one in found[1:]:
        assert np.mean(one.score(normal[100:]) >= np.float32(one.threshold)) <= 0.01
    unlabelled = labelled_run(
        tmp_path / "other", ROWS, {(key, ""): 1 for key in normal[:100]}, calibration=normal[100:]
    )
    assert [one.name for one in train_baselines(unlabelled, say=lambda _: None)] == ["exact match", "largest deviation"]


def test_thresholds_of_a_run_without_a_slice_for_them(tmp_path: Path) -> None:
    """Records that were learnt from surprise no one: they are scored in folds, for a threshold that holds later."""
    random = np.random.default_rng(0)
    sessions = [" ".join(map(str, random.integers(0, 9, 5))) for _ in range(300)]
    counts = {(key, ""): sessions.count(key) for key in sessions}
    run = labelled_run(tmp_path / "run", EVENTS, counts, calibration=sessions)
    found = {one.name: one for one in train_baselines(run, say=lambda _: None)}
    assert list(found) == ["exact match", "event-count vectors", "session length", "n-gram surprise"]
    grams = found["n-gram surprise"]
    assert grams.score(sessions).max() < grams.threshold
    later = [" ".join(map(str, random.integers(0, 9, 5))) for _ in range(300)]
    assert np.mean(grams.score(later) >= np.float32(grams.threshold)) < 0.1


def test_sessions_of_rows_are_rated_by_their_means(tmp_path: Path) -> None:
    """The second has the same mean as a normal one; what is no row cannot be rated."""
    training = {"1,2,tcp 3,2,tcp": 2, "2,2,tcp 4,2,tcp": 2}
    contents = ["2,2,tcp 3,2,tcp", "1,2,tcp 3,2,tcp 1,2,tcp 3,2,tcp", "90,2,tcp 90,2,tcp", "1,2,tcp x"]
    scores = learn(MeanDeviation, training, WINDOWS).score(contents)
    assert scores[:2].tolist() == pytest.approx([0.0, 1.0])
    assert scores[2] > 100
    assert np.isnan(scores[3])


def test_sessions_of_rows_with_labels(tmp_path: Path) -> None:
    baseline = MeanRowRegression(ReadInputs(WINDOWS))
    rows = [TrainingInput(f"{n},1,tcp {n},1,tcp", 1, "" if n < 5 else "odd") for n in range(10)]
    baseline.learn(rows)
    low, high = baseline.score(["0,1,tcp 2,1,tcp", "9,1,tcp 8,1,tcp"])
    assert low < 0.2 < 0.8 < high
