"""`oddline bench`: how fast a bundle scores on this machine."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import List, Optional

import typer

from edge.commands import options
from edge.commands.table import align

_SCENARIOS = ("single-stream", "multi-stream", "offline", "end-to-end", "all")
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
    help="What to measure; may be given several times. Default: all but multi-stream.",
    show_default=False,
)
_JSON = typer.Option(None, "--json", metavar="FILE", help="Write the results here, as JSON, too.", show_default=False)


def bench(
    bundle: Path = options.BUNDLE,
    paths: Optional[List[str]] = _PATHS,
    scenario: Optional[List[str]] = _SCENARIO,
    seconds: float = typer.Option(3.0, "--seconds", min=0.01, max=3600.0, help="Time for each scenario."),
    json_file: Optional[Path] = _JSON,
    provider: str = options.PROVIDER,
    threads: int = options.THREADS,
    batch_size: int = options.BATCH_SIZE,
) -> None:
    """Measure latency and throughput, and say where the time goes."""
    import msgspec

    from edge.bench.report import report_sections
    from edge.bench.run import DEFAULT_SCENARIOS, SCENARIOS, run_bench
    from edge.bench.sample import golden_sample, read_sample
    from edge.bundle.folder import load_bundle
    from edge.doctor.machine import read_machine
    from edge.errors import escape_control
    from edge.files.atomic import AtomicFile
    from edge.runtime.session import PROVIDER_CHOICES

    options.check_choice(provider, PROVIDER_CHOICES, "--provider")
    asked = [options.check_choice(name, _SCENARIOS, "--scenario") for name in scenario or DEFAULT_SCENARIOS]
    loaded = load_bundle(options.folder(bundle))
    sample = read_sample(paths, warn=options.say) if paths else golden_sample(loaded)
    with ExitStack() as stack:
        # Opened first: nobody should wait for a benchmark to learn that its results have nowhere to go.
        file = None if json_file is None else stack.enter_context(AtomicFile(json_file))
        report = run_bench(
            loaded,
            sample,
            SCENARIOS if "all" in asked else asked,
            provider=provider,
            threads=threads,
            batch_size=batch_size,
            seconds=seconds,
            machine=read_machine(),
            say=options.say,
        )
        if file is not None:
            file.write(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    for head, rows, right in report_sections(report):
        typer.echo(head)
        for line in align([[escape_control(cell) for cell in row] for row in rows], right=right, indent="  "):
            typer.echo(line)
