"""`oddline inspect`: what is inside of a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

import typer

from edge.commands import options
from edge.commands.table import align


def inspect(
    bundle: Path = options.BUNDLE,
    dictionary: bool = typer.Option(False, "--dictionary", help="Show the templates of the bundle's log dictionary."),
    diff: Optional[Path] = typer.Option(
        None,
        "--diff",
        metavar="OTHER",
        help="With --dictionary: show what is new, more general or gone in the dictionary of this later bundle.",
        show_default=False,
    ),
    as_json: bool = typer.Option(False, "--json", help="Print everything as JSON."),
) -> None:
    """Show what a bundle is, how it was made and what it expects."""
    from edge.bundle.describe import facts, sections
    from edge.bundle.folder import load_bundle
    from edge.commands.show import show_json

    if diff is not None and not dictionary:
        raise typer.BadParameter("compares log dictionaries, and needs --dictionary", param_hint="--diff")
    if dictionary:
        if diff is None:
            _show_dictionary(bundle, as_json=as_json)
        else:
            _show_difference(bundle, diff, as_json=as_json)
        return
    loaded = load_bundle(options.folder(bundle))
    if as_json:
        show_json(facts(loaded))
        return
    for head, rows in sections(loaded):
        _show(head, rows, right=(1,) if head == "files" else ())


def _show_dictionary(bundle: Path, *, as_json: bool) -> None:
    from edge.commands.show import show_json
    from edge.dictionary.describe import listing

    found = _dictionary(bundle)
    if as_json:
        show_json(found)
        return
    head, rows = listing(found)
    _show(head, rows, right=(0, 1))


def _show_difference(earlier: Path, later: Path, *, as_json: bool) -> None:
    from edge.commands.show import show_json
    from edge.dictionary.describe import differences, facts
    from edge.dictionary.diff import compare

    difference = compare(_dictionary(earlier), _dictionary(later))
    if as_json:
        show_json(facts(difference))
        return
    parts = differences(difference)
    for head, rows in parts:
        _show(head, rows, right=(0, 1))
    if not parts:
        typer.echo("the two log dictionaries hold the same templates")


def _dictionary(path: Path) -> Any:
    from edge.bundle.folder import load_bundle
    from edge.dictionary.load import load_dictionary
    from edge.errors import BundleError

    folder = options.folder(path)
    found = load_dictionary(load_bundle(folder))
    if found is None:
        raise BundleError(
            "the bundle has no log dictionary",
            where=str(folder),
            mend="train and export it with this oddline; tables and ready event ids have no templates",
        )
    return found


def _show(head: str, rows: Any, *, right: Any) -> None:
    typer.echo(head)
    for line in align(rows, right=right, indent="  "):
        typer.echo(line)
