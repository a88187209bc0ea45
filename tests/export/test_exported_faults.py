"""Every fault of an exported bundle ends `oddline verify` with one line that says what, where, and the mend."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Callable

import msgspec
import pytest
from workstation import Ended, Trained

from edge.bundle.folder import load_bundle
from edge.bundle.golden import decode_golden, encode_golden
from edge.bundle.integrity import file_entry
from edge.bundle.manifest import (
    GOLDEN_NAME,
    MANIFEST_NAME,
    MODEL_NAME,
    TOKENIZER_NAME,
    Manifest,
    decode_manifest,
    encode_manifest,
)
from edge.bundle.onnx_reader import read_model_facts
from edge.errors import BundleError

FILES = (
    MANIFEST_NAME,
    MODEL_NAME,
    TOKENIZER_NAME,
    GOLDEN_NAME,
    "report/metrics.json",
    "report/parity.json",
)


@pytest.fixture
def bundle(trained: Trained, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained.bundle, tmp_path / "bundle"))


def manifest_of(bundle: Path) -> Manifest:
    return decode_manifest((bundle / MANIFEST_NAME).read_bytes(), "m")


def vouch(bundle: Path, **changes: Any) -> None:
    """A manifest that vouches for the folder as it is now; `changes` are its fields."""
    manifest = manifest_of(bundle)
    paths = sorted(path for path in bundle.rglob("*") if path.is_file() and path.name != MANIFEST_NAME)
    changes.setdefault("files", [file_entry(path, bundle) for path in paths])
    changes.setdefault("graph", read_model_facts((bundle / MODEL_NAME).read_bytes()).graph_spec())
    (bundle / MANIFEST_NAME).write_bytes(encode_manifest(msgspec.structs.replace(manifest, **changes)))


def edit_model(bundle: Path, edit: Callable[[Any], None]) -> None:
    import onnx

    model = onnx.load(bundle / MODEL_NAME)
    edit(model)
    (bundle / MODEL_NAME).write_bytes(model.SerializeToString())
    vouch(bundle)


def edit_golden(bundle: Path, **changes: Any) -> None:
    golden = decode_golden((bundle / GOLDEN_NAME).read_bytes())
    golden[3] = msgspec.structs.replace(golden[3], **changes)
    (bundle / GOLDEN_NAME).write_bytes(encode_golden(golden))
    vouch(bundle)


def leave_folder(bundle: Path) -> None:
    outside = bundle.parent / "outside.txt"
    outside.write_bytes(b"")
    entry = msgspec.structs.replace(file_entry(outside, bundle.parent), path="../outside.txt")
    vouch(bundle, files=[*manifest_of(bundle).files, entry])


def link(bundle: Path) -> None:
    (bundle / TOKENIZER_NAME).rename(bundle.parent / TOKENIZER_NAME)
    (bundle / TOKENIZER_NAME).symlink_to(bundle.parent / TOKENIZER_NAME)


def move_weights_out(bundle: Path) -> None:
    import onnx

    model = onnx.load(bundle / MODEL_NAME)
    onnx.save_model(model, bundle / MODEL_NAME, save_as_external_data=True, location="weights.bin", size_threshold=1024)
    vouch(bundle)


def set_opset(model: Any) -> None:
    model.opset_import[0].version = 18


def set_ir_version(model: Any) -> None:
    model.ir_version = 9


def add_loop(model: Any) -> None:
    model.graph.node.add(op_type="Loop", name="late")


def take_int64(model: Any) -> None:
    model.graph.input[0].type.tensor_type.elem_type = 7


def fix_batch(model: Any) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1


def other_weights(model: Any) -> None:
    import onnx

    for constant in model.graph.initializer:
        if constant.data_type == onnx.TensorProto.FLOAT and len(constant.dims) == 2:
            values = onnx.numpy_helper.to_array(constant)
            constant.CopyFrom(onnx.numpy_helper.from_array(values * 1.01, constant.name))


def later_version(bundle: Path) -> None:
    content = json.loads((bundle / MANIFEST_NAME).read_bytes())
    (bundle / MANIFEST_NAME).write_text(json.dumps({**content, "schema_version": 3, "novelty": 1}))


def pickled_tokenizer(bundle: Path) -> None:
    (bundle / TOKENIZER_NAME).write_bytes(b"\x80\x04K\x01.")
    vouch(bundle)


FAULTS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "missing model": (lambda b: (b / MODEL_NAME).unlink(), "model.onnx: missing; copy the bundle again"),
    "missing manifest": (lambda b: (b / MANIFEST_NAME).unlink(), "manifest.json: missing; copy the bundle again"),
    "missing report": (lambda b: shutil.rmtree(b / "report"), "report: missing; copy the bundle again"),
    "extra file": (lambda b: (b / "model.engine").write_bytes(b""), "a file that the manifest does not list; remove"),
    "no folder": (shutil.rmtree, "bundle: no such folder; give the path of a bundle's folder"),
    "later schema": (later_version, "manifest.json: schema version 3 is later than 2, "),
    "path that leaves": (leave_folder, "manifest.json: the path '../outside.txt' leaves the folder; "),
    "link": (link, "tokenizer.json: a symbolic link; bundles hold plain files only"),
    "external data": (move_weights_out, "are in another file; export the model with its weights inside"),
    "opset": (lambda b: edit_model(b, set_opset), "opset 18 is over 17, the highest that xavier-jp5 runs; export with"),
    "IR version": (
        lambda b: edit_model(b, set_ir_version),
        "IR version 9 is over 8, the highest that xavier-jp5 reads",
    ),
    "loop": (lambda b: edit_model(b, add_loop), "'late' uses Loop, which xavier-jp5 does not allow; trace the model"),
    "int64 input": (lambda b: edit_model(b, take_int64), "input 'ids' is int64, and xavier-jp5 takes float32 or int32"),
    "fixed batch": (lambda b: edit_model(b, fix_batch), "whose first axis is not 'batch'; trace the graph"),
    "another target": (lambda b: vouch(b, target="nano"), "no target is named 'nano'; the targets are xavier-jp5, "),
    "another model": (lambda b: edit_model(b, other_weights), "golden.jsonl, line "),
    "another score": (lambda b: edit_golden(b, score=77.5), "golden.jsonl, line 4: it scores "),
    "another content": (lambda b: edit_golden(b, content="x"), "golden.jsonl, line 4: its content is not what"),
    "pickle": (pickled_tokenizer, "tokenizer.json: tokenizers cannot read it ("),
}


@pytest.mark.parametrize(("cause", "words"), FAULTS.values(), ids=FAULTS.keys())
def test_verify_says_what_is_wrong_in_one_line(
    oddline: Callable[..., Ended], bundle: Path, cause: Callable[[Path], Any], words: str
) -> None:
    cause(bundle)
    ended = oddline("verify", bundle, "--provider", "cpu")
    assert words in ended.error
    assert ended.err == ended.error + "\n"
    assert ended.out == ""
    assert "; " in ended.error


@pytest.mark.parametrize("path", FILES)
def test_one_flipped_bit_anywhere(bundle: Path, path: str) -> None:
    file = bundle / path
    content = file.read_bytes()
    last = len(content) - 1
    positions = sorted({0, 1, *(last * part // 11 for part in range(12)), last - 1})
    for number, position in enumerate(positions):
        damaged = bytearray(content)
        damaged[position] ^= 1 << number % 8
        file.write_bytes(bytes(damaged))
        with pytest.raises(BundleError) as caught:
            load_bundle(bundle)
        assert str(caught.value).startswith(f"{file}: ")
        assert str(caught.value).isprintable()
    file.write_bytes(content)
    load_bundle(bundle)


@pytest.mark.parametrize("path", FILES)
def test_verify_refuses_a_flipped_bit_and_a_cut_file(oddline: Callable[..., Ended], bundle: Path, path: str) -> None:
    content = (bundle / path).read_bytes()
    place = len(content) // 2
    for damaged in (content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :], content[:place], b""):
        (bundle / path).write_bytes(damaged)
        assert f"{bundle / path}: " in oddline("verify", bundle).error


def test_vouching_again_for_an_unharmed_bundle_changes_nothing(oddline: Callable[..., Ended], bundle: Path) -> None:
    """The faults above are refused for what they are, not for having been written anew."""
    before = (bundle / MANIFEST_NAME).read_bytes()
    vouch(bundle)
    assert (bundle / MANIFEST_NAME).read_bytes() == before
    edit_model(bundle, lambda model: None)
    assert oddline("verify", bundle).status == 0
