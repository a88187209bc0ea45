"""Says every few seconds that something is still going on, until its standard input ends. A script of its own.

Up to 1.23 and perhaps later, ONNX Runtime holds Python's global lock while it creates a session (seen with released
packages from 1.15 to 1.23; 1.32 releases it), so that no thread of the process that builds an engine could say
anything for minutes. `edge.engines.alive` starts this file; it imports nothing of oddline's.
"""

from __future__ import annotations

import os
import select
import sys
import time
from contextlib import suppress
from typing import Callable, List


def elapsed(seconds: float) -> str:
    """``50 s``, ``3 min 20 s``."""
    whole = int(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def tick(
    text: str,
    interval: float,
    *,
    rewrite: bool,
    ended: Callable[[float], bool],
    write: Callable[[str], object],
    clock: Callable[[], float],
) -> None:
    """Write a line each `interval` seconds, or rewrite one; `ended` waits so long at most, and says when to stop."""
    start = clock()
    width = 0
    while not ended(interval):
        line = f"oddline: {text}, {elapsed(clock() - start)} so far"
        write(f"\r{line:<{width}}" if rewrite else line + "\n")
        width = len(line)
    if rewrite and width:
        write("\r" + " " * width + "\r")


def main(arguments: List[str]) -> None:
    """``ticker.py TEXT INTERVAL lines|rewrite``."""

    def input_ended(seconds: float) -> bool:
        return bool(select.select([sys.stdin], [], [], seconds)[0])

    def write(text: str) -> None:
        os.write(2, text.encode("utf-8", "replace"))

    text, interval, mode = arguments
    with suppress(OSError):  # the terminal has gone: nobody is left to say it to
        tick(text, float(interval), rewrite=mode == "rewrite", ended=input_ended, write=write, clock=time.monotonic)


if __name__ == "__main__":
    main(sys.argv[1:])
