"""A progress line on the terminal: share of the bytes, lines a second, time left."""

from __future__ import annotations

import sys
import time
from typing import Optional, Sequence

from edge.files.paths import Source

_EVERY_SECONDS = 0.2


class Progress:
    """Shows how far a run is; silent when not enabled.

    The share is known for plain files only: an unpacked .gz is longer than the file, and a pipe has no end.
    """

    def __init__(self, sources: Sequence[Source], *, enabled: bool) -> None:
        self._enabled = enabled
        self._total = _plain_bytes(sources) if enabled else None
        self._started = time.monotonic()
        self._shown = 0.0
        self._width = 0

    def update(self, lines: int, done_bytes: int) -> None:
        """`lines` and `done_bytes` are those of the whole run so far."""
        now = time.monotonic()
        if not self._enabled or now - self._shown < _EVERY_SECONDS:
            return
        self._shown = now
        seconds = max(now - self._started, 1e-9)
        text = f"{lines:,} lines, {lines / seconds:,.0f} lines/s"
        if self._total:
            share = min(done_bytes / self._total, 1.0)
            left = seconds * (1 - share) / share if share else 0.0
            text = f"{share:4.0%}  {text}, {left:.0f} s left"
        self._write(f"\r{text:<{self._width}}")
        self._width = len(text)

    def close(self) -> None:
        """Wipe the line, so that what follows starts on a clean one."""
        if self._enabled and self._width:
            self._write("\r" + " " * self._width + "\r")
            self._width = 0

    def _write(self, text: str) -> None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except OSError:
            self._enabled = False  # the terminal has gone; the results matter more


def _plain_bytes(sources: Sequence[Source]) -> Optional[int]:
    total = 0
    for source in sources:
        if source.path is None or source.path.suffix == ".gz" or not source.path.is_file():
            return None
        total += source.path.stat().st_size
    return total
