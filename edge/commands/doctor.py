"""`oddline doctor`: what this machine is, and what works on it."""

from __future__ import annotations

from pathlib import Path
from typing import List, Optional

import typer

from edge.commands import options
from edge.commands.table import align

_BUNDLE = typer.Argument(
    None, metavar="[BUNDLE]", help="Try the providers with this bundle's model.", show_default=False
)


def doctor(
    bundle: Optional[Path] = _BUNDLE,
    as_json: bool = typer.Option(False, "--json", help="Print the report as JSON."),
) -> None:
    """Show versions and hardware, and run a real inference on each execution provider."""
    from edge.bundle.folder import load_bundle
    from edge.commands.show import show_json
    from edge.doctor.machine import read_machine
    from edge.doctor.probe import bundle_probe, tiny_probe
    from edge.doctor.providers import built_in, check_providers, unused
    from edge.doctor.report import make_report, report_sections
    from edge.errors import ProviderError, escape_control

    probe = tiny_probe() if bundle is None else bundle_probe(load_bundle(options.folder(bundle)))
    built: List[str] = []
    failure: Optional[ProviderError] = None
    try:
        built = built_in()
    except ProviderError as error:
        failure = error
    checks = check_providers(built, probe)
    report = make_report(
        read_machine(), probe.name, checks, unused=unused(built), runtime_error=failure.what if failure else None
    )
    if as_json:
        show_json(report)
    else:
        for head, rows in report_sections(report):
            typer.echo(escape_control(head))
            for line in align([[escape_control(cell) for cell in row] for row in rows], indent="  "):
                typer.echo(line)
    if failure is not None:
        raise failure
    if not report.works:
        raise ProviderError(
            "no execution provider works on this machine",
            mend="install another onnxruntime: pip install 'oddline[cpu]'",
        )
