"""The sample for the detector `access`: what `oddline simulate access` writes and says."""

from __future__ import annotations

from pathlib import Path

from export.simulate.access.generate import DEFAULT_LINES_PER_DAY, simulate_site
from export.simulate.writer import write_labelled, write_simulation


def write(folder: Path, *, seed: int, days: int, per_day: int | None) -> list[str]:
    """The seeded access log of a small site, with labelled scans and attacks in its last part.

    ``labelled.log`` and ``labelled.jsonl`` are the part before with scans and attacks of its own, to learn from.

    Raises:
        InputError: there are too few lines a day.
        OutputError: the folder cannot be written.
    """
    log, labelled = simulate_site(seed, days, per_day or DEFAULT_LINES_PER_DAY)
    paths = write_simulation(log, folder, "access.log")
    learnt, labels = write_labelled(labelled, folder, "labelled")
    return [
        f"wrote {paths.log}, and in {paths.labels} which of its lines are odd",
        f"to learn from: {paths.train}; to evaluate: {paths.normal} and {paths.anomalous}",
        f"to learn from with labels: {learnt} and {labels}",
        f"next: oddline train access {paths.train} -o runs/access",
    ]
