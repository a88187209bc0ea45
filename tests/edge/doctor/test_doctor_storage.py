from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Dict, NoReturn

import pytest

from edge.doctor.storage import nearest_folder, read_storage


def cache(folder: Path) -> Dict[str, str]:
    return {"ODDLINE_CACHE_DIR": str(folder)}


def test_a_cache_folder_that_does_not_exist_yet_is_judged_by_what_does(tmp_path: Path) -> None:
    found = read_storage(cache(tmp_path / "a" / "b"))
    assert found.cache == str(tmp_path / "a" / "b")
    assert found.why_not is None
    assert (found.cache_free or 0) > 0
    assert (found.root_free or 0) > 0
    assert list(tmp_path.iterdir()) == [], "nothing is left behind, and the folder is not made"


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    found = read_storage(cache(tmp_path / "file" / "cache"))
    assert (found.why_not or "").endswith("file: Not a directory")


def test_a_read_only_cache_and_one_without_room(tmp_path: Path) -> None:
    for number in (errno.EROFS, errno.ENOSPC, errno.EACCES):

        def attempt(folder: Path, number: int = number) -> None:
            raise OSError(number, os.strerror(number), str(folder))

        assert read_storage(cache(tmp_path), attempt).why_not == f"{tmp_path}: {os.strerror(number)}"


def test_free_room_that_cannot_be_told(tmp_path: Path) -> None:
    def free(folder: Path) -> int:
        raise OSError

    assert read_storage(cache(tmp_path), free=free).cache_free is None


def test_the_nearest_folder(tmp_path: Path) -> None:
    assert nearest_folder(tmp_path) == tmp_path
    assert nearest_folder(tmp_path / "x" / "y") == tmp_path
    assert nearest_folder(Path("/no/such/place")) == Path("/")


# A process of its own, since nothing is forbidden to root; modules are imported before it gives that up.
_LOOK = """
import os, sys
from edge.doctor.storage import read_storage
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
print(read_storage({"ODDLINE_CACHE_DIR": sys.argv[1]}).why_not)
"""


def test_a_folder_that_may_not_be_searched(tmp_path: Path) -> None:
    """As ~/.cache of a service's user with root's HOME."""
    closed = tmp_path / "closed"
    (closed / "cache").mkdir(parents=True)
    closed.chmod(0)
    try:
        done = subprocess.run(
            [sys.executable, "-c", _LOOK, str(closed / "cache" / "oddline")],
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        closed.chmod(0o700)
    assert (done.returncode, done.stderr) == (0, "")
    # Its parents that may be searched, up to one that may be written to, are those of this test's own folders.
    assert done.stdout.strip() == "None" or done.stdout.strip().endswith("Permission denied")


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(number: int) -> NoReturn:
        raise KeyError(number)

    monkeypatch.setattr("pwd.getpwuid", nobody)
    found = read_storage({})
    assert (found.cache, found.cache_free) == (None, None)
    assert (found.why_not or "").startswith("the cache folder cannot be told: HOME is not set")
    assert (found.root_free or 0) > 0
