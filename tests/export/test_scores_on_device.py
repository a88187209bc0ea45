"""The bundle that Keras was exported to, scored by an interpreter that has the device's packages only."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from workstation import Trained

from edge.bundle.folder import load_bundle
from export.run import TEST_NAME

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-device" / "bin" / "python"
TEST_BUNDLE = ROOT / ".cache" / "test-bundle"

SCORE = """
import json, sys
from pathlib import Path
import onnxruntime
from edge.bundle.folder import load_bundle
from edge.runtime.detector import Detector
detector = Detector(load_bundle(Path(sys.argv[1])), provider="cpu")
scores = detector.score(json.load(sys.stdin))
heavy = sorted({"tensorflow", "keras", "onnx", "export"} & set(sys.modules))
print(json.dumps({"scores": scores.tolist(), "onnxruntime": onnxruntime.__version__, "heavy": heavy}))
"""


@pytest.fixture(scope="module")
def device() -> Path:
    if not PYTHON.exists():
        pytest.skip(
            "there is no .venv-device (make test-device makes it): nothing was scored with the device's packages"
        )
    return PYTHON


def run(device: Path, *arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [str(device), *(str(argument) for argument in arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, **options)


def test_the_bundle_is_left_for_the_tests_of_the_device(trained: Trained) -> None:
    assert load_bundle(TEST_BUNDLE).manifest_sha256 == load_bundle(trained.bundle).manifest_sha256


@pytest.mark.parametrize("preset", ["trained", "trained_seed"])
def test_the_device_scores_as_keras(device: Path, preset: str, request: pytest.FixtureRequest) -> None:
    from export.trained import load_scorer

    trained: Trained = request.getfixturevalue(preset)
    held_out = [example.content for example in trained.run.heldout(TEST_NAME)]
    contents = [*held_out, "", "\u6e29\u5ea6 \x00 odd", "x1 " * 900]
    expected = load_scorer(trained.run).score(contents)
    done = run(device, "-c", SCORE, trained.bundle, input=json.dumps(contents))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["heavy"] == []
    assert found["scores"] == pytest.approx(expected.tolist(), rel=1e-5, abs=1e-5)


def test_the_device_verifies_both_presets(device: Path, trained: Trained, trained_seed: Trained) -> None:
    for bundle in (trained.bundle, trained_seed.bundle):
        done = run(device, "-c", "from edge.cli import main; main()", "verify", bundle, "--provider", "cpu")
        assert (done.returncode, done.stderr) == (0, "")
        assert f"{bundle}: verified" in done.stdout


def test_the_tests_of_the_device_pass_on_it(device: Path, trained: Trained) -> None:
    environment = {**os.environ, "ODDLINE_TEST_BUNDLE": str(trained.bundle)}
    done = run(device, "-m", "pytest", "tests/edge/runtime/test_workstation_bundle.py", env=environment)
    assert done.returncode == 0, done.stdout
    assert "4 passed" in done.stdout
    del environment["ODDLINE_TEST_BUNDLE"]
    skipped = run(device, "-m", "pytest", "tests/edge/runtime/test_workstation_bundle.py", env=environment)
    assert skipped.returncode == 0
    assert "ODDLINE_TEST_BUNDLE is not set: the workstation's bundle was not scored" in skipped.stdout
