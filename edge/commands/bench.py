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

    from edge.bench.run import BenchOptions
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
_DEFAULT_SECONDS = 3.0
_SECONDS = typer.Option(
    None,
    "--seconds",
    min=0.01,
    max=3600.0,
    help=f"Time for each scenario; {_DEFAULT_SECONDS:g} when not given.",
    show_default=False,
)
_DEFAULT_MIN_QUERIES = 1000
_MIN_QUERIES = typer.Option(
    None,
    "--min-queries",
    min=1,
    help=f"Least queries of the streams, in at most ten times --seconds; {_DEFAULT_MIN_QUERIES} when not given.",
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
    seconds: Optional[float] = _SECONDS,
    min_queries: Optional[int] = _MIN_QUERIES,
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
    others = {"--scenario": scenario, "--soak": soak, "--min-queries": min_queries}
    if compare:
        files = {"BUNDLE": bundle, "--json": json_file}
        options.alone("--compare", {**files, "--providers": providers, "--seconds": seconds, **single, **others})
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
        options.alone("--providers", {**single, **others})
        names = [options.check_choice(name, ("all", *PROVIDERS), "--providers") for name in providers.split(",")]
        _recommended(bundle, paths or [], names, seconds or _DEFAULT_SECONDS, json_file)
        return
    from edge.bench.run import SCENARIOS, BenchOptions

    asked = scenario or ([] if soak else ["all"])
    wanted = BenchOptions(
        scenarios=[name for name in SCENARIOS if name in asked or "all" in asked],
        seconds=seconds or _DEFAULT_SECONDS,
        min_queries=min_queries or _DEFAULT_MIN_QUERIES,
        soak_minutes=soak or 0.0,
    )
    _measured(bundle, paths or [], wanted, json_file, provider or "auto", batch_size, threads)


def _measured(
    bundle: Path,
    paths: Sequence[str],
    wanted: BenchOptions,
    json_file: Optional[Path],
    provider: str,
    batch_size: Optional[int],
    threads: Optional[int],
) -> None:
    from edge.bench.conditions import here
    from edge.bench.plot import can_show
    from edge.bench.report import library_versions, machine_facts
    from edge.bench.run import Opened, opener, run_bench
    from edge.bench.sample import golden_sample, read_sample
    from edge.bench.stopwatch import Stopwatch
    from edge.bench.tables import report_sections
    from edge.bundle.folder import load_bundle
    from edge.commands.choosing import Chosen, choose, open_chosen
    from edge.doctor.machine import read_machine
    from edge.recommendation import gpu_names

    loaded = load_bundle(options.folder(bundle))
    sample = read_sample(paths, warn=options.say) if paths else golden_sample(loaded)
    machine, gpus = read_machine(), gpu_names()
    # Measured is what score would do.
    chosen = choose(loaded, provider, batch_size, threads, say=options.say, machine=lambda: machine, gpus=lambda: gpus)

    def open_detector(watch: Stopwatch) -> Opened:
        def opened(one: Chosen) -> Opened:
            return opener(
                loaded,
                say=options.say,
                provider=one.provider,
                threads=one.threads,
                batch_size=one.batch_size,
                may_fall_back=one.recommendation is not None,
            )(watch)

        return open_chosen(opened, chosen, say=options.say)

    with _Json(json_file) as file:
        report = run_bench(
            loaded,
            sample,
            wanted,
            open_detector,
            machine=machine_facts(machine, gpus, library_versions()),
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
    from edge.bench.report import library_versions
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
            libraries=library_versions(),
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


def _show(sections: Sequence[Section]) -> None:
    from edge.errors import escape_control

    for head, rows, right in sections:
        typer.echo(head)
        for line in align([[escape_control(cell) for cell in row] for row in rows], right=right, indent="  "):
            typer.echo(line)
