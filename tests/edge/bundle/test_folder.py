from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Dict

import msgspec
import onnx_writer as w
import pytest
import sample_bundle

from edge.bundle import folder as folder_module
from edge.bundle.folder import load_bundle, new_bundle_folder
from edge.errors import BundleError, CapsError, IntegrityError, OutputError, SchemaError

ALL_FILES = [*sample_bundle.FILES, "manifest.json"]


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return sample_bundle.write_bundle(tmp_path / "bundle")


def test_a_good_bundle(bundle: Path) -> None:
    loaded = load_bundle(bundle)
    assert loaded.root == bundle
    assert loaded.manifest.name == "sample"
    assert loaded.model == sample_bundle.FILES["model.onnx"]
    assert loaded.model_sha256 == hashlib.sha256(loaded.model).hexdigest()
    assert loaded.manifest_sha256 == hashlib.sha256((bundle / "manifest.json").read_bytes()).hexdigest()
    assert loaded.facts.graph_spec() == loaded.manifest.graph
    assert loaded.read("golden.jsonl") == sample_bundle.FILES["golden.jsonl"]
    assert loaded.has("tokenizer.json")
    assert not loaded.has("dictionary.json")
    with pytest.raises(IntegrityError, match=r"does not list dictionary\.json"):
        loaded.read("dictionary.json")


