from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from edge.doctor.storage import nearest_folder, read_storage, try_to_write


def test_a_cache_folder_that_does_not_exist_yet_is_judged_by_what_does(tmp_path: Path) -> None:
    found = read_storage(tmp_path / "a" / "b")
    assert found.cache == str(tmp_path / "a" / "b")
    assert found.why_not is None
    assert (found.cache_free or 0) > 0
    assert (found.root_free or 0) > 0
    assert list(tmp_path.iterdir()) == [], "nothing is left behind, and the folder is not made"


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    found = read_storage(tmp_path / "file" / "cache")
    assert (found.why_not or "").endswith("file: Not a directory")


def test_a_read_only_cache_and_one_without_room(tmp_path: Path) -> None:
    for number in (errno.EROFS, errno.ENOSPC, errno.EACCES):

        def attempt(folder: Path, number: int = number) -> None:
            raise OSError(number, os.strerror(number), str(folder))

        assert read_storage(tmp_path, attempt).why_not == f"{tmp_path}: {os.strerror(number)}"


def test_what_is_written_to_try_is_gone_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    try_to_write(tmp_path)
    assert list(tmp_path.iterdir()) == []

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    assert (read_storage(tmp_path).why_not or "").endswith("No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_free_room_that_cannot_be_told(tmp_path: Path) -> None:
    def free(folder: str) -> int:
        raise OSError

    assert read_storage(tmp_path, free=free).cache_free is None


def test_the_nearest_folder(tmp_path: Path) -> None:
    assert nearest_folder(tmp_path) == tmp_path
    assert nearest_folder(tmp_path / "x" / "y") == tmp_path
    assert nearest_folder(Path("/no/such/place")) == Path("/")
