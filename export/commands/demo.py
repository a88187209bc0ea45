"""`oddline demo`: see the whole of it in about two minutes."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from edge.commands import options
from export.extra import require_extra


def demo(
    output: Path = typer.Option(Path("demo"), "--output", "-o", metavar="DIR", help="Folder for all that it makes."),
    seed: int = typer.Option(
        0, "--seed", min=0, max=options.LARGEST_SEED, help="Seed of the simulated log and of the training."
    ),
) -> None:
    """Simulate a log, train on it, export, verify, score, evaluate and bench; needs no data and no network."""
    require_extra()
    from export.commands.train import show_epoch
    from export.demo.steps import run_demo
    from export.demo.summary import summarise

    outcome = run_demo(options.folder(output), seed=seed, say=options.say, progress=show_epoch)
    for line in summarise(outcome, colour=options.is_terminal(sys.stdout)):
        typer.echo(line)