@pytest.mark.parametrize("path", [path for path in ALL_FILES if sample_bundle.FILES.get(path) != b""])
def test_one_flipped_bit_in_any_file(bundle: Path, path: str) -> None:
    file = bundle / path
    content = file.read_bytes()
    positions = sorted({0, 1, len(content) // 3, len(content) // 2, len(content) - 2, len(content) - 1})
    for position in positions:
        for bit in range(8):
            damaged = bytearray(content)
            damaged[position] ^= 1 << bit
            file.write_bytes(bytes(damaged))
            with pytest.raises((IntegrityError, SchemaError)) as caught:
                load_bundle(bundle)
            assert str(caught.value).startswith(str(file))
            assert caught.value.mend
    file.write_bytes(content)
    load_bundle(bundle)


@pytest.mark.parametrize("path", ALL_FILES)
def test_a_missing_file(bundle: Path, path: str) -> None:
    (bundle / path).unlink()
    with pytest.raises(IntegrityError, match=f"{path}: missing; copy the bundle again"):
        load_bundle(bundle)


def test_an_extra_file(bundle: Path) -> None:
    (bundle / "model.engine").write_bytes(b"")
    with pytest.raises(IntegrityError, match="does not list"):
        load_bundle(bundle)


@pytest.mark.parametrize("path", ALL_FILES)
def test_a_linked_file(bundle: Path, path: str) -> None:
    (bundle / path).rename(bundle.parent / "elsewhere")
    (bundle / path).symlink_to(bundle.parent / "elsewhere")
    with pytest.raises(IntegrityError, match="a symbolic link"):
        load_bundle(bundle)


@pytest.mark.parametrize(("version", "age"), [(3, "later"), (1, "earlier")])
def test_another_schema_version(bundle: Path, version: int, age: str) -> None:
    sample_bundle.write_bundle(bundle, schema_version=version)
    with pytest.raises(SchemaError, match=f"schema version {version} is {age}"):
        load_bundle(bundle)


def test_a_detector_that_this_version_does_not_have(bundle: Path) -> None:
    sample_bundle.write_bundle(bundle, detector="oracle")
    with pytest.raises(
        SchemaError, match="detector 'oracle' is not one of flow, line, sequence, access; update oddline"
    ):
        load_bundle(bundle)


@pytest.mark.parametrize("path", ["../outside.txt", "/etc/hostname", "report/../../outside.txt"])
def test_a_path_that_leaves_the_folder(bundle: Path, path: str) -> None:
    (bundle.parent / "outside.txt").write_bytes(b"")
    files = [*load_bundle(bundle).manifest.files]
    files.append(msgspec.structs.replace(files[0], path=path, size=0, sha256=hashlib.sha256(b"").hexdigest()))
    sample_bundle.write_bundle(bundle, files=files)
    with pytest.raises(IntegrityError, match=r"leaves the folder|is absolute"):
        load_bundle(bundle)


def with_model(content: bytes, **more: Any) -> Dict[str, bytes]:
    return sample_bundle.with_model(w.model(content, **more))


def test_external_data(bundle: Path) -> None:
    tensor = w.tensor("embedding", dims=[2], external="golden.jsonl")
    sample_bundle.write_bundle(bundle, with_model(w.scoring_graph(initializers=[tensor])))
    with pytest.raises(IntegrityError, match="the tensor 'embedding' are in another file"):
        load_bundle(bundle)


OVER_THE_CAPS = {
    "opset 21": with_model(w.scoring_graph(), opsets=[("", 21)]),
    "IR version 10": with_model(w.scoring_graph(), ir_version=10),
    "Loop": with_model(w.scoring_graph([w.node("Loop", name="n")])),
    "Scan": with_model(w.scoring_graph([w.node("Scan", name="n")])),
    "If": with_model(w.scoring_graph([w.node("If", name="n")])),
    "LayerNormalization": with_model(w.scoring_graph([w.node("LayerNormalization", name="n")])),
    "int64": with_model(w.graph([w.node("Cast")], [w.value("ids", w.INT64, ["batch", 4])], [w.value("score")])),
    "dynamic": with_model(w.graph([w.node("Cast")], [w.value("ids", w.INT32, ["batch", "n"])], [w.value("score")])),
    "com.microsoft": with_model(w.scoring_graph([w.node("Gelu", domain="com.microsoft", name="n")])),
}


@pytest.mark.parametrize("words", OVER_THE_CAPS)
def test_a_model_over_the_caps(bundle: Path, words: str) -> None:
    sample_bundle.write_bundle(bundle, OVER_THE_CAPS[words])
    with pytest.raises(CapsError, match=words) as caught:
        load_bundle(bundle)
    assert str(caught.value).startswith(str(bundle / "model.onnx"))
    assert "xavier-jp5" in str(caught.value) or words == "dynamic"


def test_an_unknown_target(bundle: Path) -> None:
    sample_bundle.write_bundle(bundle, target="nano")
    with pytest.raises(CapsError, match="no target is named 'nano'"):
        load_bundle(bundle)


def test_a_model_that_is_none(bundle: Path) -> None:
    sample_bundle.write_bundle(bundle, sample_bundle.with_model(b"\x80\x04pickle"))
    with pytest.raises(IntegrityError, match="not an ONNX model"):
        load_bundle(bundle)


def test_a_bundle_without_a_model(bundle: Path) -> None:
    (bundle / "model.onnx").unlink()
    files = {path: content for path, content in sample_bundle.FILES.items() if path != "model.onnx"}
    sample_bundle.write_bundle(bundle, files)
    with pytest.raises(IntegrityError, match=r"does not list model\.onnx"):
        load_bundle(bundle)


@pytest.mark.parametrize(
    "changes",
    [
        {"opset": 17},
        {"ir_version": 7},
        {"inputs": []},
        {"outputs": [msgspec.structs.replace(sample_bundle.GRAPH.outputs[0], name="loss")]},
        {"inputs": [msgspec.structs.replace(sample_bundle.GRAPH.inputs[0], shape=["batch", 5])]},
    ],
    ids=str,
)
def test_a_manifest_that_describes_another_model(bundle: Path, changes: Dict[str, Any]) -> None:
    sample_bundle.write_bundle(bundle, graph=msgspec.structs.replace(sample_bundle.GRAPH, **changes))
    with pytest.raises(IntegrityError, match=f"the model's {next(iter(changes))} is not what the manifest says"):
        load_bundle(bundle)


def test_what_is_no_bundle(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "empty").mkdir()
    for name, words in {
        "absent": "no such folder",
        "file": "this is a file",
        "empty": r"manifest\.json: missing",
    }.items():
        with pytest.raises(BundleError, match=words):
            load_bundle(tmp_path / name)


def test_a_huge_manifest_is_not_read_into_memory(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_module, "MAX_MANIFEST_BYTES", 1_000)
    with pytest.raises(IntegrityError, match="larger than 1,000 bytes"):
        load_bundle(bundle)


def test_the_model_in_memory_is_the_one_that_was_checked(bundle: Path) -> None:
    loaded = load_bundle(bundle)
    (bundle / "model.onnx").write_bytes(b"changed")
    (bundle / "tokenizer.json").write_bytes(b"changed")
    assert loaded.model == sample_bundle.FILES["model.onnx"]
    with pytest.raises(IntegrityError):
        loaded.read("tokenizer.json")


def test_writing_a_bundle_and_replacing_it(tmp_path: Path) -> None:
    target = tmp_path / "bundles/linux"
    for name in ("first", "second"):
        with new_bundle_folder(target) as folder:
            sample_bundle.write_bundle(folder, name=name)
            assert not target.exists() or load_bundle(target).manifest.name == "first"
        assert load_bundle(target).manifest.name == name
    assert [entry.name for entry in target.parent.iterdir()] == ["linux"]


def test_a_failed_export_leaves_the_old_bundle(bundle: Path) -> None:
    def export() -> None:
        with new_bundle_folder(bundle) as folder:
            sample_bundle.write_bundle(folder, name="second")
            raise CapsError("too much")

    with pytest.raises(CapsError, match="too much"):
        export()
    assert load_bundle(bundle).manifest.name == "sample"
    assert [entry.name for entry in bundle.parent.iterdir()] == ["bundle"]


def replace(path: Path) -> None:
    with new_bundle_folder(path) as folder:
        sample_bundle.write_bundle(folder)


def test_what_may_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    replace(tmp_path / "empty")
    old = sample_bundle.write_bundle(tmp_path / "old", schema_version=0)
    replace(old)
    changed = sample_bundle.write_bundle(tmp_path / "changed")
    (changed / "model.onnx").write_bytes(b"changed")
    (changed / "tokenizer.json").unlink()
    replace(changed)
    names = ["empty", "old", "changed"]
    assert [load_bundle(tmp_path / name).manifest.name for name in names] == ["sample"] * 3


def test_what_must_not_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home/thesis.tex").write_text("years of work")
    (tmp_path / "web").mkdir()
    (tmp_path / "web/manifest.json").write_text(json.dumps({"name": "an app", "icons": []}))
    own = sample_bundle.write_bundle(tmp_path / "own")
    (own / "report/notes.txt").write_text("mine")
    linked = sample_bundle.write_bundle(tmp_path / "linked")
    (linked / "data").symlink_to(tmp_path / "home")
    (tmp_path / "file").write_text("a file")
    before = sorted(str(path) for path in tmp_path.rglob("*"))
    for name, words in {
        "home": "is not a bundle",
        "web": "is not a bundle",
        "own": r"holds report/notes\.txt, which is not part of its bundle",
        "linked": "holds data, which is not part",
        "file": "is not a folder",
    }.items():
        with pytest.raises(OutputError, match=words) as caught:
            replace(tmp_path / name)
        assert caught.value.mend
    assert sorted(str(path) for path in tmp_path.rglob("*")) == before
