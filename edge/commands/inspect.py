"""`oddline inspect`: what is inside of a bundle."""

from __future__ import annotations

from pathlib import Path

import typer

from edge.commands import options
from edge.commands.table import align


def inspect(
    bundle: Path = options.BUNDLE,
    as_json: bool = typer.Option(False, "--json", help="Print the manifest and the model's facts as JSON."),
) -> None:
    """Show what a bundle is, how it was made and what it expects."""
    from edge.bundle.describe import facts, sections
    from edge.bundle.folder import load_bundle
    from edge.commands.show import show_json

    loaded = load_bundle(options.folder(bundle))
    if as_json:
        show_json(facts(loaded))
        return
    for head, rows in sections(loaded):
        typer.echo(head)
        for line in align(rows, right=(1,) if head == "files" else (), indent="  "):
            typer.echo(line)
