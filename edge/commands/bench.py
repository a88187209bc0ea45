"""`oddline bench`: how fast a bundle scores on this machine."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, List, Optional, Sequence, Tuple

import typer

from edge.commands import options
from edge.commands.table import align

if TYPE_CHECKING:
    import msgspec

    from edge.bench.tables import Section

EXIT_INTERRUPTED = 130
_SCENARIOS = ("single-stream", "multi-stream", "offline", "end-to-end", "all")
_BUNDLE = typer.Argument(
    None, metavar="[BUNDLE]", help="Folder of the bundle; none with --compare.", show_default=False
)
_PATHS = typer.Argument(
    None,
    metavar="[PATH...]",
    help="Logs to measure with (files, folders, .gz, -); the bundle's own golden lines when none are given.",
    show_default=False,
)
_SCENARIO = typer.Option(
    None,
    "--scenario",
    metavar="|".join(_SCENARIOS),
    help="What to measure; may be given several times. Default: all.",
    show_default=False,
)
_JSON = typer.Option(None, "--json", metavar="FILE", help="Write the results here, as JSON, too.", show_default=False)
_COMPARE: Any = typer.Option(
    None, "--compare", metavar="A.json B.json", help="Compare two results of --json.", show_default=False
)
_SOAK = typer.Option(
    None,
    "--soak",
    metavar="MINUTES",
    min=0.01,
    max=100_000.0,
    help="Run end-to-end over and over, and watch memory, temperature and throughput. Ctrl-C ends it.",
    show_default=False,
)
_PROVIDERS = typer.Option(
    None,
    "--providers",
    metavar="all|NAME,NAME...",
    help="Measure these providers at several batch sizes and threads, and record which is best for score.",
    show_default=False,
)


def bench(
    bundle: Optional[Path] = _BUNDLE,
    paths: Optional[List[str]] = _PATHS,
    scenario: Optional[List[str]] = _SCENARIO,
    seconds: float = typer.Option(3.0, "--seconds", min=0.01, max=3600.0, help="Time for each scenario."),
    min_queries: int = typer.Option(
        1000, "--min-queries", min=1, help="Least queries of the streams, in at most ten times --seconds."
    ),
    json_file: Optional[Path] = _JSON,
    provider: Optional[str] = typer.Option(
        None,
        "--provider",
        metavar="auto|tensorrt|cuda|cpu",
        help="Where the model runs; auto, the best there is, when not given.",
        show_default=False,
    ),
    threads: Optional[int] = options.ASKED_THREADS,
    batch_size: Optional[int] = options.ASKED_BATCH_SIZE,
    soak: Optional[float] = _SOAK,
    providers: Optional[str] = _PROVIDERS,
    compare: Optional[Tuple[Path, Path]] = _COMPARE,
    force: bool = typer.Option(False, "--force", help="With --compare: also compare what was measured differently."),
) -> None:
    """Measure latency and throughput, and say where the time goes."""
    from edge.runtime.session import PROVIDER_CHOICES, PROVIDERS

    single = {"--provider": provider, "--threads": threads, "--batch-size": batch_size}
    others = {"--scenario": scenario, "--soak": soak}
    if compare:
        _alone("--compare", {"BUNDLE": bundle, "--json": json_file, "--providers": providers, **single, **others})
        _show(_compared(*compare, force=force))
        return
    if force:
        raise typer.BadParameter("goes with --compare", param_hint="--force")
    if bundle is None:
        raise typer.BadParameter("a folder of a bundle is needed, or --compare A.json B.json", param_hint="BUNDLE")
    for name in scenario or []:
        options.check_choice(name, _SCENARIOS, "--scenario")
    if provider is not None:
        options.check_choice(provider, PROVIDER_CHOICES, "--provider")
    if providers is not None:
        _alone("--providers", {**single, **others})
        names = [options.check_choice(name, ("all", *PROVIDERS), "--providers") for name in providers.split(",")]
        _recommended(bundle, paths or [], names, seconds, json_file)
        return
    asked = scenario or ([] if soak else ["all"])
    _measured(bundle, paths or [], asked, seconds, min_queries, json_file, provider, threads, batch_size, soak)


def _measured(
    bundle: Path,
    paths: Sequence[str],
    scenarios: Sequence[str],
    seconds: float,
    min_queries: int,
    json_file: Optional[Path],
    provider: Optional[str],
    threads: Optional[int],
    batch_size: Optional[int],
    soak: Optional[float],
) -> None:
    from edge.bench.conditions import here
    from edge.bench.plot import can_show
    from edge.bench.report import machine_facts
    from edge.bench.run import SCENARIOS, BenchOptions, run_bench
    from edge.bench.sample import golden_sample, read_sample
    from edge.bench.tables import report_sections
    from edge.bundle.folder import load_bundle
    from edge.doctor.machine import read_machine
    from edge.recommendation import gpu_names
    from edge.runtime.session import DEFAULT_BATCH_ROWS

    wanted = BenchOptions(
        scenarios=[name for name in SCENARIOS if name in scenarios or "all" in scenarios],
        provider=provider or "auto",
        threads=threads or 0,
        batch_size=batch_size or DEFAULT_BATCH_ROWS,
        seconds=seconds,
        min_queries=min_queries,
        soak_minutes=soak or 0.0,
    )
    loaded = load_bundle(options.folder(bundle))
    sample = read_sample(paths, warn=options.say) if paths else golden_sample(loaded)
    with _Json(json_file) as file:
        report = run_bench(
            loaded,
            sample,
            wanted,
            machine=machine_facts(read_machine(), gpu_names()),
            instruments=here(),
            say=options.say,
        )
        file.write(report)
    _show(report_sections(report, unicode=can_show(sys.stdout.encoding or "ascii")))
    if report.soak is not None and report.soak.interrupted:
        raise typer.Exit(EXIT_INTERRUPTED)


def _recommended(
    bundle: Path, paths: Sequence[str], names: Sequence[str], seconds: float, json_file: Optional[Path]
) -> None:
    from edge.bench.conditions import here
    from edge.bench.plot import can_show
    from edge.bench.providers_report import providers_sections
    from edge.bench.recommend import recommend
    from edge.bench.sample import golden_sample, read_sample
    from edge.bundle.folder import load_bundle
    from edge.doctor.machine import read_machine
    from edge.recommendation import gpu_names

    loaded = load_bundle(options.folder(bundle))
    sample = read_sample(paths, warn=options.say) if paths else golden_sample(loaded)
    with _Json(json_file) as file:
        report = recommend(
            loaded,
            sample,
            names,
            seconds=seconds,
            machine=read_machine(),
            gpus=gpu_names(),
            instruments=here(),
            say=options.say,
        )
        file.write(report)
    _show(providers_sections(report, unicode=can_show(sys.stdout.encoding or "ascii")))


def _compared(first: Path, second: Path, *, force: bool) -> List[Section]:
    from edge.bench.compare import comparison_sections, refuse_unlike
    from edge.bench.report import read_report

    before, after = read_report(first), read_report(second)
    if not force:
        refuse_unlike(before, after, f"{first} and {second}")
    return comparison_sections(before, after)


class _Json:
    """The file of the results, opened first: nobody should wait to learn that they have nowhere to go."""

    def __init__(self, path: Optional[Path]) -> None:
        self._path = path
        self._stack = ExitStack()

    def __enter__(self) -> _Json:
        from edge.files.atomic import AtomicFile

        self._file = None if self._path is None else self._stack.enter_context(AtomicFile(self._path))
        return self

    def __exit__(self, *what: Any) -> None:
        self._stack.__exit__(*what)

    def write(self, report: msgspec.Struct) -> None:
        from edge.bench.report import encode_report

        if self._file is not None:
            self._file.write(encode_report(report))


def _alone(option: str, others: Any) -> None:
    for name, value in others.items():
        if value:
            raise typer.BadParameter(f"does not go with {option}", param_hint=name)


def _show(sections: Sequence[Section]) -> None:
    from edge.errors import escape_control

    for head, rows, right in sections:
        typer.echo(head)
        for line in align([[escape_control(cell) for cell in row] for row in rows], right=right, indent="  "):
            typer.echo(line)
