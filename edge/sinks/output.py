"""Where records go: the standard output, or a file that appears whole."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, Callable, Iterator, Optional, Protocol

from edge.errors import OutputError, ProviderError
from edge.files.atomic import AtomicFile, output_error


class Output(Protocol):
    """Takes rendered records."""

    def write(self, data: bytes) -> object:
        """Take all of `data`."""

    def flush(self) -> object:
        """Hand on what was taken so far, so that a reader at the other end sees it."""


class Interrupted(Exception):  # noqa: N818  (the user's wish, not an error)
    """The user pressed Ctrl-C; what was found before it is safe."""


@contextmanager
def open_output(path: Optional[Path], *, say: Callable[[str], None]) -> Iterator[Output]:
    """Somewhere to write to, complete when the block ends without an error.

    A file is written aside and renamed at the end, so that nothing half-written ever has the final name; after Ctrl-C,
    and when the model cannot go on, what was found is kept under the name with ``.partial`` added. When the reader of
    the standard output has closed it (``| head``), the block ends quietly; so it does when that output is named as a
    file (``/dev/stdout``).

    Raises:
        OutputError: the file or the standard output cannot be written.
        Interrupted: Ctrl-C; `say` was told where the results are.
    """
    if path is None:
        if sys.stdout is None:
            raise OutputError("it is closed", where="standard output", mend="write to a file: --output FILE")
        yield from _standard_output(sys.stdout.buffer)
        return
    file = AtomicFile(path, keep_on_interrupt=True)
    try:
        with file:
            try:
                yield file
            except ProviderError:
                if file.can_keep:
                    file.keep_partial()
                    say(f"what was found before the model failed is in {file.partial}")
                raise
    except KeyboardInterrupt:
        kept = "nothing was written" if file.partial is None else f"what was found so far is in {file.partial}"
        say(f"interrupted; {kept}")
        raise Interrupted from None
    except OutputError as error:
        if not isinstance(error.__cause__, BrokenPipeError):
            raise


def _standard_output(stream: BinaryIO) -> Iterator[Output]:
    try:
        yield stream
        stream.flush()
    except BrokenPipeError:
        send_nowhere(stream)
    except KeyboardInterrupt:
        raise Interrupted from None
    except OutputError:
        raise
    except OSError as error:
        send_nowhere(stream)
        raise output_error(error, Path("standard output")) from error


def send_nowhere(stream: IO[Any]) -> None:
    """Let the interpreter's last flush of the stream succeed, instead of failing once more at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
