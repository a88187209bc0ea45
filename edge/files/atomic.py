"""Files and folders that appear under their name complete, or not at all.

Each is written under a hidden name in the same folder, synced to the disk, renamed into place, and the folder synced:
after a crash or a power cut the name holds the old content or the new, never a part. When anything fails, what was
written is removed and the old content stays.
"""

from __future__ import annotations

import errno
import os
import secrets
import shlex
import shutil
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Callable, Iterator, Optional, Type

from edge.errors import OutputError
from edge.files.exchange import exchange

_BUFFER = 1 << 18
_DESCRIPTORS = ("/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/self/fd/")
_PROBLEMS = {
    errno.ENOSPC: ("the disk is full", "free some space, or write to another disk"),
    errno.EDQUOT: ("the disk quota is used up", "free some space, or write to another disk"),
    errno.EFBIG: ("the file would be larger than the limit", "raise the limit with `ulimit -f`"),
    errno.EACCES: ("no permission to write", "choose another place, or have the permission given"),
    errno.EPERM: ("no permission to write", "choose another place, or have the permission given"),
    errno.EROFS: ("the file system is read-only", "choose another place"),
    errno.ENAMETOOLONG: ("the name is too long", "choose a shorter one"),
    errno.EEXIST: ("a part of the path is a file, not a folder", "choose another place"),
    errno.ENOTDIR: ("a part of the path is a file, not a folder", "choose another place"),
    errno.EISDIR: ("is a folder", "give the name of a file"),
    errno.EBUSY: ("is in use (a mount point)", "choose another place"),
}


def output_error(error: OSError, path: Path) -> OutputError:
    """The error that tells a person why `path` could not be written."""
    if error.errno == errno.ENOENT:
        mend = f"make it: mkdir -p {shlex.quote(str(path.parent))}"
        return OutputError("the target folder does not exist", where=str(path), mend=mend)
    default = (os.strerror(error.errno) if error.errno else str(error), "choose another place")
    what, mend = _PROBLEMS.get(error.errno or 0, default)
    return OutputError(what, where=str(path), mend=mend)


class AtomicFile:
    """A file that is written as a stream of bytes and takes its name on `commit`.

    As a context manager it commits when the block ends without an error, and otherwise removes what was written. With
    `keep_on_interrupt`, Ctrl-C leaves what was written so far under the name with ``.partial`` added: `partial` is
    then that path. An existing file is replaced and its permissions are kept; a link to a file stays, and the file
    behind it is replaced. A device or pipe (``/dev/stdout``) cannot be replaced: it is written to directly.
    """

    def __init__(self, path: Path, *, keep_on_interrupt: bool = False) -> None:
        """Open the hidden file.

        Raises:
            OutputError: the folder does not exist, is not writable, or the path is a folder.
        """
        self.path = path
        self.partial: Optional[Path] = None
        self._keep_on_interrupt = keep_on_interrupt
        # Where in the file the bytes that are not yet written begin, and these bytes.
        self._pending = (0, bytearray())
        self._target = Path(os.path.realpath(path))
        self._aside: Optional[Path] = None
        try:
            mode = _mode(path)
            if mode is not None and stat.S_ISDIR(mode):
                raise OSError(errno.EISDIR, "")
            if str(path).startswith(_DESCRIPTORS):
                # What the shell sent it to, a file that is appended to perhaps, is not to be replaced.
                self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
                return
            if mode is not None and not stat.S_ISREG(mode):
                self._descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
                return
            self._aside = _hidden_name(self._target)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            self._descriptor = os.open(self._aside, flags, 0o666)
            if mode is not None:
                self._take_permissions(stat.S_IMODE(mode))
        except OSError as error:
            raise output_error(error, path) from error

    def write(self, data: bytes) -> None:
        """Add bytes; they are held in memory up to a quarter of a mebibyte.

        Raises:
            OutputError: they cannot be written; the hidden file is gone then.
        """
        pending = self._pending[1]
        pending += data
        if len(pending) >= _BUFFER:
            self.flush()

    def flush(self) -> None:
        """Hand everything to the operating system.

        Raises:
            OutputError: it cannot be written; the hidden file is gone then.
        """
        try:
            self._drain()
        except OSError as error:
            self.discard()
            raise output_error(error, self.path) from error

    def commit(self) -> None:
        """Sync, and take the name.

        Raises:
            OutputError: it cannot be written; the hidden file is gone then, and an older file still there.
        """
        try:
            self._finish(self._target)
        except OSError as error:
            raise output_error(error, self.path) from error

    def keep_partial(self) -> None:
        """Sync, and take the name with ``.partial`` added, which `partial` is then.

        Raises:
            OutputError: it cannot be written; the hidden file is gone then.
        """
        partial = self._target.with_name(self._target.name + ".partial")
        try:
            self._finish(partial)
        except OSError as error:
            raise output_error(error, partial) from error
        self.partial = partial

    @property
    def can_keep(self) -> bool:
        """Whether there is something to keep: bytes were written, and aside of the name."""
        start, pending = self._pending
        return self._descriptor >= 0 and self._aside is not None and start + len(pending) > 0

    def discard(self) -> None:
        """Remove what was written; the name keeps what it had. Does nothing when the file is already finished."""
        if self._descriptor < 0:
            return
        descriptor, self._descriptor = self._descriptor, -1
        self._pending = (0, bytearray())
        with suppress(OSError):  # whatever close has to say, fsync has said it of all that is kept
            os.close(descriptor)
        if self._aside is not None:
            with suppress(FileNotFoundError):
                self._aside.unlink()

    def __enter__(self) -> AtomicFile:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        if self._descriptor < 0:
            return
        if kind is None:
            self.commit()
        elif self._keep_on_interrupt and issubclass(kind, KeyboardInterrupt) and self._aside is not None:
            self.keep_partial()
        else:
            self.discard()

    def _take_permissions(self, permissions: int) -> None:
        # Only where they differ: a FAT file system has one set for all files, and refuses to change them.
        if stat.S_IMODE(os.fstat(self._descriptor).st_mode) != permissions:
            try:
                os.fchmod(self._descriptor, permissions)
            except OSError:
                self.discard()
                raise

    def _drain(self) -> None:
        start, pending = self._pending
        # Ctrl-C may have come after a write and before it was noted: the file itself says how far it got.
        written = 0 if self._aside is None else os.lseek(self._descriptor, 0, os.SEEK_CUR) - start
        with memoryview(pending) as view:
            while written < len(view):
                written += os.write(self._descriptor, view[written:])
        self._pending = (start + len(pending), bytearray())

    def _finish(self, name: Path) -> None:
        try:
            self._drain()
            if self._aside is not None:
                os.fsync(self._descriptor)
                self._aside.replace(name)
                self._aside = None
                _sync_folder(name.parent)
        finally:
            self.discard()


