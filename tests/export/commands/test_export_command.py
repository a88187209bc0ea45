"""The command `oddline export`: what it writes, what it leaves alone, and what is left when it fails."""

from __future__ import annotations

import errno
import hashlib
import json
import resource
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Tuple

import numpy as np
import pytest
from workstation import Ended, Trained

from edge.bundle.folder import load_bundle
from edge.bundle.onnx_reader import read_model_facts
from edge.errors import ParityError
from export.run import CALIBRATION_NAME, TEST_NAME, WEIGHTS_NAME, Run


@pytest.fixture
def export(oddline: Callable[..., Ended]) -> Callable[..., Ended]:
    return lambda run, output, *options: oddline("export", run, "-o", output, *options)


@pytest.fixture(scope="module")
def converted(trained: Trained) -> Tuple[bytes, Any]:
    data = load_bundle(trained.bundle).model
    return data, read_model_facts(data)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, converted: Tuple[bytes, Any]) -> None:
    """The conversion, which takes the longest, gives what it gave before."""

    def load(graph: object, *, target: str) -> object:
        import onnx

        return onnx.load_from_string(converted[0])

    monkeypatch.setattr("export.modelling.convert", load)


def contents(folder: Path) -> Dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for path in sorted(folder.rglob("*"))
    }


def test_it_says_what_it_made(trained: Trained) -> None:
    size = sum(entry.size for entry in load_bundle(trained.bundle).manifest.files)
    lines = trained.export.out.splitlines()
    assert lines[0] == f"bundle {trained.bundle}: line (default) for xavier-jp5, fp32, opset 16, {size / 1e6:.2f} MB"
    assert lines[1].startswith("parity on ")
    assert "Keras, float32 with ONNX Runtime, fp32, CPU: largest relative difference " in lines[2]
    assert "0 verdicts flipped (0 of records), AUROC changed by +0.00000" in lines[2]
    assert "holds some lines of the log" in lines[3]
    assert lines[4] == f"next: oddline verify {trained.bundle}"
    assert "converting to ONNX for xavier-jp5" in trained.export.err


def test_name_target_and_licence_are_those_asked_for(
    export: Callable[..., Ended], trained: Trained, tmp_path: Path
) -> None:
    ended = export(f"{trained.folder}/", tmp_path / "new" / "b", "--name", "gateway", "--target", "cpu")
    assert ended.status == 0, ended.err
    manifest = load_bundle(tmp_path / "new" / "b").manifest
    assert (manifest.name, manifest.target, manifest.licence) == ("gateway", "cpu", "unspecified")
    assert manifest.graph.opset == 17


@pytest.mark.usefixtures("quick")
def test_an_old_bundle_is_replaced(export: Callable[..., Ended], trained: Trained, tmp_path: Path) -> None:
    old = Path(shutil.copytree(trained.bundle, tmp_path / "bundle"))
    (old / "tokenizer.json").write_bytes(b"damaged")
    assert export(trained.folder, old, "--licence", "MIT").status == 0
    assert load_bundle(old).manifest.licence == "MIT"
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("kind", ["home", "changed bundle", "run", "file"])
def test_what_is_no_bundle_is_left_alone(
    export: Callable[..., Ended], trained: Trained, tmp_path: Path, kind: str
) -> None:
    target = tmp_path / "target"
    if kind == "home":
        target.mkdir()
        (target / "thesis.tex").write_text("years of work")
    elif kind == "changed bundle":
        shutil.copytree(trained.bundle, target)
        (target / "notes.txt").write_text("mine")
    elif kind == "run":
        shutil.copytree(trained.folder, target)
    else:
        target.write_text("a file")
    before = contents(tmp_path)
    error = export(trained.folder, target).error
    assert f"error: {target}: " in error
    assert error.endswith("choose another name, or move it away")
    assert contents(tmp_path) == before


