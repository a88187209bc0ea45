"""`oddline evaluate`: how well a detector tells anomalous lines from normal ones, beside trivial baselines."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List, Optional, Sequence, Tuple

import typer
from typer.core import TyperCommand

from edge.commands import options
from export.extra import require_extra

SEVERAL = ("--normal", "--anomalous", "--labelled", "--compare")


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
    normal: Optional[List[str]] = typer.Option(
        None, "--normal", metavar="PATH...", help="Logs of normal lines: files, folders, .gz, -.", show_default=False
    ),
    anomalous: Optional[List[str]] = typer.Option(
        None, "--anomalous", metavar="PATH...", help="Logs of lines that should be found.", show_default=False
    ),
    labelled: Optional[List[str]] = typer.Option(
        None,
        "--labelled",
        metavar="PATH...",
        help="Logs whose lines are labelled, in place of both.",
        show_default=False,
    ),
    label_column: Optional[str] = typer.Option(
        None,
        "--label-column",
        metavar="NAME",
        help="Where the labels stand: a table's column, a layout's field, a key of JSON lines.",
        show_default=False,
    ),
    label_map: Optional[str] = typer.Option(
        None,
        "--map",
        metavar="RULES",
        help='What labels mean, such as "Benign=0,DoS*=1,*=drop"; the first pattern that fits counts.',
        show_default=False,
    ),
    labels: Optional[Path] = typer.Option(
        None, "--labels", metavar="FILE", help="The labels.jsonl of a simulated log.", show_default=False
    ),
    base_rate: Optional[float] = typer.Option(
        None,
        "--base-rate",
        metavar="SHARE",
        help="Share of anomalous records in real life, for which precision and F1 are given too.",
        show_default=False,
    ),
    output: Optional[Path] = typer.Option(
        None, "--output", metavar="DIR", help="Write metrics.json, report.html and pictures there.", show_default=False
    ),
    json: Optional[Path] = typer.Option(
        None, "--json", metavar="FILE", help="Write only the figures here, as metrics.json.", show_default=False
    ),
    compare: Optional[List[Path]] = typer.Option(
        None, "--compare", metavar="RUN...", help="Further runs or bundles, for the same table.", show_default=False
    ),
    plots: Optional[Path] = typer.Option(
        None, "--plots", metavar="DIR", help="Write only the pictures there.", show_default=False
    ),
    line_format: Optional[str] = options.FORMAT,
    log_format: Optional[str] = options.LOG_FORMAT,
    year: Optional[int] = options.YEAR,
    seed: int = typer.Option(0, "--seed", min=0, help="Seed of the confidence intervals."),
) -> None:
    """Measure how well a detector tells anomalous records from normal ones, beside trivial baselines.

    Without logs, a run is evaluated on the records that it kept for tests.
    """
    asked = options.resolve_format(line_format, log_format)
    _check(normal or (), anomalous or (), labelled or (), label_column, label_map, labels)
    if base_rate is not None and not 0 < base_rate < 1:
        raise typer.BadParameter("a share is between 0 and 1", param_hint="--base-rate")
    require_extra()
    from edge.files.atomic import output_error
    from export.evaluate.report import write_report
    from export.evaluate.study import StudyOptions, Wanted, evaluate_paths
    from export.evaluate.terminal import render
    from export.labelled import Labelling
    from export.labels import LabelMap

    if json is not None and not json.absolute().parent.is_dir():
        # Said before the minutes that scoring takes, not after them.
        raise output_error(FileNotFoundError(2, "no such folder"), json)
    rules = LabelMap() if label_map is None else LabelMap.parse(label_map)
    wanted = Wanted(normal or (), anomalous or (), labelled or (), Labelling(label_column, rules, labels, log_format))
    if output is not None or plots is not None:
        from export.evaluate.plots import make_folder

        for folder in filter(None, (output, plots)):
            make_folder(folder)
    study = evaluate_paths(
        options.folder(run_or_bundle),
        wanted,
        StudyOptions(
            compare=tuple(options.folder(path) for path in compare or ()),
            format=asked,
            layout=log_format,
            year=year,
            seed=seed,
            base_rate=base_rate,
        ),
        say=options.say,
    )
    typer.echo(render(study.report))
    if json is not None:
        write_report(json, study.report)
    if plots is None and output is None:
        return
    from export.evaluate.output import PAGE_NAME, write_study
    from export.evaluate.plots import pictures, write_pictures

    drawn = pictures(study)
    if plots is not None:
        write_pictures(plots, drawn)
    if output is not None:
        write_study(output, study, drawn)
        typer.echo(f"report: {output / PAGE_NAME}")


def _check(
    normal: Sequence[str],
    anomalous: Sequence[str],
    labelled: Sequence[str],
    label_column: Optional[str],
    label_map: Optional[str],
    labels: Optional[Path],
) -> None:
    """Refuse options that do not go together (exit status 2)."""
    if labelled and (normal or anomalous):
        raise typer.BadParameter("labelled logs take the place of normal and anomalous ones", param_hint="--labelled")
    if bool(normal) != bool(anomalous):
        raise typer.BadParameter("both are needed, or neither", param_hint="--normal, --anomalous")
    if labelled and (label_column is None) == (labels is None):
        raise typer.BadParameter("give either --label-column or --labels with it", param_hint="--labelled")
    if not labelled and not (label_column is None and labels is None):
        raise typer.BadParameter("belongs to --labelled", param_hint="--label-column, --labels")
    if label_map is not None and label_column is None:
        raise typer.BadParameter("belongs to --label-column", param_hint="--map")
