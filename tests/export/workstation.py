"""The command `oddline` in this process, and what one training of it left behind."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from export.run import Run, open_run


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one line on stderr that says why the command failed."""
        *_, last = self.err.splitlines()
        assert last.startswith("oddline: error: "), self.err
        assert "Traceback" not in self.err
        assert (self.status, self.err.count("oddline: error: ")) == (1, 1)
        return last


def run_oddline(*arguments: object) -> Ended:
    from edge.cli import main

    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as ended:
            return Ended(int(ended.code or 0), out.getvalue(), err.getvalue())
    raise AssertionError("main ends the process")


@dataclass(frozen=True)
class Trained:
    """A log, the run that was trained on it, the bundle that was exported, and what the two commands said."""

    log: Path
    folder: Path
    bundle: Path
    training: Ended
    export: Ended

    @property
    def run(self) -> Run:
        return open_run(self.folder)


def train_and_export(log: Path, folder: Path, *options: object) -> Trained:
    training = run_oddline("train", "line", log, "-o", folder / "run", *options)
    assert training.status == 0, training.err
    export = run_oddline("export", folder / "run", "-o", folder / "bundle", "--licence", "Apache-2.0")
    assert export.status == 0, export.err
    return Trained(log, folder / "run", folder / "bundle", training, export)


def relative_difference(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference of two sets of scores, relative above 1 and absolute below."""
    return float((np.abs(found.astype(np.float64) - expected) / np.maximum(1.0, np.abs(expected))).max())
