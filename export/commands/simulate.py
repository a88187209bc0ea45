"""`oddline simulate`: labelled sample logs."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Optional

import typer

from edge.commands import options
from export.extra import require_python

WRITERS = {
    "line": "export.simulate.samples",
    "flow": "export.simulate.flow.samples",
    "sequence": "export.simulate.sequence.samples",
    "access": "export.simulate.access.samples",
}
"""Modules with a function ``write(folder, *, seed, days, per_day)`` that writes the sample and returns what to say of
it, a line each; `per_day` is None where the user did not ask for a number of records."""

DETECTOR_NAMES = tuple(WRITERS)


def simulate(
    detector: str = typer.Argument(
        ..., metavar="|".join(DETECTOR_NAMES), help="Detector that the log is for.", show_default=False
    ),
    output: Path = typer.Option(..., "--output", "-o", metavar="DIR", help="Folder to write.", show_default=False),
    seed: int = typer.Option(0, "--seed", min=0, max=options.LARGEST_SEED, help="Equal seeds give equal logs."),
    days: int = typer.Option(7, "--days", min=1, help="Length of the log."),
    lines_per_day: Optional[int] = typer.Option(
        None,
        "--lines-per-day",
        min=200,
        help="About how many lines a day has; each detector's log has its own number when not given.",
        show_default=False,
    ),
) -> None:
    """Write a seeded sample log for a detector, with labelled anomalies."""
    options.check_choice(detector, DETECTOR_NAMES, "DETECTOR")
    require_python()
    for line in import_module(WRITERS[detector]).write(
        options.folder(output), seed=seed, days=days, per_day=lines_per_day
    ):
        typer.echo(line)
