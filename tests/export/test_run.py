"""Run folders: written, read back, damaged, replaced."""

from __future__ import annotations

import gzip
import json
import pickle
from pathlib import Path
from typing import Callable

import numpy as np
import pytest
from evaluate_samples import log_data, make_run, normal_lines

from edge.bundle.manifest import TOKENIZER_NAME
from edge.errors import InputError, IntegrityError, OddlineError, OutputError, SchemaError
from export.run import (
    CALIBRATION_NAME,
    RUN_NAME,
    TEST_NAME,
    TRAINING_NAME,
    WEIGHTS_NAME,
    Example,
    Run,
    RunSpec,
    TrainingInput,
    check_output,
    is_run,
    open_run,
    why_not_replaced,
    write_run,
)

WEIGHTS = [
    np.arange(6, dtype=np.float32).reshape(2, 3),
    np.zeros((0, 4), np.float32),
    np.array([np.inf, -0.0, 1e-45], np.float32),
    np.array([7], np.int64),
]
TEXTS = {"cron[<num>]: job": 7, "caf\u00e9 \u2028 \x85": 2, "": 1}
RAW = ["plain", "caf\ufffd \x00\ufffd", "", "tab\tand\rreturn", "two\nlines"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    spec = make_run(tmp_path / "sample").spec
    folder = tmp_path / "run"
    folder.mkdir()
    calibration = log_data([])
    calibration.lines = RAW
    calibration.contents = [line.upper() for line in RAW]
    calibration.kinds = ["", "odd", "", "", ""]
    calibration.scores = np.arange(5, dtype=np.float32)
    write_run(
        folder,
        spec,
        weights=WEIGHTS,
        files={TOKENIZER_NAME: b'{"version": "1.0"}'},
        training=TEXTS,
        calibration=calibration,
        test=log_data(normal_lines(3)),
    )
    return open_run(folder)


def test_everything_comes_back_as_it_was(run: Run, tmp_path: Path) -> None:
    assert run.spec == open_run(tmp_path / "sample").spec
    assert run.read(TOKENIZER_NAME) == b'{"version": "1.0"}'
    assert run.training_inputs() == TEXTS
    assert run.heldout(CALIBRATION_NAME) == [
        Example(line, line.upper(), "odd" if number == 1 else "", float(number)) for number, line in enumerate(RAW)
    ]
    assert run.heldout(CALIBRATION_NAME)[-1].lines == ["two", "lines"]
    assert [example.raw for example in run.heldout(TEST_NAME)] == normal_lines(3)
    found = run.weights()
    assert [weight.dtype for weight in found] == [weight.dtype for weight in WEIGHTS]
    for weight, expected in zip(found, WEIGHTS):
        assert weight.tobytes() == expected.tobytes()
        assert weight.shape == expected.shape


def test_inputs_with_their_kinds(run: Run) -> None:
    """What was not learnt from, as rows that were dropped, is left out; the same input may be of several kinds."""
    assert run.labelled_inputs() == [TrainingInput(key, count, "") for key, count in TEXTS.items()]
    kinds = {("a", ""): 3, ("a", "scan"): 1, ("b", "scan"): 2, ("dropped", ""): 7}
    nothing = log_data([])
    learnt = {"a": 4, "b": 2}
    write_run(
        run.folder,
        run.spec,
        weights=[],
        files={},
        training=learnt,
        calibration=nothing,
        test=nothing,
        training_kinds=kinds,
    )
    assert run.labelled_inputs() == [("a", 3, ""), ("a", 1, "scan"), ("b", 2, "scan")]
    assert run.training_inputs() == learnt


def test_more_weights_than_ten_keep_their_order(run: Run) -> None:
    weights = [np.full(1, number) for number in range(120)]
    calibration = test = log_data([])
    write_run(run.folder, run.spec, weights=weights, files={}, training={}, calibration=calibration, test=test)
    assert [int(weight[0]) for weight in run.weights()] == list(range(120))


def test_equal_runs_are_equal_files(run: Run, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in run.folder.iterdir()}
    calibration = log_data([])
    calibration.lines = RAW
    calibration.contents = [line.upper() for line in RAW]
    calibration.kinds = ["", "odd", "", "", ""]
    calibration.scores = np.arange(5, dtype=np.float32)
    write_run(
        run.folder,
        run.spec,
        weights=WEIGHTS,
        files={TOKENIZER_NAME: run.read(TOKENIZER_NAME)},
        training=TEXTS,
        calibration=calibration,
        test=log_data(normal_lines(3)),
    )
    assert {path.name: path.read_bytes() for path in run.folder.iterdir()} == before
    assert sorted(before) == [
        "calibration.jsonl.gz",
        "run.json",
        "test.jsonl.gz",
        "tokenizer.json",
        "training.jsonl.gz",
        "weights.npz",
    ]


READERS: dict[str, Callable[[Run], object]] = {
    TOKENIZER_NAME: lambda run: run.read(TOKENIZER_NAME),
    WEIGHTS_NAME: Run.weights,
    TRAINING_NAME: Run.training_inputs,
    CALIBRATION_NAME: lambda run: run.heldout(CALIBRATION_NAME),
    TEST_NAME: lambda run: run.heldout(TEST_NAME),
}
PACKED = [name for name in READERS if name != TOKENIZER_NAME]


@pytest.mark.parametrize("name", READERS)
def test_a_missing_file(run: Run, name: str) -> None:
    (run.folder / name).unlink()
    with pytest.raises(IntegrityError) as caught:
        READERS[name](run)
    assert str(caught.value) == f"{run.folder / name}: missing; train again"


@pytest.mark.parametrize("name", READERS)
def test_a_folder_where_a_file_should_be(run: Run, name: str) -> None:
    (run.folder / name).unlink()
    (run.folder / name).mkdir()
    with pytest.raises(IntegrityError, match=r"cannot be read \(Is a directory\); train again"):
        READERS[name](run)


@pytest.mark.parametrize("content", [b"", b"\x80\x04K\x01.", b"PK\x03\x04", b"\x1f\x8b\x08\x00", b"\x93NUMPY\x01\x00"])
@pytest.mark.parametrize("name", PACKED)
def test_a_file_of_other_content(run: Run, name: str, content: bytes) -> None:
    (run.folder / name).write_bytes(content)
    if name != WEIGHTS_NAME and not content:
        return  # gzip takes an empty file for an empty log, and so does the run
    with pytest.raises(IntegrityError, match=r"damaged \(.+\); train again") as caught:
        READERS[name](run)
    assert caught.value.where == str(run.folder / name)


@pytest.mark.parametrize("name", PACKED)
def test_damage_anywhere_is_found_or_harmless(run: Run, name: str) -> None:
    """Whatever bit flips: the content is as it was, or the error says which file; never anything else."""
    path = run.folder / name
    content = path.read_bytes()
    good = repr(READERS[name](run))
    wheres = []
    for position in range(0, len(content), max(1, len(content) // 400)):
        damaged = bytearray(content)
        damaged[position] ^= 1 << position % 8
        path.write_bytes(bytes(damaged))
        try:
            assert repr(READERS[name](run)) == good
        except IntegrityError as error:
            wheres.append(error.where)
    assert len(wheres) > 10
    assert set(wheres) == {str(path)}
    for length in range(1, len(content), max(1, len(content) // 50)):
        path.write_bytes(content[:length])
        with pytest.raises(IntegrityError, match="damaged"):
            READERS[name](run)


def test_texts_that_are_no_texts(run: Run) -> None:
    for content in (b'["a", "many"]\n', b"{}\n", b"\xff\n", b"[" * 5000 + b"\n"):
        (run.folder / TRAINING_NAME).write_bytes(gzip.compress(content))
        with pytest.raises(IntegrityError, match=r"training\.jsonl\.gz: damaged"):
            run.training_inputs()


class Explosive:
    def __reduce__(self) -> object:
        return pytest.fail, ("a pickle was run",)


def test_pickles_are_never_run(run: Run) -> None:
    np.savez(run.folder / WEIGHTS_NAME, **{"0000": np.array([Explosive()], dtype=object)})
    with pytest.raises(IntegrityError, match="allow_pickle=False"):
        run.weights()
    (run.folder / WEIGHTS_NAME).write_bytes(pickle.dumps(Explosive()))
    with pytest.raises(IntegrityError, match="damaged"):
        run.weights()
    np.save(run.folder / "weights.npy", np.zeros(3))
    (run.folder / "weights.npy").rename(run.folder / WEIGHTS_NAME)
    with pytest.raises(IntegrityError, match="not an archive of arrays"):
        run.weights()


def edited(run: Run, **changes: object) -> Path:
    path = run.folder / RUN_NAME
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **changes}))
    return path


@pytest.mark.parametrize("version", [0, 2])
def test_another_schema_version_is_told_before_its_fields(run: Run, version: int) -> None:
    path = edited(run, schema_version=version, new_field=1, threshold="later versions may keep it otherwise")
    with pytest.raises(SchemaError) as caught:
        open_run(run.folder)
    assert str(caught.value) == f"{path}: run schema version {version}, where this oddline reads 1; train again"


@pytest.mark.parametrize(
    "change", [{"schema_version": "1"}, {"unknown": 1}, {"vocabulary": 3.5}, {"threshold": None}, {"detector": []}]
)
def test_a_malformed_description(run: Run, change: dict[str, object]) -> None:
    path = edited(run, **change)
    with pytest.raises(SchemaError, match=r"malformed run \(.+\); train again") as caught:
        open_run(run.folder)
    assert caught.value.where == str(path)


@pytest.mark.parametrize("field", RunSpec.__struct_fields__)
def test_no_field_is_defaulted(run: Run, field: str) -> None:
    path = run.folder / RUN_NAME
    content = json.loads(path.read_bytes())
    del content[field]
    path.write_text(json.dumps(content))
    with pytest.raises(SchemaError, match="missing required field"):
        open_run(run.folder)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"null", b"\x80\x04K\x01."])
