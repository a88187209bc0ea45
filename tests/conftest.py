"""Fixtures for all tests."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# A shared or slow machine (a Jetson at its lowest clock) may take a second over what takes a millisecond elsewhere.
settings.register_profile("oddline", deadline=None)
settings.load_profile("oddline")

# A job that a shell started in its background ignores Ctrl-C, and so does all that it starts: the tests that send it
# would wait for ever.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real logs, which the project does not carry: its place comes from the environment."""
    value = os.environ.get("ODDLINE_DATA")
    if not value:
        pytest.skip("ODDLINE_DATA is not set: tests on real logs did not run")
    folder = Path(value).resolve()
    if not folder.is_dir():
        pytest.fail(f"ODDLINE_DATA is {value!r}, which is not a folder; set it to the folder of real logs, or unset it")
    return folder
