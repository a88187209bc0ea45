"""Commands of the system, which may or may not be there."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from typing import Callable, Optional, Sequence

Run = Callable[[Sequence[str]], Optional[str]]
"""Gives what a command wrote to its standard output; None when it is absent, fails, or takes too long."""

_SECONDS = 10.0
# Where the tools of a board lie, also when the caller's PATH names only the folders of users.
_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin")


def run_command(command: Sequence[str], seconds: float = _SECONDS) -> Optional[str]:
    """The standard output of a command, run without a shell and without input, in the language of programs.

    None when there is no such executable, it ends with another status than 0, or takes longer than `seconds`.
    """
    path = os.pathsep.join([part for part in (os.environ.get("PATH"), *_FOLDERS) if part])
    executable = shutil.which(command[0], path=path)
    if executable is None:
        return None
    try:
        process = subprocess.Popen(  # noqa: S603 - fixed commands, none of whose words come from outside
            [executable, *command[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PATH": path, "LC_ALL": "C"},
            start_new_session=True,
        )
    except OSError:
        return None
    with process:
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            _end(process)
    return output.decode("utf-8", "replace") if process.returncode == 0 else None


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the command with all that it started, when it is still there."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
