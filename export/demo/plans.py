"""What the demo does for each detector: the sample, and what is done with its files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Plan:
    """Names are those of files that ``oddline simulate`` writes; `days` is the length of the sample.

    Evaluated are either the files `normal` and `anomalous`, or the file `labelled` with labels in a column `Label`.
    `own_log` is what a user would train on next, with the options for it. `epochs` are fewer than usual where the
    sample is small enough to be learnt in them.
    """

    detector: str
    days: int
    train: str
    score: str
    own_log: str
    normal: str | None = None
    anomalous: str | None = None
    labelled: str | None = None
    epochs: int | None = None

    def inputs(self, logs: Path) -> list[str]:
        """The arguments of ``oddline evaluate`` that say what to evaluate on."""
        if self.labelled is not None:
            return ["--labelled", str(logs / self.labelled), "--label-column", LABEL_COLUMN]
        return ["--normal", str(logs / str(self.normal)), "--anomalous", str(logs / str(self.anomalous))]


LABEL_COLUMN = "Label"
DETECTORS = "flow|line|sequence|access"

# Long enough that what is rare and normal has been seen, and that one record in a thousand is more than a few.
PLANS = {
    "flow": Plan("flow", 7, "train.csv", "test.csv", "FLOWS.csv --label-column Label", labelled="test.csv"),
    "line": Plan(
        "line", 21, "train.log", "syslog.log", "YOUR.log", normal="normal.log", anomalous="anomalous.log", epochs=8
    ),
    "sequence": Plan(
        "sequence", 7, "train.events", "test.csv", r"YOUR.log --session-key 'job=(\w+)'", labelled="test.csv"
    ),
    "access": Plan(
        "access", 7, "train.log", "access.log", "access.log", normal="normal.log", anomalous="anomalous.log", epochs=5
    ),
}
