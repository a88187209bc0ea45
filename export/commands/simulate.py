"""`oddline simulate`: labelled sample logs."""

from __future__ import annotations

from pathlib import Path

import typer

from edge.commands import options
from export.extra import require_python

DETECTOR_NAMES = ("line",)


def simulate(
    detector: str = typer.Argument(
        ..., metavar="|".join(DETECTOR_NAMES), help="Detector that the log is for.", show_default=False
    ),
    output: Path = typer.Option(..., "--output", "-o", metavar="DIR", help="Folder to write.", show_default=False),
    seed: int = typer.Option(0, "--seed", min=0, max=options.LARGEST_SEED, help="Equal seeds give equal logs."),
    days: int = typer.Option(7, "--days", min=1, help="Length of the log."),
    lines_per_day: int = typer.Option(2860, "--lines-per-day", min=200, help="About how many lines a day has."),
) -> None:
    """Write the seeded syslog of a small server, with labelled anomalies in its last part."""
    options.check_choice(detector, DETECTOR_NAMES, "DETECTOR")
    require_python()
    from export.simulate import simulate_syslog, write_simulation

    paths = write_simulation(simulate_syslog(seed, days, lines_per_day), options.folder(output))
    typer.echo(f"wrote {paths.log}, and in {paths.labels} which of its lines are odd")
    typer.echo(f"to learn from: {paths.train}; to evaluate: {paths.normal} and {paths.anomalous}")
    typer.echo(f"next: oddline train {detector} {paths.train} -o runs/demo")
