"""Room on a disk."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from edge.device.room import free_bytes, write_probe


def test_the_probe_leaves_nothing(tmp_path: Path) -> None:
    write_probe(tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(FileNotFoundError):
        write_probe(tmp_path / "missing")


def test_free_bytes_are_those_of_the_file_system(tmp_path: Path) -> None:
    assert abs(free_bytes(tmp_path) - shutil.disk_usage(tmp_path).free) < 1 << 30


def test_a_full_disk_is_told_and_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_probe(tmp_path)
    assert list(tmp_path.iterdir()) == []
