"""`oddline export`: make the bundle that is carried to the device."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import typer

from edge.bundle.caps import TARGETS
from edge.commands import options
from export.extra import require_extra

PRECISIONS = ("fp32",)


def export(
    run: Path = typer.Argument(..., metavar="RUN", help="Run folder that oddline train wrote.", show_default=False),
    output: Path = typer.Option(..., "--output", "-o", metavar="BUNDLE", help="Bundle to write.", show_default=False),
    target: str = typer.Option("xavier-jp5", "--target", metavar="|".join(TARGETS), help="What it has to run on."),
    precision: str = typer.Option("fp32", "--precision", metavar="|".join(PRECISIONS), help="Of the weights."),
    name: Optional[str] = typer.Option(
        None, "--name", help="Name in the manifest; the bundle folder's when not given.", show_default=False
    ),
    licence: str = typer.Option(
        "unspecified", "--licence", help="Terms of the model, as your own log's owner wants them stated."
    ),
) -> None:
    """Convert a run to ONNX, check the target's caps, prove parity with Keras, write the bundle."""
    options.check_choice(target, TARGETS, "--target")
    options.check_choice(precision, PRECISIONS, "--precision")
    require_extra()
    from export.bundling import ExportOptions, export_bundle
    from export.run import open_run

    folder = options.folder(output)
    opened = open_run(options.folder(run))
    asked = ExportOptions(name=name or folder.resolve().name, target=target, licence=licence)
    manifest = export_bundle(opened, folder, asked, say=options.say)
    size = sum(entry.size for entry in manifest.files)
    (parity,) = manifest.parity.steps
    typer.echo(
        f"bundle {folder}: {manifest.detector} ({manifest.preset}) for {manifest.target}, "
        f"opset {manifest.graph.opset}, {size / 1e6:.2f} MB"
    )
    typer.echo(
        f"parity with Keras on {manifest.parity.records:,} held-out lines: largest relative difference "
        f"{parity.max_relative_difference:.1e}, {parity.flipped_verdicts} verdicts flipped"
    )
    typer.echo("its self-test (golden.jsonl) holds some lines of the log: share it with whom you would share those")
    typer.echo(f"next: oddline verify {folder}")
