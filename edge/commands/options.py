"""Options that several commands share, so that they mean and say the same everywhere."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Mapping

import typer

from edge.errors import escape_control
from edge.formats import FORMAT_NAMES
from edge.runtime.choices import DEFAULT_BATCH_ROWS, PROVIDER_CHOICES
from edge.sinks.output import send_nowhere

LARGEST_SEED = 2**32 - 1
BUNDLE: Any = typer.Argument(..., metavar="BUNDLE", help="Folder of the bundle.", show_default=False)
PROVIDER: Any = typer.Option(
    "auto", "--provider", metavar="|".join(PROVIDER_CHOICES), help="Where the model runs; auto takes the best there is."
)
ASKED_BATCH_SIZE: Any = typer.Option(
    None,
    "--batch-size",
    min=1,
    help=f"Rows that the model scores at once; {DEFAULT_BATCH_ROWS}, or what was recommended, when not given.",
    show_default=False,
)
ASKED_THREADS: Any = typer.Option(
    None,
    "--threads",
    min=0,
    max=1024,
    help="Threads of the model, 0 is one for each core; that, or what was recommended, when not given.",
    show_default=False,
)
THREADS: Any = typer.Option(0, "--threads", min=0, max=1024, help="Threads of the model; 0 is one for each core.")
FORMAT: Any = typer.Option(
    None,
    "--format",
    metavar="|".join(FORMAT_NAMES),
    help="Format of the lines; found by looking at the first ones when not given.",
    show_default=False,
)
LOG_FORMAT: Any = typer.Option(
    None,
    "--log-format",
    metavar="LAYOUT",
    help='Layout of the lines in loghub\'s notation, such as "<Date> <Time> <Component>: <Content>".',
    show_default=False,
)
YEAR: Any = typer.Option(
    None,
    "--year",
    min=1,
    max=9999,
    help="Year of the first line, for formats without one; told from the file's age when not given.",
    show_default=False,
)


def say(message: str) -> None:
    """One line for the user, on stderr, escaped: files' names may hold control characters.

    It is lost when stderr is closed or full, or its reader has gone: the results matter more.
    """
    if sys.stderr is None:
        return
    try:
        print(f"oddline: {escape_control(message)}", file=sys.stderr, flush=True)
    except OSError:
        send_nowhere(sys.stderr)


def resolve_format(name: Any, layout: Any) -> Any:
    """The asked format name; a layout alone asks for the format ``layout``.

    Raises:
        typer.BadParameter: the name is unknown, or a layout was given to another format.
    """
    if name is not None and name not in FORMAT_NAMES:
        raise typer.BadParameter(f"{name!r} is not one of {', '.join(FORMAT_NAMES)}", param_hint="--format")
    if layout is not None:
        if name not in (None, "layout"):
            raise typer.BadParameter(f"a layout does not go with the format {name}", param_hint="--log-format")
        return "layout"
    if name == "layout":
        raise typer.BadParameter("the format layout needs --log-format", param_hint="--format")
    return name


def check_choice(value: str, choices: Any, hint: str) -> str:
    """The value, when it is one of the choices.

    Raises:
        typer.BadParameter: it is not (exit status 2).
    """
    if value not in choices:
        raise typer.BadParameter(f"{value!r} is not one of {', '.join(choices)}", param_hint=hint)
    return value


def alone(option: str, others: Mapping[str, Any]) -> None:
    """Refuse what would be ignored beside `option`: `others` have the values that were given, None and empty for none.

    Raises:
        typer.BadParameter: something was given (exit status 2).
    """
    for name, value in others.items():
        if value is not None and value != []:
            raise typer.BadParameter(f"does not go with {option}", param_hint=name)


def is_terminal(stream: Any) -> bool:
    """Whether a stream is a terminal that a person looks at; a closed one (None) is not."""
    return stream is not None and bool(stream.isatty()) and os.environ.get("TERM") != "dumb"


def folder(path: Path) -> Path:
    """The path, without a trailing slash or dots that would end up in messages."""
    return Path(os.path.normpath(path))
