"""The workstation's part of the command `oddline`, plugged in by the entry-point group `oddline.commands`.

Importable everywhere, also on Python 3.8 and without TensorFlow: each command asks for its packages when it runs.
"""

from __future__ import annotations

import typer

from export.commands import demo, evaluate, export, simulate, train


def register(app: typer.Typer) -> None:
    """Add the workstation's commands to the app."""
    app.command("simulate")(simulate.simulate)
    app.command("train")(train.train)
    app.command("evaluate", cls=evaluate.EvaluateCommand)(evaluate.evaluate)
    app.command("export")(export.export)
    app.command("demo")(demo.demo)
