"""`oddline export`: make the bundle that is carried to the device."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import typer

from edge.bundle.caps import TARGETS
from edge.bundle.manifest import PRECISIONS
from edge.commands import options
from export.extra import require_extra


def export(
    run: Path = typer.Argument(..., metavar="RUN", help="Run folder that oddline train wrote.", show_default=False),
    output: Path = typer.Option(..., "--output", "-o", metavar="BUNDLE", help="Bundle to write.", show_default=False),
    target: str = typer.Option("xavier-jp5", "--target", metavar="|".join(TARGETS), help="What it has to run on."),
    precision: str = typer.Option("fp32", "--precision", metavar="|".join(PRECISIONS), help="Of the model's layers."),
    max_flips: Optional[float] = typer.Option(
        None,
        "--max-flips",
        min=0.0,
        max=1.0,
        metavar="SHARE",
        help="Share of verdicts that may change with the precision, where the usual limit is too strict.",
        show_default=False,
    ),
    fold: bool = typer.Option(
        True, "--fold/--no-fold", help="Fold an embedding into the convolution behind it, where that is smaller."
    ),
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
    from export.parity.limits import limits_for

    usual = limits_for(precision).flips
    if max_flips is not None and max_flips < usual:
        raise typer.BadParameter(
            f"{max_flips:g} is below the limit of {precision}, {usual:g}", param_hint="--max-flips"
        )
    from export.bundling import ExportOptions, export_bundle
    from export.run import open_run

    folder = options.folder(output)
    opened = open_run(options.folder(run))
    asked = ExportOptions(
        name=name or folder.resolve().name,
        target=target,
        licence=licence,
        precision=precision,
        max_flips=max_flips,
        fold=fold,
    )
    manifest = export_bundle(opened, folder, asked, say=options.say)
    size = sum(entry.size for entry in manifest.files)
    typer.echo(
        f"bundle {folder}: {manifest.detector} ({manifest.preset}) for {manifest.target}, {manifest.precision}, "
        f"opset {manifest.graph.opset}, {size / 1e6:.2f} MB"
    )
    for folded in manifest.conversion.folded:
        typer.echo(f"folded: {folded}")
    typer.echo(
        f"parity on {manifest.parity.records:,} held-out records and {manifest.parity.altered:,} altered copies:"
    )
    for step in manifest.parity.steps:
        typer.echo(
            f"  {step.reference} with {step.compared}: largest relative difference {step.max_relative_difference:.1e}, "
            f"{step.flipped_verdicts} verdicts flipped ({step.flipped_records} of records), "
            f"AUROC changed by {step.auroc_change:+.5f}"
        )
    typer.echo("its self-test (golden.jsonl) holds some lines of the log: share it with whom you would share those")
    typer.echo(f"next: oddline verify {folder}")
