"""`oddline demo`: see the whole of it in about two minutes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import List, Optional

import typer

from edge.commands import options
from export.demo.plans import DETECTORS, PLANS
from export.extra import require_extra


def demo(
    output: Path = typer.Option(Path("demo"), "--output", "-o", metavar="DIR", help="Folder for all that it makes."),
    detector: Optional[List[str]] = typer.Option(
        None,
        "--detector",
        metavar=DETECTORS,
        help="Show this one only; may be given several times.",
        show_default=False,
    ),
    seed: int = typer.Option(
        0, "--seed", min=0, max=options.LARGEST_SEED, help="Seed of the simulated logs and of the trainings."
    ),
) -> None:
    """Simulate logs, train on them, export, verify, score, evaluate and bench; needs no data and no network."""
    wanted = [options.check_choice(name, PLANS, "--detector") for name in dict.fromkeys(detector or PLANS)]
    require_extra()
    from export.commands.train import show_epoch
    from export.demo.steps import run_demo
    from export.demo.summary import summarise

    plans = [PLANS[name] for name in wanted]
    outcomes = run_demo(options.folder(output), plans, seed=seed, say=options.say, progress=show_epoch)
    for line in summarise(outcomes, colour=options.is_terminal(sys.stdout)):
        typer.echo(line)
