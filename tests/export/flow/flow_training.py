"""A training of the detector `flow`, and what it left behind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from workstation import Ended, run_oddline

from export.run import Run, open_run


@dataclass(frozen=True)
class TrainedFlow:
    """A table, the run that was trained on it, the bundle that was exported, and what the training said."""

    table: Path
    folder: Path
    bundle: Path
    training: Ended

    @property
    def run(self) -> Run:
        return open_run(self.folder)


def train_flow(folder: Path, table: Path, *options: object) -> TrainedFlow:
    training = run_oddline("train", "flow", table, "-o", folder / "run", *options)
    assert training.status == 0, training.err
    export = run_oddline("export", folder / "run", "-o", folder / "bundle")
    assert export.status == 0, export.err
    return TrainedFlow(table, folder / "run", folder / "bundle", training)
