"""The packages of the extra `export`, asked for in one place."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from edge.errors import MissingExtraError

_NEEDED = ("tensorflow", "tf2onnx", "onnx", "sklearn", "scipy", "drain3", "matplotlib")
_INSTALL = "on the workstation (Python 3.10 or later) run: pip install 'oddline[export,cpu]'"


def require_python() -> None:
    """Make sure that this Python is one of the workstation's: a device's may be older.

    Raises:
        MissingExtraError: it is not.
    """
    if sys.version_info < (3, 10):  # noqa: UP036  (the package is installed on devices too, with what Python they have)
        raise MissingExtraError(f"this command does not run on Python {platform.python_version()}", mend=_INSTALL)


def require_extra() -> None:
    """Make sure that the workstation's packages are installed, and load TensorFlow without its start-up chatter.

    Raises:
        MissingExtraError: one of them is not, or this Python is too old for them.
    """
    require_python()
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise MissingExtraError(f"this command needs {', '.join(missing)}", mend=_INSTALL)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # oneDNN reorders sums with the number of threads that are free; training is to be repeatable from its seed.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    with _stderr_nowhere():
        import tensorflow as tf

        # The models are small, and a GPU adds in another order on each run, and in 19 bits where it can.
        tf.config.set_visible_devices([], "GPU")


@contextmanager
def _stderr_nowhere() -> Iterator[None]:
    """Send what native libraries write to the error stream nowhere.

    TensorFlow logs, before it reads any of its settings, which accelerators it did not find; Python's own exceptions
    are not touched by this.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
