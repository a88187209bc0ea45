"""Ctrl-C at any moment of a write leaves each byte once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from edge.files.atomic import AtomicFile


@pytest.mark.parametrize("part", [0, 3, 10])
def test_what_was_written_when_ctrl_c_came_is_not_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    """The signal arrives when the system call is done, and before Python has noted how far it got."""
    real = os.write

    def interrupted(descriptor: int, data: Any) -> int:
        real(descriptor, bytes(data)[:part])
        monkeypatch.setattr(os, "write", real)
        raise KeyboardInterrupt

    def write(file: AtomicFile) -> None:
        with file:
            file.write(b"first\n")
            file.flush()
            file.write(b"0123456789")
            monkeypatch.setattr(os, "write", interrupted)
            file.flush()

    file = AtomicFile(tmp_path / "out", keep_on_interrupt=True)
    with pytest.raises(KeyboardInterrupt):
        write(file)
    assert file.partial is not None
    assert file.partial.read_bytes() == b"first\n0123456789"
    assert [path.name for path in tmp_path.iterdir()] == ["out.partial"]


def test_what_the_shell_sent_an_output_to_is_not_replaced(tmp_path: Path) -> None:
    log = tmp_path / "results"
    log.write_bytes(b"earlier\n")
    descriptor = os.open(str(log), os.O_WRONLY | os.O_APPEND)
    try:
        with AtomicFile(Path(f"/proc/self/fd/{descriptor}")) as file:
            file.write(b"later\n")
    finally:
        os.close(descriptor)
    assert log.read_bytes() == b"earlier\nlater\n"
