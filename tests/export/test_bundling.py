"""From a trained run to a bundle, for both presets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Callable

import msgspec
import numpy as np
import pytest
from workstation import Ended, Trained, relative_difference

from edge.bundle.caps import TARGETS
from edge.bundle.folder import load_bundle
from edge.bundle.golden import decode_golden
from edge.bundle.manifest import GOLDEN_NAME
from edge.runtime.detector import Detector
from export.run import CALIBRATION_NAME, TEST_NAME


@pytest.fixture(params=["default", "seed"])
def done(request: pytest.FixtureRequest) -> Trained:
    """Each preset's run and bundle in turn."""
    found: Trained = request.getfixturevalue("trained" if request.param == "default" else "trained_seed")
    return found


def test_the_bundle_loads_and_says_what_the_run_says(done: Trained) -> None:
    manifest = load_bundle(done.bundle).manifest
    spec = done.run.spec
    assert (manifest.name, manifest.target, manifest.precision) == ("bundle", "xavier-jp5", "fp32")
    assert manifest.licence == "Apache-2.0"
    assert (manifest.detector, manifest.preset) == (spec.detector, spec.preset)
    for name in ("preprocessing", "threshold", "calibration", "training"):
        assert getattr(manifest, name) == getattr(spec, name)
    assert manifest.graph.opset == TARGETS["xavier-jp5"].opset
    length = spec.preprocessing.encoder.length
    assert [(one.name, one.dtype, one.shape) for one in manifest.graph.inputs] == [("ids", "int32", ["batch", length])]
    outputs = {one.name: (one.dtype, one.shape) for one in manifest.graph.outputs}
    assert outputs == {"score": ("float32", ["batch"]), "token_scores": ("float32", ["batch", length])}
    assert sorted(entry.path for entry in manifest.files) == [
        "dictionary.json",
        "golden.jsonl",
        "model.onnx",
        "report/metrics.json",
        "report/parity.json",
        "tokenizer.json",
    ]


def test_verify_passes(oddline: Callable[..., Ended], done: Trained) -> None:
    ended = oddline("verify", done.bundle, "--provider", "cpu")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.splitlines()[-1] == f"{done.bundle}: verified"


def test_the_device_scores_as_keras(done: Trained) -> None:
    from export.trained import load_scorer

    run = done.run
    held_out = [*run.heldout(CALIBRATION_NAME), *run.heldout(TEST_NAME)]
    contents = [*(example.content for example in held_out), "", "\ufffd odd \x00 bytes", "x1 " * 900]
    expected = load_scorer(run).score(contents)
    detector = Detector(load_bundle(done.bundle), provider="cpu")
    found = detector.score(contents)
    assert found.dtype == expected.dtype == np.float32
    assert len(found) == len(contents)
    assert len(np.unique(expected)) > 50
    assert relative_difference(found, expected) <= 1e-5
    one_by_one = np.concatenate([detector.score([content]) for content in contents[:50]])
    assert relative_difference(one_by_one, found[:50]) <= 1e-5


def test_parity_is_recorded_with_its_counts(done: Trained) -> None:
    manifest = load_bundle(done.bundle).manifest
    heldout = manifest.training.calibration_records + manifest.training.test_records
    assert manifest.parity.records == heldout == len(done.run.heldout(CALIBRATION_NAME) + done.run.heldout(TEST_NAME))
    assert manifest.parity.tolerance == 1e-5
    (step,) = manifest.parity.steps
    assert 0 <= step.median_relative_difference <= step.max_relative_difference <= 1e-5
    assert step.flipped_verdicts == 0
    report = json.loads((done.bundle / "report/parity.json").read_bytes())
    assert report["parity"] == msgspec.to_builtins(manifest.parity)
    assert 1 <= report["distinct_records"] <= heldout
    assert report["anomalies"] == "altered copies of held-out records"
    assert len(report["worst"]) == 3
    assert f"parity on {heldout:,} held-out records and {manifest.parity.altered:,} altered copies:" in done.export.out


def test_golden_lines_are_of_both_kinds(done: Trained) -> None:
    golden = decode_golden((done.bundle / GOLDEN_NAME).read_bytes())
    assert {one.anomalous for one in golden} == {True, False}
    heldout = {example.raw for example in done.run.heldout(CALIBRATION_NAME) + done.run.heldout(TEST_NAME)}
    assert sum(one.lines[0] in heldout for one in golden) >= 40
    assert {"", "A" * 3000} <= {one.lines[0] for one in golden}
    threshold = np.float32(done.run.spec.threshold.value)
    assert all(one.anomalous == (np.float32(one.score or 0) >= threshold) for one in golden)
    segments = max(len(one.inputs["ids"]) for one in golden)
    assert segments == done.run.spec.preprocessing.encoder.max_segments


def test_the_threshold_keeps_its_budget_on_the_device(done: Trained) -> None:
    """What the run promised of its calibration slice holds for the exported graph."""
    run = done.run
    detector = Detector(load_bundle(done.bundle), provider="cpu")
    scores = detector.score([example.content for example in run.heldout(CALIBRATION_NAME)])
    flagged = int(detector.verdicts(scores).sum())
    assert 0 < flagged <= 0.02 * len(scores)
    assert (flagged + 1) / (len(scores) + 1) == pytest.approx(run.spec.threshold.expected_fpr)


def test_an_equal_run_gives_an_equal_bundle(oddline: Callable[..., Ended], done: Trained, tmp_path: Path) -> None:
    assert oddline("export", done.folder, "-o", tmp_path / "bundle", "--licence", "Apache-2.0").status == 0
    for path in sorted(path.relative_to(done.bundle) for path in done.bundle.rglob("*") if path.is_file()):
        assert (tmp_path / "bundle" / path).read_bytes() == (done.bundle / path).read_bytes(), path


def test_a_run_of_another_score_is_refused(
    oddline: Callable[..., Ended], trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after an update that changed how a line is scored: the threshold would mean nothing."""
    monkeypatch.setattr("export.line.default_model.MOST_SURPRISE", 2.5)
    ended = oddline("export", trained.run.folder, "-o", tmp_path / "bundle")
    assert ended.status == 1
    assert ended.err.splitlines()[-1] == (
        f"oddline: error: {trained.run.folder}: the model does not score the held-out records as it did when the "
        "threshold was set; train again"
    )
    assert not (tmp_path / "bundle").exists()
