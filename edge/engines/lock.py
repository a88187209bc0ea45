"""One builder at a time: an advisory lock on a file, which the system releases with the process that holds it.

flock(2): a lock lives as long as its open file, so a killed builder leaves none behind. Over NFS, Linux turns it into a
lock of the server's (since 2.6.12), which not every server grants; some file systems know none at all.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator

_POLL_SECONDS = 0.2
_HELD = (errno.EWOULDBLOCK, errno.EACCES)
_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL)


class BusyError(Exception):
    """Another process holds the lock."""


@contextmanager
def holding(
    path: Path,
    *,
    on_wait: Callable[[], None],
    lock: Callable[[int, int], None] = fcntl.flock,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[bool]:
    """Hold the lock on the file `path`, which is made when it is missing and stays there.

    While another process holds it, this one waits; `on_wait` is called once, before. It gives False where the file
    system has no locks: then two may build at once, and the last one's engine is kept.

    Raises:
        BusyError: `on_wait` raised it, so as not to wait.
        OSError: the file cannot be made or opened.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    try:
        yield _acquire(descriptor, on_wait, lock, sleep)
    finally:
        os.close(descriptor)


def _acquire(
    descriptor: int,
    on_wait: Callable[[], None],
    lock: Callable[[int, int], None],
    sleep: Callable[[float], None],
) -> bool:
    told = False
    while True:
        try:
            lock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _NO_LOCKS:
                return False
            if error.errno not in _HELD:
                raise
        else:
            return True
        if not told:
            on_wait()
            told = True
        sleep(_POLL_SECONDS)


def refuse_to_wait() -> None:
    """An `on_wait` for those who have nothing to wait for.

    Raises:
        BusyError: always.
    """
    raise BusyError