def test_nothing_is_left_when_parity_fails(
    export: Callable[..., Ended], trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exporter that got one weight wrong."""
    from export import modelling

    def wrong(graph: object, **options: str) -> object:
        import onnx

        model = convert(graph, **options)
        weight = max(model.graph.initializer, key=lambda one: len(one.raw_data))
        values = onnx.numpy_helper.to_array(weight) * np.float32(1.001)
        weight.CopyFrom(onnx.numpy_helper.from_array(values, weight.name))
        return model

    convert = modelling.convert
    old = Path(shutil.copytree(trained.bundle, tmp_path / "old"))
    before = contents(tmp_path)
    monkeypatch.setattr(modelling, "convert", wrong)
    for target in (tmp_path / "new", old):
        error = export(trained.folder, target, "--name", "gateway").error
        assert "error: gateway: the exported model differs from the trained one: a relative difference of " in error
        assert "; worst: record " in error
    assert contents(tmp_path) == before


@pytest.mark.usefixtures("quick")
def test_nothing_is_left_when_the_bundle_does_not_load(
    export: Callable[..., Ended], trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(folder: Path) -> None:
        raise ParityError("the last check failed", where=str(folder.name))

    monkeypatch.setattr("export.bundling.load_bundle", refuse)
    assert "the last check failed" in export(trained.folder, tmp_path / "new").error
    assert list(tmp_path.iterdir()) == []


@contextmanager
def limited_files() -> Iterator[None]:
    """No file can grow beyond 20,000 bytes; as on a full disk, the write itself fails.

    The limit binds the whole process: whoever writes a test run's output into a file must find it lifted again.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("quick")
def test_nothing_is_left_when_a_file_cannot_be_written(
    export: Callable[..., Ended], trained: Trained, tmp_path: Path
) -> None:
    with limited_files():
        error = export(trained.folder, tmp_path / "new").error
    assert f"{tmp_path / 'new'}: the file would be larger than the limit; raise the limit" in error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("name", ["model.onnx", "golden.jsonl", "parity.json", "manifest.json"])
def test_nothing_is_left_when_the_disk_is_full(
    export: Callable[..., Ended], trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def write(path: Path, data: bytes) -> int:
        if path.name == name:
            real(path, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, data)

    real = Path.write_bytes
    old = Path(shutil.copytree(trained.bundle, tmp_path / "old"))
    before = contents(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", write)
        error = export(trained.folder, old).error
    assert f"{old}: the disk is full; free some space, or write to another disk" in error
    assert contents(tmp_path) == before


def damaged(trained: Trained, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained.folder, tmp_path / "run"))


@pytest.mark.parametrize("name", [WEIGHTS_NAME, "tokenizer.json", CALIBRATION_NAME, TEST_NAME])
def test_a_damaged_run(export: Callable[..., Ended], trained: Trained, tmp_path: Path, name: str) -> None:
    run = damaged(trained, tmp_path)
    content = (run / name).read_bytes()
    (run / name).write_bytes(content[: len(content) // 2])
    assert f"{name}: " in export(run, tmp_path / "bundle").error
    (run / name).unlink()
    assert f"{run / name}: missing; train again" in export(run, tmp_path / "bundle").error
    assert not (tmp_path / "bundle").exists()


def edit(run: Path, **changes: object) -> None:
    path = run / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **changes}))


def test_a_run_of_another_network(export: Callable[..., Ended], trained: Trained, tmp_path: Path) -> None:
    run = damaged(trained, tmp_path)
    edit(run, network={"vocabulary": trained.run.spec.network["vocabulary"] + 1})
    error = export(run, tmp_path / "bundle").error
    assert f"{run / WEIGHTS_NAME}: the weights do not fit the network of the preset default; train again" in error
    edit(run, preset="grand")
    assert f"{run / 'run.json'}: there is no preset 'grand'; train again" in export(run, tmp_path / "bundle").error


def test_a_run_without_held_out_lines(
    export: Callable[..., Ended], trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Run, "heldout", lambda run, name: [])
    error = export(trained.folder, tmp_path / "bundle").error
    assert f"{trained.folder}: the run holds no held-out records; train again" in error


def test_what_is_no_run(export: Callable[..., Ended], trained: Trained, tmp_path: Path) -> None:
    assert "there is no such folder; give the folder that" in export(tmp_path / "absent", tmp_path / "b").error
    assert "this is no run folder; give the folder that" in export(trained.bundle, tmp_path / "b").error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--target", "nano"], "'nano' is not one of xavier-jp5, orin-jp6, cpu"),
        (["--precision", "int4"], "'int4' is not one of fp32"),
    ],
)
def test_unknown_choices_are_usage_errors(
    export: Callable[..., Ended], tmp_path: Path, options: list[str], words: str
) -> None:
    ended = export(tmp_path, tmp_path / "b", *options)
    assert ended.status == 2
    assert words in ended.err
