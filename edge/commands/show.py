"""Reports for programs, shown on the standard output."""

from __future__ import annotations

import sys

import msgspec
import typer

from edge.commands.options import is_terminal
from edge.errors import escape_control


def show_json(value: object) -> None:
    """Print a report as indented JSON; on a terminal, with its control characters escaped."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode("utf-8")
    if is_terminal(sys.stdout):
        # JSON itself escapes only those below the blank.
        text = "\n".join(map(escape_control, text.split("\n")))
    typer.echo(text)
