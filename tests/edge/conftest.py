"""Fixtures for the tests of the device's part."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator

import pytest

# The writers of ONNX models and of sample bundles lie beside the tests of bundles, what stands in for a GPU beside
# those of sessions and engines, and all are of use to others.
sys.path[:0] = [str(Path(__file__).parent / folder) for folder in ("bundle", "engines", "runtime")]

# Unless told, tokenizers writes a warning to stderr when a test starts a process after another one has encoded.
os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")


@pytest.fixture(scope="session")
def small_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that was made by hand; see `small_bundle.py`. Not to be changed: copy it before."""
    from small_bundle import make_small_bundle

    return make_small_bundle(tmp_path_factory.mktemp("bundles") / "small")


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that other users can reach; pytest's own cannot be."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it wrote."""

    status: int
    out: str
    err: str


@pytest.fixture
def oddline(capfd: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Runs the command `oddline` in this process."""

    def run(*arguments: object) -> Ended:
        from edge.cli import main

        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        return Ended(int(ended.value.code or 0), captured.out, captured.err)

    return run
