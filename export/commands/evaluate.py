"""`oddline evaluate`: how well a detector tells anomalous lines from normal ones, beside trivial baselines."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List, Optional, Tuple

import typer
from typer.core import TyperCommand

from edge.commands import options
from export.extra import require_extra

SEVERAL = ("--normal", "--anomalous", "--compare")


class EvaluateCommand(TyperCommand):
    """Lets one `--normal` take several paths, as a shell pattern gives them: ``evaluate RUN --normal logs/*.log``.

    Only where the run stands first: behind ``--normal a`` nothing tells the run from one more path.
    """

    def parse_args(self, ctx: Any, args: List[str]) -> List[str]:
        """Parse the command line, after `repeat_options`."""
        return super().parse_args(ctx, repeat_options(args, SEVERAL))


def repeat_options(arguments: List[str], several: Tuple[str, ...]) -> List[str]:
    """``run --normal a b`` as ``run --normal a --normal b``, when the first argument is not an option."""
    if not arguments or arguments[0].startswith("-"):
        return list(arguments)
    repeated: List[str] = []
    current: Optional[str] = None
    for index, argument in enumerate(arguments):
        if argument == "--":
            return repeated + arguments[index:]
        if argument.startswith("-") and argument != "-":
            name = argument.partition("=")[0]
            current = name if name in several else None
        elif current is not None and arguments[index - 1] != current:
            repeated.append(current)
        repeated.append(argument)
    return repeated


def evaluate(
    run_or_bundle: Path = typer.Argument(
        ..., metavar="RUN_OR_BUNDLE", help="Run folder of oddline train, or a bundle's folder.", show_default=False
    ),
    normal: List[str] = typer.Option(
        ..., "--normal", metavar="PATH...", help="Logs of normal lines: files, folders, .gz, -.", show_default=False
    ),
    anomalous: List[str] = typer.Option(
        ..., "--anomalous", metavar="PATH...", help="Logs of lines that should be found.", show_default=False
    ),
    json: Optional[Path] = typer.Option(
        None, "--json", metavar="FILE", help="Write the whole report here.", show_default=False
    ),
    compare: Optional[List[Path]] = typer.Option(
        None, "--compare", metavar="RUN...", help="Further runs or bundles, for the same table.", show_default=False
    ),
    plots: Optional[Path] = typer.Option(
        None, "--plots", metavar="DIR", help="Draw roc.png and scores.png there.", show_default=False
    ),
    line_format: Optional[str] = options.FORMAT,
    log_format: Optional[str] = options.LOG_FORMAT,
    year: Optional[int] = options.YEAR,
    seed: int = typer.Option(0, "--seed", min=0, help="Seed of the confidence intervals."),
) -> None:
    """Measure how well a detector tells anomalous lines from normal ones, beside trivial baselines."""
    asked = options.resolve_format(line_format, log_format)
    require_extra()
    from edge.files.atomic import output_error
    from export.evaluate.report import render, write_report
    from export.evaluate.study import StudyOptions, evaluate_paths

    if json is not None and not json.absolute().parent.is_dir():
        # Said before the minutes that scoring takes, not after them.
        raise output_error(FileNotFoundError(2, "no such folder"), json)
    study = evaluate_paths(
        options.folder(run_or_bundle),
        normal,
        anomalous,
        StudyOptions(
            compare=tuple(options.folder(path) for path in compare or ()),
            format=asked,
            layout=log_format,
            year=year,
            seed=seed,
        ),
        say=options.say,
    )
    typer.echo(render(study.report))
    if json is not None:
        write_report(json, study.report)
    if plots is not None:
        from export.evaluate.plots import draw

        draw(plots, study.scored)
