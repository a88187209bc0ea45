"""`oddline train`: learn what is normal from a log."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import List, Optional, Tuple

import typer

from edge.commands import options
from edge.errors import escape_control
from export.extra import require_extra
from export.training.detectors import NAMES, PRESET_NAMES, load_detector


def train(
    detector: str = typer.Argument(..., metavar="|".join(NAMES), help="What to train.", show_default=False),
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
    split: Optional[str] = typer.Option(
        None,
        "--split",
        metavar="A,B,C",
        help="Shares of the records, in order of time: to learn, to set the threshold, to test. Default 0.6,0.2,0.2.",
        show_default=False,
    ),
    target_fpr: Optional[float] = typer.Option(
        None,
        "--target-fpr",
        min=1e-6,
        max=0.5,
        help="Share of normal records that may be flagged; 0.001 when not given, 0.022 for flow.",
        show_default=False,
    ),
    alerts_per_day: Optional[float] = typer.Option(
        None, "--alerts-per-day", min=0.0, help="Budget by the day, instead of --target-fpr.", show_default=False
    ),
    vocabulary: Optional[int] = typer.Option(
        None, "--vocabulary", min=200, help="Most tokens that the tokenizer may learn.", show_default=False
    ),
    label_column: Optional[str] = typer.Option(
        None, "--label-column", help="Column of a table, or field of a layout, that holds labels.", show_default=False
    ),
    labels: Optional[str] = typer.Option(
        None,
        "--map",
        metavar="LABEL=0,...",
        help='What labels mean: "Benign=0,DoS*=1,*=drop"; the first pattern that fits counts.',
        show_default=False,
    ),
    label_file: Optional[Path] = typer.Option(
        None, "--labels", metavar="FILE", help="Which lines are anomalous, as simulate writes it.", show_default=False
    ),
    header: Optional[str] = typer.Option(
        None, "--header", metavar="NAME,...", help="Names of the columns, for a table without them.", show_default=False
    ),
    fields: Optional[str] = typer.Option(
        None,
        "--fields",
        metavar="NAME,...",
        help="Parts of a record to look at.",
        show_default=False,
    ),
    session_key: Optional[str] = typer.Option(
        None,
        "--session-key",
        metavar="REGEX",
        help="Lines with the same text in its first group are one session.",
        show_default=False,
    ),
    window: Optional[str] = typer.Option(
        None,
        "--window",
        metavar="LENGTH,STEP",
        help="Sessions of so many events, and how far apart.",
        show_default=False,
    ),
    seconds: Optional[float] = typer.Option(
        None, "--seconds", min=1e-3, help="Sessions of so much time each.", show_default=False
    ),
    dictionary: Optional[Path] = typer.Option(
        None, "--dictionary", metavar="FILE", help="Templates known beforehand, one a line.", show_default=False
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
    options.check_choice(detector, NAMES, "DETECTOR")
    options.check_choice(preset, PRESET_NAMES, "--preset")
    asked = options.resolve_format(line_format, log_format)
    shares = None if split is None else _parse_split(split)
    _check_finite(target_fpr, "--target-fpr")
    _check_finite(alerts_per_day, "--alerts-per-day")
    require_extra()
    from export.training.drift import describe
    from export.training.options import TrainOptions
    from export.training.train import train as train_detector

    folder = options.folder(output)
    report = train_detector(
        load_detector(detector),
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
            label_column=label_column,
            labels=labels,
            label_file=None if label_file is None else str(label_file),
            header=_names(header),
            fields=_names(fields),
            session_key=session_key,
            window=None if window is None else _parse_window(window),
            seconds=seconds,
            dictionary=None if dictionary is None else str(dictionary),
        ),
        say=options.say,
        progress=show_epoch,
    )
    spec = report.spec
    typer.echo(
        f"trained {spec.detector} ({spec.preset}) on {spec.training.records:,} of {report.records:,} records: {folder}"
    )
    chosen = spec.threshold.target_fpr is not None or spec.threshold.alerts_per_day is not None
    typer.echo(
        f"threshold {spec.threshold.value:.4f} ({spec.threshold.method}), "
        f"{'set on' if chosen else 'p-values from'} {spec.threshold.records:,} held-out records"
    )
    for sentence in () if report.drift is None else describe(report.drift):
        typer.echo(escape_control(sentence))
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


def _names(text: Optional[str]) -> Optional[Tuple[str, ...]]:
    return None if text is None else tuple(name.strip() for name in text.split(","))


def _parse_window(text: str) -> Tuple[int, int]:
    try:
        length, step = (int(part) for part in text.split(","))
    except ValueError:
        length = step = 0
    if min(length, step) < 1:
        raise typer.BadParameter(f"{text!r} is not a length and a step, both above 0", param_hint="--window")
    return length, step


def _check_finite(value: Optional[float], hint: str) -> None:
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter(f"{value} is no finite number", param_hint=hint)
