"""Lines with an alert column, as loghub has them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from edge.errors import FormatError, InputError
from export.dataset import LogData
from export.labels import NORMAL
from export.line.train import LineTrainable
from export.training.options import TrainOptions

LAYOUT = "<Label> <Time> <Node> <Content>"
OPTIONS = TrainOptions(format="layout", layout=LAYOUT, label_column="Label", shares=(0.6, 0.2, 0.2))
BGL = "<Label> <Timestamp> <Date> <Node> <Time> <NodeRepeat> <Type> <Component> <Level> <Content>"


def read(tmp_path: Path, lines: list[str], options: TrainOptions = OPTIONS) -> tuple[LogData, list[str]]:
    path = tmp_path / "labelled.log"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    said: list[str] = []
    detector = LineTrainable()
    detector.check(options)
    return detector.read([str(path)], options, say=said.append), said


def log(count: int) -> list[str]:
    """Every tenth line is an anomaly, of two labels in turn; every hundredth one before it is marked to be dropped."""
    return [
        f"{('FATAL' if number % 20 else 'WARN') if number % 10 == 0 else 'SKIP' if number % 100 == 99 else '-'} "
        f"1117838570 node{number} message {number}"
        for number in range(count)
    ]


def with_map(text: str) -> TrainOptions:
    return TrainOptions(format="layout", layout=LAYOUT, label_column="Label", labels=text, shares=(0.6, 0.2, 0.2))


def test_labels_become_kinds_and_are_no_part_of_the_content(tmp_path: Path) -> None:
    data, said = read(tmp_path, log(1000), with_map("-=0,SKIP=drop,*=1"))
    assert Counter(data.kinds) == {NORMAL: 890, "FATAL": 50, "WARN": 50}
    assert "100 of 990 lines are labelled as anomalies, 10 dropped: 'WARN' (50), 'FATAL' (50)" in said
    for line, content, kind in zip(data.lines, data.contents, data.kinds, strict=True):
        assert line.split()[0] == (kind or "-")
        assert line.split(maxsplit=3)[3] == content


def test_without_a_map_the_usual_names_are_normal(tmp_path: Path) -> None:
    data, _ = read(tmp_path, log(400))
    assert Counter(data.kinds) == {NORMAL: 356, "FATAL": 20, "WARN": 20, "SKIP": 4}


def test_no_normal_line_is_an_error_with_the_labels(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Label: no line is normal; the labels are 'FATAL' \(200\); say with --map"):
        read(tmp_path, [line.replace(line.split()[0], "FATAL", 1) for line in log(200)])
    with pytest.raises(InputError, match="no line is left, as --map says"):
        read(tmp_path, log(200), with_map("*=drop"))


def test_a_column_that_is_missing_on_some_lines_is_suspected(tmp_path: Path) -> None:
    """The field behind it then stands in its place."""
    lines = [f"{'-' if number % 2 else ''} 11178{number:05d} node1 message {number}".strip() for number in range(400)]
    suspected = "; 200 different labels: is the column there on every line? --map says which are anomalies"
    assert suspected in read(tmp_path, lines)[1][-1]
    assert not any("different labels" in line for line in read(tmp_path, log(400))[1])


def test_anomalies_are_kept_out_of_training_and_calibration_and_none_is_lost(tmp_path: Path) -> None:
    data, _ = read(tmp_path, log(1000))
    training, calibration, test = LineTrainable().split(data, OPTIONS, say=lambda _: None)
    assert {*training.kinds, *calibration.kinds} == {NORMAL}
    assert (len(training), len(calibration), len(test)) == (534, 178, 178 + 110)
    assert Counter(test.kinds) == {NORMAL: 178, "FATAL": 50, "WARN": 50, "SKIP": 10}
    assert sorted([*training.lines, *calibration.lines, *test.lines]) == sorted(data.lines)
    numbers = [int(line.split()[-1]) for line in test.lines]
    assert numbers == sorted(numbers), "in the order of time"
    last = int(training.lines[-1].split()[-1])
    assert last < int(calibration.lines[0].split()[-1])
    assert any(number < last for number in numbers), "anomalies of the first part are there too"


def test_unlabelled_logs_are_cut_as_before(tmp_path: Path) -> None:
    plain = TrainOptions(format="layout", layout=LAYOUT, shares=(0.6, 0.2, 0.2))
    data, _ = read(tmp_path, log(1000), plain)
    assert {*data.kinds} == {NORMAL}
    assert [len(one) for one in LineTrainable().split(data, plain, say=lambda _: None)] == [600, 200, 200]


def test_a_line_out_of_the_layout_is_taken_for_normal(tmp_path: Path) -> None:
    data, _ = read(tmp_path, [*log(20), "torn"], with_map("-=0,*=1"))
    assert data.kinds[-1] == NORMAL
    assert data.lines[-1] == "torn"


def test_labels_that_the_map_does_not_know_are_named_with_their_counts(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"says nothing of the labels 'SKIP' \(2\)"):
        read(tmp_path, log(200), with_map("-=0,FATAL=1,WARN=1"))


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (TrainOptions(labels="-=0,*=1"), "--map: says what labels mean, and there are none"),
        (TrainOptions(labels="nonsense", label_column="Label", layout=LAYOUT), "is not LABEL=0"),
        (TrainOptions(label_column="Label"), "--label-column: lines have labels where a layout says so"),
        (
            TrainOptions(label_column="Alert", layout=LAYOUT),
            "the layout has no field <Alert>; give one of Label, Time, Node",
        ),
        (TrainOptions(label_column="Content", layout=LAYOUT), "the layout has no field <Content>"),
        (
            TrainOptions(preset="seed", label_column="Label", layout=LAYOUT),
            "the preset seed reads whole lines, with their labels; use --preset default",
        ),
    ],
)
def test_options_that_do_not_go_together_are_refused(options: TrainOptions, what: str) -> None:
    with pytest.raises(InputError) as raised:
        LineTrainable().check(options)
    assert what in str(raised.value)


def test_a_layout_that_cannot_be_read_is_refused_before_the_log_is() -> None:
    with pytest.raises(FormatError):
        LineTrainable().check(TrainOptions(label_column="Label", layout="<Label> <Content> <Label>"))


def test_the_alert_column_of_bgl(data_dir: Path) -> None:
    options = TrainOptions(format="layout", layout=BGL, label_column="Label")
    detector = LineTrainable()
    detector.check(options)
    data = detector.read([str(data_dir / "loghub_2k" / "BGL_2k.log")], options, say=lambda _: None)
    alerts = sum(not line.startswith("- ") for line in data.lines)
    assert alerts == sum(kind != NORMAL for kind in data.kinds) > 100
    training, calibration, test = detector.split(data, options, say=lambda _: None)
    assert sum(kind != NORMAL for kind in test.kinds) == alerts
    assert {*training.kinds, *calibration.kinds} == {NORMAL}
