"""`oddline doctor`: what this machine is, and what works on it."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import typer

from edge.commands import options
from edge.commands.table import align

_BUNDLE = typer.Argument(
    None,
    metavar="[BUNDLE]",
    help="Try the providers with this bundle's model, and judge the machine for its target.",
    show_default=False,
)


def doctor(
    bundle: Optional[Path] = _BUNDLE,
    as_json: bool = typer.Option(False, "--json", help="Print the report as JSON."),
) -> None:
    """Show what this machine is and has, run a real inference on each provider, and say what is wrong."""
    from edge.bundle.folder import load_bundle
    from edge.commands.show import show_json
    from edge.doctor.examine import examine
    from edge.doctor.findings import count_problems
    from edge.doctor.probe import bundle_probe, tiny_probe
    from edge.doctor.report import report_sections
    from edge.errors import escape_control

    if bundle is None:
        report = examine(tiny_probe())
    else:
        loaded = load_bundle(options.folder(bundle))
        report = examine(bundle_probe(loaded), loaded.manifest.target)
    if as_json:
        show_json(report)
    else:
        for head, rows in report_sections(report):
            typer.echo(escape_control(head))
            for line in align([[escape_control(cell) for cell in row] for row in rows], indent="  "):
                typer.echo(line)
    problems = count_problems(report.findings)
    if problems:
        first = next(finding for finding in report.findings if finding.level == "problem")
        more = "" if problems == 1 else f" ({problems - 1} more in the report)"
        options.say(f"error: {first.what}; {first.mend}{more}")
        raise typer.Exit(1)
