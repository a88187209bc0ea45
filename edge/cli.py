"""The command `oddline`: the device's commands, and the workstation's where that part is installed."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Iterator, List, NoReturn, Optional

import typer

from edge import __version__
from edge.commands import bench, build_engine, doctor, inspect, options, score, verify
from edge.errors import OddlineError
from edge.files.atomic import output_error
from edge.sinks.output import send_nowhere

COMMAND_GROUP = "oddline.commands"
EXIT_INTERRUPTED = 130
SHOWN_NAME = 200

app = typer.Typer(
    name="oddline",
    help="Find the odd lines in logs, on the machine that wrote them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"oddline {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
    ),
) -> None:
    """Find the odd lines in logs, on the machine that wrote them."""


app.command("score")(score.score)
app.command("verify")(verify.verify)
app.command("inspect")(inspect.inspect)
app.command("bench")(bench.bench)
app.command("doctor")(doctor.doctor)
app.command("build-engine")(build_engine.build_engine)


def _plug_in() -> None:
    """Let installed packages add their commands; each entry point is a function that takes the typer app."""
    found: Any = entry_points()
    # Python 3.8 and 3.9 give a dict, later ones an object with select().
    points = found.select(group=COMMAND_GROUP) if hasattr(found, "select") else found.get(COMMAND_GROUP, [])
    for point in sorted(set(points), key=lambda point: point.name):
        point.load()(app)


def main(arguments: Optional[List[str]] = None) -> None:
    """Run the command line; ends the process with one of the exit statuses of `docs/design.md`."""
    try:
        with _requests_to_end():
            try:
                _plug_in()
                app(args=arguments)
            finally:
                # Here, where it can still be said, and not at the interpreter's end. A closed one is None.
                if sys.stdout is not None:
                    sys.stdout.flush()
    except OddlineError as error:
        _end_with(error)
    except BrokenPipeError:
        send_nowhere(sys.stdout)  # the reader has seen enough
    except OSError as error:
        _end_with(_os_error(error))
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)


def _end_with(error: OddlineError) -> NoReturn:
    options.say(f"error: {error}")
    sys.exit(error.exit_code)


def _os_error(error: OSError) -> OddlineError:
    """What no code nearer to it foresaw; without a file's name it can only be the standard output."""
    if error.filename is not None:
        return OddlineError(f"{error.strerror}", where=str(error.filename)[:SHOWN_NAME], mend="check the path")
    send_nowhere(sys.stdout)
    return output_error(error, Path("standard output"))


@contextmanager
def _requests_to_end() -> Iterator[None]:
    """Take SIGTERM, and SIGHUP of a terminal that went away, like Ctrl-C, so that results are kept."""
    taken = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:
                taken[number] = signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number, before in taken.items():
            signal.signal(number, before)