@contextmanager
def atomic_folder(path: Path, *, refusal: Callable[[Path], Optional[str]]) -> Iterator[Path]:
    """A hidden folder to write into, which takes the name `path` when the block ends without an error.

    An existing folder is exchanged with the new one in one step where the operating system can do that, so that there
    is no moment without either; elsewhere it steps aside for the time of two renames, and steps back should the second
    fail. It is removed afterwards. An empty one is always replaced; of any other, `refusal` is asked why it must not be
    (None: it may), before anything is written and again before it is replaced.

    Raises:
        OutputError: the existing folder must not be replaced, or the new one cannot be written.
    """
    target = Path(os.path.realpath(path))
    _check_replaceable(target, path, refusal)
    aside = _hidden_name(target)
    try:
        try:
            aside.mkdir()
            yield aside
            _sync_tree(aside)
            _check_replaceable(target, path, refusal)
            replaced = _put_in_place(aside, target)
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)  # what is told is why it failed, not what is left of it
            raise
        _sync_folder(target.parent)
    except OSError as error:
        # What the block does besides writing here (reading a log, say) is not ours to explain.
        if error.filename is not None and not {aside, target} & {
            Path(str(error.filename)),
            *Path(str(error.filename)).parents,
        }:
            raise
        raise output_error(error, path) from error
    if replaced is not None:
        _remove_replaced(replaced, path)


def _check_replaceable(target: Path, path: Path, refusal: Callable[[Path], Optional[str]]) -> None:
    mend = "choose another name, or move it away"
    try:
        mode = _mode(target)
        if mode is None:
            return
        if not stat.S_ISDIR(mode):
            raise OutputError("is not a folder", where=str(path), mend=mend)
        why = refusal(target) if any(target.iterdir()) else None
    except OSError as error:
        raise output_error(error, path) from error
    if why is not None:
        raise OutputError(f"the folder {why}, and is not replaced", where=str(path), mend=mend)


def _put_in_place(aside: Path, target: Path) -> Optional[Path]:
    """Give the folder its name; the path at which the one that had it is now, None when there was none."""
    if _mode(target) is None:
        aside.rename(target)
        return None
    if exchange(aside, target):
        return aside
    stepped_aside = _hidden_name(target)
    try:
        target.rename(stepped_aside)
        aside.rename(target)
    except BaseException:
        if stepped_aside.exists() and not target.exists():
            stepped_aside.rename(target)
        raise
    return stepped_aside


def _remove_replaced(replaced: Path, path: Path) -> None:
    try:
        shutil.rmtree(replaced)
    except OSError as error:
        raise OutputError(
            f"it is written, but the folder that it replaced cannot be removed from {replaced}",
            where=str(path),
            mend="remove that one by hand",
        ) from error


def _hidden_name(target: Path) -> Path:
    # Not made from the target's name: that may already have the longest length there is.
    return target.with_name(f".oddline-{secrets.token_hex(8)}.tmp")


def _mode(path: Path) -> Optional[int]:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


def _sync_tree(folder: Path) -> None:
    for parent, _, names in os.walk(folder):
        for name in names:
            descriptor = os.open(Path(parent) / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        _sync_folder(Path(parent))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network and FUSE file systems cannot sync a folder; they order renames by themselves.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)
