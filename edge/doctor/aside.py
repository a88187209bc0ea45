"""What a library writes while it is asked something.

onnxruntime says why a provider's library does not load on the process's stderr only, and repeats it on the standard
output for TensorRT; both would stand in the middle of the report.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import tempfile
from typing import Iterator, List

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@contextlib.contextmanager
def set_aside() -> Iterator[List[str]]:
    """Keep what the block writes to file descriptor 2, and to Python's standard output, off the terminal.

    The list is filled at the end of the block: one text, without colours. Other threads' messages are caught too.
    """
    said: List[str] = []
    output = io.StringIO()
    with tempfile.TemporaryFile() as kept:
        try:
            before = os.dup(2)
        except OSError:  # stderr is closed, and nothing can be caught
            with contextlib.redirect_stdout(output):
                yield said
            said.append(output.getvalue())
            return
        _flush()
        os.dup2(kept.fileno(), 2)
        try:
            with contextlib.redirect_stdout(output):
                yield said
        finally:
            _flush()
            os.dup2(before, 2)
            os.close(before)
            kept.seek(0)
            text = kept.read().decode("utf-8", "replace") + output.getvalue()
            said.append(_COLOUR.sub("", text))


def _flush() -> None:
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()
