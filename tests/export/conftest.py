"""Fixtures for the tests of the workstation's part: TensorFlow trains once for all of them."""

from __future__ import annotations

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Callable, Iterator

import pytest
from workstation import Ended, Trained, run_oddline, train_and_export

from edge.bundle.folder import new_bundle_folder

FOLDER = Path(__file__).resolve().parent
# Small logs and runs without a network lie beside the tests of evaluate, the writer of ONNX bytes beside edge's.
sys.path[:0] = [str(FOLDER / "evaluate"), str(FOLDER.parent / "edge" / "bundle")]

# `make test-device` scores this bundle with the device's packages.
DEVICE_TEST_BUNDLE = FOLDER.parents[1] / ".cache" / "test-bundle"


@pytest.fixture(scope="session", autouse=True)
def _short_certificates() -> Iterator[None]:
    """Exports are proven on a few hundred inputs, where a test does not ask for all ten thousand."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("export.parity.sample.LEAST_INPUTS", 500)
        patch.setattr("export.parity.sample._LEAST_ALTERED", 100)
        yield


@pytest.fixture(scope="session")
def tensorflow() -> None:
    """Skips where the extra `export` is not installed."""
    for name in ("tensorflow", "tf2onnx", "onnx"):
        if find_spec(name) is None:
            pytest.skip(f"{name} belongs to the extra `export`")


@pytest.fixture(scope="session")
def oddline() -> Callable[..., Ended]:
    """Runs the command `oddline` in this process."""
    return run_oddline


@pytest.fixture(scope="session")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two simulated days."""
    folder = tmp_path_factory.mktemp("simulated") / "log"
    ended = run_oddline("simulate", "line", "-o", folder, "--days", 2, "--lines-per-day", 800)
    assert ended.status == 0, ended.err
    return folder


@pytest.fixture(scope="session")
def trained(tensorflow: None, simulation: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """The default preset, trained for a moment. Not to be changed: copy it before.

    Its budget is wide enough for a threshold that some held-out lines reach.
    """
    folder = tmp_path_factory.mktemp("trained")
    done = train_and_export(simulation / "train.log", folder, "--epochs", 2, "--target-fpr", 0.02)
    with new_bundle_folder(DEVICE_TEST_BUNDLE) as aside:
        shutil.copytree(done.bundle, aside, dirs_exist_ok=True)
    return done


@pytest.fixture(scope="session")
def trained_seed(tensorflow: None, simulation: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """The seed preset after one epoch. Not to be changed: copy it before."""
    folder = tmp_path_factory.mktemp("trained-seed")
    options = ("--preset", "seed", "--vocabulary", 300, "--epochs", 1, "--target-fpr", 0.02)
    return train_and_export(simulation / "train.log", folder, *options)
