"""The lock of a builder, on file systems of all kinds."""

from __future__ import annotations

import errno
import fcntl
from pathlib import Path
from typing import List

import pytest

from edge.engines.lock import BusyError, holding, refuse_to_wait


def never() -> None:
    raise AssertionError("there is nothing to wait for")


def test_it_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with holding(tmp_path / "lock", on_wait=never) as alone:
            assert alone
    with pytest.raises(ValueError, match="x"), holding(tmp_path / "lock", on_wait=never):
        raise ValueError("x")
    with holding(tmp_path / "lock", on_wait=never):
        pass


def test_who_need_not_wait_is_told(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with holding(path, on_wait=never), pytest.raises(BusyError), holding(path, on_wait=refuse_to_wait):
        raise AssertionError


def test_waiting_is_said_once_and_ends(tmp_path: Path) -> None:
    answers = [errno.EWOULDBLOCK, errno.EACCES, errno.EWOULDBLOCK, 0]
    slept: List[float] = []
    said: List[str] = []

    def lock(descriptor: int, how: int) -> None:
        assert how == fcntl.LOCK_EX | fcntl.LOCK_NB
        answer = answers.pop(0)
        if answer:
            raise OSError(answer, "held")

    with holding(tmp_path / "lock", on_wait=lambda: said.append("wait"), lock=lock, sleep=slept.append) as alone:
        assert alone
    assert (said, len(slept), answers) == (["wait"], 3, [])


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS])
def test_a_file_system_without_locks(tmp_path: Path, number: int) -> None:
    def lock(_: int, __: int) -> None:
        raise OSError(number, "no locks available")

    with holding(tmp_path / "lock", on_wait=never, lock=lock) as alone:
        assert not alone


def test_other_errors_are_not_hidden(tmp_path: Path) -> None:
    def lock(_: int, __: int) -> None:
        raise OSError(errno.EIO, "input/output error")

    with pytest.raises(OSError, match="input/output"), holding(tmp_path / "lock", on_wait=never, lock=lock):
        raise AssertionError


def test_a_link_is_no_lock(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"), holding(tmp_path / "lock", on_wait=never):
        raise AssertionError
    assert not (tmp_path / "elsewhere").exists()