def test_a_description_that_is_none(run: Run, content: bytes) -> None:
    (run.folder / RUN_NAME).write_bytes(content)
    with pytest.raises(SchemaError, match="malformed run"):
        open_run(run.folder)
    assert is_run(run.folder), "damaged, but a run: it may be written over"


def test_what_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_bytes(b"")
    for name, what in {"absent": "there is no such folder", "empty": "this is no run folder"}.items():
        with pytest.raises(InputError, match=f"{name}: {what}; give the folder that oddline train wrote"):
            open_run(tmp_path / name)
    with pytest.raises(OddlineError, match="there is no such folder"):
        open_run(tmp_path / "file")


def test_what_may_be_replaced(run: Run, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    check_output(run.folder)
    assert sorted(tmp_path.rglob("*")) == before
    (run.folder / WEIGHTS_NAME).unlink()
    assert why_not_replaced(run.folder) is None
    check_output(tmp_path / "new" / "parents" / "run")
    assert list((tmp_path / "new" / "parents").iterdir()) == [], "only the parents are made"


def test_what_must_not_be_replaced(run: Run, tmp_path: Path) -> None:
    (run.folder / "notes.txt").write_text("mine")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").write_text("years of work")
    (tmp_path / "file").write_text("")
    before = sorted(tmp_path.rglob("*"))
    for name, words in {
        "run": r"holds notes\.txt, which is not part of its run, and is not replaced",
        "home": "is not a run folder, and is not replaced",
        "file": "is not a folder",
        "file/run": "a part of the path is a file, not a folder",
    }.items():
        with pytest.raises(OutputError, match=words) as caught:
            check_output(tmp_path / name)
        assert caught.value.mend
    assert sorted(tmp_path.rglob("*")) == before
