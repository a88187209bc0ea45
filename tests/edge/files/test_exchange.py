from __future__ import annotations

import ctypes
import errno
from pathlib import Path
from typing import Any

import pytest

from edge.files import exchange as module
from edge.files.exchange import exchange


def two_folders(parent: Path) -> tuple:
    for name in ("a", "b"):
        (parent / name).mkdir()
        (parent / name / f"from_{name}").write_bytes(b"")
    return parent / "a", parent / "b"


def test_both_names_stay_and_change_places(tmp_path: Path) -> None:
    first, second = two_folders(tmp_path)
    if not exchange(first, second):
        pytest.skip("this system or file system has no exchange of names")
    assert (first / "from_b").exists()
    assert (second / "from_a").exists()


def test_an_error_is_raised_and_nothing_moved(tmp_path: Path) -> None:
    first, _ = two_folders(tmp_path)
    with pytest.raises(FileNotFoundError):
        exchange(first, tmp_path / "absent")
    assert (first / "from_a").exists()


def test_false_where_the_c_library_lacks_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = two_folders(tmp_path)
    monkeypatch.setattr(module.ctypes, "CDLL", lambda *_, **__: object())
    assert exchange(first, second) is False
    assert (first / "from_a").exists()


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EINVAL])
def test_false_where_the_file_system_cannot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    class Library:
        def __init__(self, *_: Any, **__: Any) -> None: ...

        class renameat2:  # noqa: N801
            def __new__(cls, *_: Any) -> Any:
                ctypes.set_errno(number)
                return -1

    first, second = two_folders(tmp_path)
    monkeypatch.setattr(module.ctypes, "CDLL", Library)
    assert exchange(first, second) is False
