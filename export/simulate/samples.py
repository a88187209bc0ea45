"""The sample for the detector `line`: what `oddline simulate line` writes and says."""

from __future__ import annotations

from pathlib import Path

from export.simulate.generate import DEFAULT_LINES_PER_DAY, simulate_syslog
from export.simulate.writer import write_simulation


def write(folder: Path, *, seed: int, days: int, per_day: int | None) -> list[str]:
    """The seeded syslog of a small server, with labelled anomalies in its last part.

    Raises:
        InputError: there are too few lines a day.
        OutputError: the folder cannot be written.
    """
    paths = write_simulation(simulate_syslog(seed, days, per_day or DEFAULT_LINES_PER_DAY), folder)
    return [
        f"wrote {paths.log}, and in {paths.labels} which of its lines are odd",
        f"to learn from: {paths.train}; to evaluate: {paths.normal} and {paths.anomalous}",
        f"next: oddline train line {paths.train} -o runs/demo",
    ]
