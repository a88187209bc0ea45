"""Labels in every form: columns, fields of layouts, JSON keys, event-id files, and files beside the log."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import msgspec
import pytest
from evaluate_samples import PREPROCESSING, SYSLOG, normal_lines, odd_lines, write_log

from edge.bundle.preprocessing import Feature, FeatureEncoderSpec, FormatSpec, Preprocessing
from edge.errors import InputError
from export.evaluate.reading import Reading, read_labelled
from export.evaluate.samples import Samples
from export.labelled import Labelling, read_sidecar
from export.labels import LabelMap

BGL = "<Label> <Id> <Date> <Code1> <Time> <Code2> <Component1> <Component2> <Level> <Content>"


def quiet(_: str) -> None:
    pass


def spec(name: str, **changes: object) -> FormatSpec:
    plain = FormatSpec(name=name, layout=None, fields=None, header=None, skip_characters=0)
    return msgspec.structs.replace(plain, **changes)


def reads(format_spec: FormatSpec, **changes: object) -> Reading:
    return Reading(msgspec.structs.replace(PREPROCESSING, format=format_spec, **changes))


def samples(path: str, labelling: Labelling, reading: Reading) -> Samples:
    return read_labelled([path], labelling, say=quiet).samples(reading, quiet)


TABLE = [
    "Dur,Label,Bytes",
    "1,Benign,2",
    "3,DoS Hulk,4",
    "5,Benign,6,7",
    "Dur,Label,Bytes",
    "8,Attempted,9",
    "NaN,DoS,1",
]
FLOWS = Reading(
    Preprocessing(
        format=spec("csv", fields=["Bytes", "Dur"]),
        masks=[],
        sessions=None,
        encoder=FeatureEncoderSpec(features=[Feature(name=name, categories=None) for name in ("Bytes", "Dur")]),
    )
)


def test_a_table(tmp_path: Path) -> None:
    """Ragged rows have no label, and what the map drops is left out; a row with NaN stays, to be counted."""
    path = write_log(tmp_path / "flows.csv", TABLE)
    rules = LabelMap.parse("Benign=0,Attempted=drop,*=1")
    found = samples(path, Labelling("label", rules), FLOWS)
    assert found.contents == ["2,1", "4,3", "1,NaN"]
    assert found.kinds == ["", "DoS Hulk", "DoS"]
    assert [place.rpartition(":")[2] for place in found.places] == ["2", "3", "7"]
    assert found.unlabelled == 2
    assert found.texts[1] == "3,DoS Hulk,4"


def test_an_empty_label_is_none_whatever_the_rules(tmp_path: Path) -> None:
    path = write_log(tmp_path / "flows.csv", ["Dur,Label,Bytes", "1,Benign,2", "3,,4", "5,DoS,6"])
    for rules in (LabelMap(), LabelMap.parse("Benign=0,*=1"), LabelMap.parse("DoS=1,*=0")):
        found = samples(path, Labelling("label", rules), FLOWS)
        assert (found.contents, found.kinds, found.unlabelled) == (["2,1", "6,5"], ["", "DoS"], 1)
    assert LabelMap.parse("BENIGN=0").kinds(["", " ", "benign"], "x") == [None, None, ""]


def test_a_table_whose_header_the_run_knows(tmp_path: Path) -> None:
    path = write_log(tmp_path / "kdd.txt", ["1,2,normal", "3,4,neptune"])
    reading = Reading(
        msgspec.structs.replace(FLOWS.preprocessing, format=spec("csv", fields=["b", "a"], header=["a", "b", "c"]))
    )
    found = samples(path, Labelling("c"), reading)
    assert (found.contents, found.kinds) == (["2,1", "4,3"], ["", "neptune"])


def test_faults_of_a_table(tmp_path: Path) -> None:
    path = write_log(tmp_path / "flows.csv", TABLE)
    with pytest.raises(InputError, match=r"flows\.csv: it has no column Verdict; its first line has .*; give"):
        samples(path, Labelling("Verdict"), FLOWS)
    with pytest.raises(InputError, match=r"--map says nothing of the labels 'DoS Hulk' \(1\)"):
        samples(path, Labelling("Label", LabelMap.parse("Benign=0,Attempted=0,DoS=1")), FLOWS)


def test_a_field_of_a_layout(data_dir: Path) -> None:
    reading = reads(spec("layout", layout=BGL))
    found = samples(str(data_dir / "loghub_2k" / "BGL_2k.log"), Labelling("Label"), reading)
    assert len(found) == 2000
    assert sum(found.anomalous) == 143
    assert "APPREAD" in found.kinds
    assert found.contents[0] == "instruction cache parity error corrected"


def test_a_layout_without_such_a_field(tmp_path: Path) -> None:
    path = write_log(tmp_path / "x.log", ["- 1 hello"])
    with pytest.raises(InputError, match="has no field <Alert>, but <Label>, <Id>"):
        samples(path, Labelling("Alert"), reads(spec("layout", layout="<Label> <Id> <Content>")))


def test_the_users_own_layout(tmp_path: Path) -> None:
    path = write_log(tmp_path / "x.log", ["- 1 hello", "FATAL 2 bye", "x"])
    reading = Reading(msgspec.structs.replace(PREPROCESSING, format=SYSLOG), None, "layout", "<Label> <Id> <Content>")
    found = samples(path, Labelling("label", layout="<Label> <Id> <Content>"), reading)
    assert (found.contents, found.kinds, found.unlabelled) == (["hello", "bye"], ["", "FATAL"], 1)


def test_keys_of_json_lines(tmp_path: Path) -> None:
    rows = [{"MESSAGE": "hello", "attack": 0}, {"MESSAGE": "bye", "attack": 1}, {"MESSAGE": "huh"}]
    path = write_log(tmp_path / "x.json", [json.dumps(row) for row in rows])
    found = samples(path, Labelling("attack"), reads(spec("journald")))
    assert (found.contents, found.kinds, found.unlabelled) == (["hello", "bye"], ["", "1"], 1)
    with pytest.raises(InputError, match="no line has a field 'label'"):
        samples(path, Labelling("label"), reads(spec("journald")))


def test_a_file_of_sessions(data_dir: Path) -> None:
    path = str(data_dir / "hdfs_deeplog" / "robust_log_valid.csv.gz")
    found = samples(path, Labelling("label"), reads(spec("events"), masks=[]))
    assert found.contents[0] == "22 5 5 5 26 26 26 11 9 11 9 11 9 23 23 23 21 21 21"
    assert set(found.kinds) == {"", "1"}


def sidecar(path: Path, log: Path, **changes: object) -> Path:
    header = {
        "schema_version": 1,
        "seed": 0,
        "lines": 14,
        "held_out_from_line": 6,
        "sha256": hashlib.sha256(log.read_bytes()).hexdigest(),
    }
    labels = [{"line": 13, "offset": 1, "kind": "rootkit", "incident": 0}, {"line": 14, "kind": "new-user"}]
    rows = [{**header, **changes}, *labels]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_file_beside_the_log(tmp_path: Path) -> None:
    """What is before the held-out part is there to be learnt from, and is left out."""
    log = Path(write_log(tmp_path / "syslog.log", [*normal_lines(12), *odd_lines(2)]))
    found = samples(str(log), Labelling(sidecar=sidecar(tmp_path / "labels.jsonl", log)), Reading(PREPROCESSING))
    assert found.kinds == [""] * 7 + ["rootkit", "new-user"]
    assert found.texts[0] == normal_lines(12)[5]
    assert found.unlabelled == 5


def test_to_learn_from_all_lines_have_a_kind(tmp_path: Path) -> None:
    log = Path(write_log(tmp_path / "syslog.log", [*normal_lines(12), *odd_lines(2)]))
    lines = log.read_bytes().splitlines()
    kinds = read_sidecar(sidecar(tmp_path / "labels.jsonl", log)).all_kinds(lines, "syslog.log")
    assert kinds == [""] * 12 + ["rootkit", "new-user"]


@pytest.mark.parametrize("changes", [{"lines": 15}, {"sha256": "0" * 64}])
def test_labels_of_another_log(tmp_path: Path, changes: dict[str, object]) -> None:
    log = Path(write_log(tmp_path / "syslog.log", [*normal_lines(12), *odd_lines(2)]))
    labelling = Labelling(sidecar=sidecar(tmp_path / "labels.jsonl", log, **changes))
    with pytest.raises(InputError, match=r"labels\.jsonl: these are not the labels of .*syslog\.log"):
        samples(str(log), labelling, Reading(PREPROCESSING))


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"schema_version": 1}\n{"kind": "x"}', b"\xff"])
def test_what_is_no_file_of_labels(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "labels.jsonl").write_bytes(data)
    with pytest.raises(InputError, match=r"labels\.jsonl: it is no file of labels"):
        read_sidecar(tmp_path / "labels.jsonl")
    with pytest.raises(InputError, match="cannot be read"):
        read_sidecar(tmp_path / "nowhere")


def test_one_labels_file_for_several_logs(tmp_path: Path) -> None:
    paths = [write_log(tmp_path / name, []) for name in ("a.log", "b.log")]
    with pytest.raises(InputError, match="labels of one log, and 2 are given"):
        read_labelled(paths, Labelling(sidecar=tmp_path / "labels.jsonl"), say=quiet)
