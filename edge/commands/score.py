"""`oddline score`: read logs, say which lines are odd."""

from __future__ import annotations

import math
import sys
import time
from pathlib import Path
from typing import List, Optional

import typer

from edge.commands import options
from edge.commands.progress import Progress
from edge.sinks.render import OUTPUT_FORMATS

EXIT_FLAGGED = 3
EXIT_INTERRUPTED = 130


def score(
    bundle: Path = options.BUNDLE,
    paths: List[str] = typer.Argument(
        ..., metavar="PATH...", help="Files, folders, .gz, or - for the standard input.", show_default=False
    ),
    output: Optional[Path] = typer.Option(
        None, "--output", "-o", metavar="FILE", help="Write here instead of to the standard output.", show_default=False
    ),
    output_format: Optional[str] = typer.Option(
        None,
        "--output-format",
        metavar="|".join(OUTPUT_FORMATS),
        help="Default: text on a terminal, jsonl otherwise.",
        show_default=False,
    ),
    everything: bool = typer.Option(False, "--all", help="Every line, not only the anomalous ones."),
    threshold: Optional[float] = typer.Option(
        None, "--threshold", help="Score from which a line is anomalous, instead of the bundle's.", show_default=False
    ),
    fail_on_anomaly: bool = typer.Option(
        False, "--fail-on-anomaly", help=f"Exit with status {EXIT_FLAGGED} when a line was flagged."
    ),
    log_format: Optional[str] = options.LOG_FORMAT,
    line_format: Optional[str] = options.FORMAT,
    year: Optional[int] = options.YEAR,
    provider: str = options.PROVIDER,
    threads: Optional[int] = options.ASKED_THREADS,
    batch_size: Optional[int] = options.ASKED_BATCH_SIZE,
    max_line_bytes: int = typer.Option(
        1 << 20, "--max-line-bytes", min=64, help="Longer lines are cut here, scored and counted."
    ),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Say nothing but errors and results."),
) -> None:
    """Score log files, folders or the standard input; one record for each anomalous line."""
    from edge.bundle.folder import load_bundle
    from edge.commands.choosing import Chosen, choose, open_chosen
    from edge.engines.alive import on_stderr, silent
    from edge.engines.reach import engines_of
    from edge.files.paths import check_apart, expand_paths
    from edge.reading import sessions_of
    from edge.runtime.detector import Detector
    from edge.runtime.pipeline import FormatChoice
    from edge.runtime.scoring import ScoreRun
    from edge.runtime.session import PROVIDER_CHOICES
    from edge.sinks.output import Interrupted, open_output
    from edge.sinks.render import make_renderer

    asked = options.resolve_format(line_format, log_format)
    options.check_choice(provider, PROVIDER_CHOICES, "--provider")
    to_terminal = output is None and options.is_terminal(sys.stdout)
    rendering = output_format or ("text" if to_terminal else "jsonl")
    options.check_choice(rendering, OUTPUT_FORMATS, "--output-format")
    if threshold is not None and not math.isfinite(threshold):
        raise typer.BadParameter(f"{threshold} is not a finite number", param_hint="--threshold")
    say = (lambda _: None) if quiet else options.say

    loaded = load_bundle(options.folder(bundle))
    preprocessing = loaded.manifest.preprocessing
    sources = expand_paths(paths, warn=options.say)
    check_apart(sources, output)

    def open_detector(chosen: Chosen) -> Detector:
        return Detector(
            loaded,
            provider=chosen.provider,
            threads=chosen.threads,
            batch_rows=chosen.batch_size,
            threshold=threshold,
            say=say,
            engines=engines_of(loaded, say=say, alive=silent if quiet else on_stderr),
            may_fall_back=chosen.recommendation is not None,
        )

    chosen = choose(loaded, provider, batch_size, threads, say=say)
    detector = open_chosen(open_detector, chosen, say=say)
    run = ScoreRun(
        detector,
        FormatChoice(preprocessing.format, asked, log_format, year, sessions_of(preprocessing, loaded.read)),
        make_renderer(rendering, terminal=to_terminal),
        everything=everything,
        max_line_bytes=max_line_bytes,
        say=say,
        complain=options.say,
        progress=Progress(sources, enabled=not quiet and options.is_terminal(sys.stderr) and not to_terminal),
    )
    started = time.perf_counter()
    interrupted = False
    try:
        with open_output(output, say=options.say) as out:
            run.all(sources, out)
    except Interrupted:
        interrupted = True
    finally:
        run.progress.close()
    say(run.summary(time.perf_counter() - started))
    if not run.fits:
        say("most records are not in the format that they were read in: is it the right bundle for this log?")
    if interrupted:
        raise typer.Exit(EXIT_INTERRUPTED)
    if run.failed:
        raise typer.Exit(1)
    if fail_on_anomaly and run.totals.anomalous:
        raise typer.Exit(EXIT_FLAGGED)
