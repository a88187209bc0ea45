"""Shows that a build of minutes is alive."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, ContextManager, Iterator

from edge.engines import ticker

INTERVAL_SECONDS = 10.0

Alive = Callable[[str], ContextManager[None]]
"""Says, while its block runs, that what the text names is going on."""


@contextmanager
def silent(text: str) -> Iterator[None]:  # noqa: ARG001 - an Alive
    """Says nothing."""
    yield


@contextmanager
def on_stderr(text: str, interval: float = INTERVAL_SECONDS) -> Iterator[None]:
    """A line with the elapsed time on stderr every ten seconds; on a terminal, one line that is rewritten.

    Another process writes it, see `edge.engines.ticker`; where none can be started, nothing is said.
    """
    if sys.stderr is None:
        yield
        return
    terminal = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    mode = "rewrite" if terminal else "lines"
    command = [sys.executable, "-I", str(Path(ticker.__file__)), text, str(interval), mode]
    try:
        sys.stderr.flush()
        process = subprocess.Popen(  # noqa: S603 - this Python and a file of ours
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=_descriptor(), start_new_session=True
        )
    except OSError:
        yield
        return
    try:
        yield
    finally:
        # It ends when its input does, also when this process is killed.
        process.communicate()


def _descriptor() -> int:
    """Where `sys.stderr` goes; the process's own stderr when it is something else than a file (in a test, say)."""
    try:
        return sys.stderr.fileno()
    except (OSError, ValueError, AttributeError):
        return 2
