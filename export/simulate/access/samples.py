"""The sample for the detector `access`: what `oddline simulate access` writes and says."""

from __future__ import annotations

from pathlib import Path

from export.simulate.access.generate import DEFAULT_LINES_PER_DAY, simulate_access
from export.simulate.writer import write_simulation


def write(folder: Path, *, seed: int, days: int, per_day: int | None) -> list[str]:
    """The seeded access log of a small site, with labelled scans and attacks in its last part.

    Raises:
        InputError: there are too few lines a day.
        OutputError: the folder cannot be written.
    """
    paths = write_simulation(simulate_access(seed, days, per_day or DEFAULT_LINES_PER_DAY), folder, "access.log")
    return [
        f"wrote {paths.log}, and in {paths.labels} which of its lines are odd",
        f"to learn from: {paths.train}; to evaluate: {paths.normal} and {paths.anomalous}",
        f"next: oddline train access {paths.train} -o runs/access",
    ]
