from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
from small_bundle import LENGTH, make_small_bundle

from edge.bundle.describe import facts, sections
from edge.bundle.folder import load_bundle
from edge.bundle.manifest import Manifest, Threshold
from edge.bundle.preprocessing import FormatSpec, Preprocessing


def as_text(bundle: Path) -> str:
    return "\n".join("|".join(row) for _, rows in sections(load_bundle(bundle)) for row in rows)


def test_every_part_is_told(small_bundle: Path) -> None:
    text = as_text(small_bundle)
    for part in (
        "name|small",
        "detector|line, preset default",
        "target|xavier-jp5, fp32",
        "opset|16, IR version 8",
        f"input|ids: int32 [batch, {LENGTH}]",
        "output|score: float32 [batch]",
        f"output|token_scores: float32 [batch, {LENGTH}]",
        "operators|Gather 1, ReduceMax 1",
        "format|syslog",
        r"mask|number: \b\d+\b becomes <num>",
        "anomalous|score >= 5",
        "chosen by|quantile",
        "held out|900 normal records, which p-values come from",
        "budget|0.1000% false alarms",
        "expected|0.1100% false alarms, 1 in 909 normal records",
        "records|1,000, of them 100 distinct",
        "parameter|epochs = 3",
        "parameter|note = none",
        "compared on|5,000 held-out records and 5,000 altered copies of such",
        "tolerance|1e-05",
    ):
        assert part in text
    model = (small_bundle / "model.onnx").read_bytes()
    assert f"model.onnx|{len(model):,} bytes|{hashlib.sha256(model).hexdigest()[:12]}" in text


def test_the_facts_hold_the_whole_manifest_and_the_models_own(small_bundle: Path) -> None:
    loaded = load_bundle(small_bundle)
    found = facts(loaded)
    assert msgspec.convert(found["manifest"], Manifest) == loaded.manifest
    assert found["manifest_sha256"] == hashlib.sha256((small_bundle / "manifest.json").read_bytes()).hexdigest()
    assert found["model"]["operators"] == {"Gather": 1, "ReduceMax": 1}
    assert found["model"]["opsets"] == {"ai.onnx": 16}
    assert found["model"]["nodes"] == 2


def test_other_choices_are_told_too(tmp_path: Path, small_bundle: Path) -> None:
    manifest = load_bundle(small_bundle).manifest
    bundle = make_small_bundle(
        tmp_path / "other",
        licence="\x1b[31mred",
        threshold=Threshold(
            value=5.0, method="quantile", target_fpr=None, alerts_per_day=2.0, records=10, expected_fpr=0.0
        ),
        preprocessing=Preprocessing(
            format=FormatSpec(name="layout", layout="<Date> <Content>", fields=None, header=None, skip_characters=16),
            sessions=None,
            masks=[],
            encoder=msgspec.structs.replace(manifest.preprocessing.encoder, fill="tile", max_segments=1),
        ),
    )
    text = as_text(bundle)
    assert 'format|layout, layout "<Date> <Content>", then without its first 16 characters' in text
    assert "masks|none" in text
    assert "a shorter content is repeated, a longer one is cut" in text
    assert "budget|2 alerts a day" in text
    assert "1 in infinitely many normal records" in text
    assert r"licence|\x1b[31mred" in text, "a bundle must not steer the terminal"
