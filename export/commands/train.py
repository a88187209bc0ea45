"""`oddline train`: learn what is normal from a log."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import List, Optional

import typer

from edge.commands import options
from export.extra import require_extra

PRESET_NAMES = ("default", "seed")
DETECTOR_NAMES = ("line",)


def train(
    detector: str = typer.Argument(..., metavar="|".join(DETECTOR_NAMES), help="What to train.", show_default=False),
    paths: List[str] = typer.Argument(
        ..., metavar="PATH...", help="Logs of a time when things were fine: files, folders, .gz.", show_default=False
    ),
    output: Path = typer.Option(..., "--output", "-o", metavar="RUN", help="Run folder to write.", show_default=False),
    preset: str = typer.Option(
        "default", "--preset", metavar="|".join(PRESET_NAMES), help="seed is the published model, kept for comparison."
    ),
    line_format: Optional[str] = options.FORMAT,
    log_format: Optional[str] = options.LOG_FORMAT,
    year: Optional[int] = options.YEAR,
    split: str = typer.Option(
        "0.6,0.2,0.2", "--split", help="Shares of the log, in order of time: to learn, to set the threshold, to test."
    ),
    target_fpr: float = typer.Option(
        0.001, "--target-fpr", min=1e-6, max=0.5, help="Share of normal lines that may be flagged."
    ),
    alerts_per_day: Optional[float] = typer.Option(
        None, "--alerts-per-day", min=0.0, help="Budget by the day, instead of --target-fpr.", show_default=False
    ),
    vocabulary: Optional[int] = typer.Option(
        None, "--vocabulary", min=200, help="Most tokens that the tokenizer may learn.", show_default=False
    ),
    epochs: Optional[int] = typer.Option(
        None,
        "--epochs",
        min=1,
        help="Epochs of training; one of default is 100 steps, one of seed a pass.",
        show_default=False,
    ),
    seed: int = typer.Option(
        0, "--seed", min=0, max=options.LARGEST_SEED, help="Seed of everything random; equal seeds give equal runs."
    ),
) -> None:
    """Learn what is normal from a log, and set the threshold on a later part of it."""
    options.check_choice(detector, DETECTOR_NAMES, "DETECTOR")
    options.check_choice(preset, PRESET_NAMES, "--preset")
    asked = options.resolve_format(line_format, log_format)
    shares = _parse_split(split)
    _check_finite(target_fpr, "--target-fpr")
    _check_finite(alerts_per_day, "--alerts-per-day")
    require_extra()
    from export.line.train import TrainOptions, train_line

    folder = options.folder(output)
    report = train_line(
        paths,
        folder,
        TrainOptions(
            preset=preset,
            format=asked,
            layout=log_format,
            year=year,
            shares=shares,
            target_fpr=target_fpr,
            alerts_per_day=alerts_per_day,
            vocabulary=vocabulary,
            epochs=epochs,
            seed=seed,
        ),
        say=options.say,
        progress=show_epoch,
    )
    spec = report.spec
    typer.echo(
        f"trained {spec.detector} ({spec.preset}) on {spec.training.records:,} of {report.lines:,} lines: {folder}"
    )
    typer.echo(
        f"threshold {spec.threshold.value:.4f} ({spec.threshold.method}), set on {spec.threshold.records:,} later lines"
    )
    if report.flagged_in_test is not None and report.known_in_test is not None:
        typer.echo(
            f"of the last {spec.training.test_records:,} lines, {report.known_in_test:.1%} stood in the training part "
            f"too, and {report.flagged_in_test:.3%} are flagged"
        )
    if report.drifted:
        typer.echo(
            f"that is {report.times_the_budget:,.0f} times what the threshold is for: the end of the log is unlike "
            "what came before. Look at what is flagged; if it is fine, train with it"
        )
    typer.echo(f"next: oddline export {folder} -o BUNDLE")


def show_epoch(epoch: int, epochs: int, loss: float) -> None:
    """One line that is written over on a terminal, every tenth one elsewhere."""
    if options.is_terminal(sys.stderr):
        end = "\n" if epoch == epochs else ""
        sys.stderr.write(f"\rtraining: epoch {epoch} of {epochs}, loss {loss:.4g}   {end}")
        sys.stderr.flush()
    elif epoch == epochs or epoch % max(1, epochs // 10) == 0:
        options.say(f"training: epoch {epoch} of {epochs}, loss {loss:.4g}")


def _parse_split(text: str) -> tuple[float, float, float]:
    try:
        shares = tuple(float(part) for part in text.split(","))
    except ValueError:
        shares = ()
    if len(shares) != 3 or min(shares, default=-1) < 0 or min(shares[:2]) <= 0 or not abs(sum(shares) - 1) <= 1e-6:
        raise typer.BadParameter(
            f"{text!r} is not three shares that add up to 1 (the first two above 0)", param_hint="--split"
        )
    return shares[0], shares[1], shares[2]


def _check_finite(value: Optional[float], hint: str) -> None:
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter(f"{value} is no finite number", param_hint=hint)
