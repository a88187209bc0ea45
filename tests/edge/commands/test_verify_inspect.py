from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Callable

import msgspec
import pytest
import sample_bundle
from small_bundle import LINES

from edge.bundle.folder import load_bundle
from edge.bundle.golden import decode_golden, encode_golden
from edge.bundle.manifest import Parity


@pytest.fixture
def copy(small_bundle: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(str(small_bundle), str(tmp_path / "copy")))


def rewrite(bundle: Path, golden: bytes, **changes: Any) -> None:
    """Give a bundle other golden lines, and a manifest that vouches for them."""
    manifest = load_bundle(bundle).manifest
    files = {entry.path: (bundle / entry.path).read_bytes() for entry in manifest.files}
    kept = {name: getattr(manifest, name) for name in ("name", "graph", "preprocessing", "threshold", "parity")}
    sample_bundle.write_bundle(bundle, {**files, "golden.jsonl": golden}, **{**kept, **changes})


def test_verify_passes(oddline: Callable[..., Any], small_bundle: Path) -> None:
    ended = oddline("verify", f"{small_bundle}/", "--provider", "cpu", "--threads", 1)
    assert (ended.status, ended.err) == (0, "")
    size = sum((small_bundle / name).stat().st_size for name in ("model.onnx", "tokenizer.json", "golden.jsonl"))
    assert f"3 and the manifest, {size:,} bytes" in ended.out
    assert f"{len(LINES)} lines (2 anomalous)" in ended.out
    assert "largest relative difference 0 (line 1), allowed 1e-05" in ended.out
    assert ended.out.splitlines()[-2:] == ["provider  cpu", f"{small_bundle}: verified"]


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "golden.jsonl", "manifest.json"])
def test_verify_finds_one_flipped_bit(oddline: Callable[..., Any], copy: Path, name: str) -> None:
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(bytes(data))
    ended = oddline("verify", copy)
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.startswith("oddline: error: ")
    assert name in ended.err
    assert ended.err.count("\n") == 1


def test_verify_finds_another_score(oddline: Callable[..., Any], copy: Path) -> None:
    golden = decode_golden((copy / "golden.jsonl").read_bytes())
    golden[4] = msgspec.structs.replace(golden[4], score=9.51)
    rewrite(copy, encode_golden(golden))
    ended = oddline("verify", copy)
    assert (ended.status, ended.out) == (1, "")
    assert f"{copy}/golden.jsonl, line 5: it scores 9.5 instead of 9.51, a relative difference of 0.0011" in ended.err
    parity = load_bundle(copy).manifest.parity
    rewrite(copy, encode_golden(golden), parity=msgspec.structs.replace(parity, tolerance=0.01))
    assert isinstance(parity, Parity)
    ended = oddline("verify", copy)
    assert ended.status == 0, "the manifest's tolerance is the one that counts"
    assert "largest relative difference 0.0011 (line 5), allowed 0.01" in ended.out


def test_verify_finds_other_ids_and_verdicts(oddline: Callable[..., Any], copy: Path) -> None:
    good = decode_golden((copy / "golden.jsonl").read_bytes())
    rewrite(copy, encode_golden([good[0], msgspec.structs.replace(good[1], inputs={"ids": [[3] * 8]})]))
    assert "line 2: its inputs are not what the bundle promises" in oddline("verify", copy).err
    rewrite(copy, encode_golden([msgspec.structs.replace(good[0], anomalous=True)]))
    assert "line 1: it is not anomalous here" in oddline("verify", copy).err


def test_verify_finds_a_damaged_golden_line(oddline: Callable[..., Any], copy: Path) -> None:
    rewrite(copy, (copy / "golden.jsonl").read_bytes() + b'{"line": "x"}\n')
    ended = oddline("verify", copy)
    assert ended.status == 1
    assert f"{copy}/golden.jsonl, line 8: damaged (" in ended.err


def test_verify_refuses_what_is_no_bundle_and_no_provider(oddline: Callable[..., Any], tmp_path: Path) -> None:
    missing = oddline("verify", tmp_path / "missing")
    assert missing.status == 1
    assert "missing: no such folder" in missing.err
    unknown = oddline("verify", tmp_path, "--provider", "magic")
    assert unknown.status == 2
    assert "'magic' is not one of auto, tensorrt, cuda, cpu" in unknown.err


def test_inspect_shows_what_is_inside(oddline: Callable[..., Any], small_bundle: Path) -> None:
    ended = oddline("inspect", small_bundle)
    assert (ended.status, ended.err) == (0, "")
    heads = [line for line in ended.out.splitlines() if not line.startswith(" ")]
    assert heads == ["bundle", "graph", "preprocessing", "threshold", "training", "parity", "files"]
    assert "operators  Gather 1, ReduceMax 1" in ended.out


def test_inspect_gives_programs_everything(oddline: Callable[..., Any], small_bundle: Path) -> None:
    ended = oddline("inspect", small_bundle, "--json")
    assert (ended.status, ended.err) == (0, "")
    found = json.loads(ended.out)
    assert found["manifest"] == json.loads((small_bundle / "manifest.json").read_bytes())
    assert found["model"]["operators"] == {"Gather": 1, "ReduceMax": 1}


def test_inspect_refuses_a_damaged_bundle(oddline: Callable[..., Any], copy: Path) -> None:
    (copy / "tokenizer.json").unlink()
    ended = oddline("inspect", copy)
    assert (ended.status, ended.out) == (1, "")
    assert "tokenizer.json" in ended.err
