"""The packages of the extra `export`, asked for in one place."""

from __future__ import annotations

import os
from importlib.util import find_spec

from edge.errors import MissingExtraError

_NEEDED = ("tensorflow", "tf2onnx", "onnx", "sklearn", "drain3", "matplotlib")


def require_extra() -> None:
    """Make sure that the workstation's packages are installed, and quieten TensorFlow's start-up.

    Raises:
        MissingExtraError: one of them is not, or this Python is too old for them.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f"this command needs {', '.join(missing)}",
            mend="on the workstation (Python 3.10 or later) run: pip install 'oddline[export,cpu]'",
        )
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # oneDNN reorders sums from run to run; training is seeded
