"""The files of a bundle are the ones that its manifest lists, and nothing else is in the folder.

Everything is opened relative to the folder, one path component at a time, and no component may be a symbolic link: a
path cannot leave the folder, not even when somebody changes the folder while it is read. `read_listed` returns the
very bytes that it hashed.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import Collection, Dict, Iterator, List, Sequence, Set

from edge.bundle.manifest import MANIFEST_NAME, FileEntry, Manifest
from edge.errors import IntegrityError

_CHUNK = 1 << 20
_LONGEST_PATH = 255
_COPY = "copy the bundle again"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: opening a named pipe that stands where a file should be must not wait for its writer.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def file_entry(path: Path, root: Path) -> FileEntry:
    """The manifest's entry for a file of the folder `root`.

    Raises:
        IntegrityError: the file is outside of the folder, reached by a link, or cannot be read.
    """
    try:
        relative = path.relative_to(root).as_posix()
    except ValueError:
        raise IntegrityError("outside of the bundle", where=str(path), mend=f"put it into {root}") from None
    check_path(relative, str(root))
    digest, size = hashlib.sha256(), 0
    with _open_folder(root) as folder, _open_file(folder, relative, root) as descriptor:
        for chunk in _chunks(descriptor, path):
            digest.update(chunk)
            size += len(chunk)
    return FileEntry(path=relative, size=size, sha256=digest.hexdigest())


def check_files(root: Path, manifest: Manifest, keep: Collection[str] = ()) -> Dict[str, bytes]:
    """Check the whole folder against the manifest.

    Returns:
        The content of the files named in `keep`, by path: the bytes whose hash was checked.

    Raises:
        IntegrityError: a path in the manifest leaves the folder or stands there twice; a link; a file or folder that
            the manifest does not list; a listed file that is missing, of another size, or of other content.
    """
    listed: Set[str] = set()
    for entry in manifest.files:
        check_path(entry.path, str(root / MANIFEST_NAME))
        if entry.path in listed or entry.path == MANIFEST_NAME:
            raise IntegrityError(f"lists '{entry.path}' wrongly", where=str(root / MANIFEST_NAME), mend=_COPY)
        listed.add(entry.path)
    for path in keep:
        if path not in listed:
            raise IntegrityError(f"does not list {path}", where=str(root / MANIFEST_NAME), mend="export it again")
    with _open_folder(root) as folder:
        _check_nothing_else(folder, root, listed | {MANIFEST_NAME})
        kept: Dict[str, bytes] = {}
        for entry in manifest.files:
            content = _read_checked(folder, root, entry, keep=entry.path in keep)
            if entry.path in keep:
                kept[entry.path] = content
    return kept


def read_listed(root: Path, entry: FileEntry) -> bytes:
    """The content of one listed file, checked again as it is read.

    Raises:
        IntegrityError: as `check_files` for this file.
    """
    check_path(entry.path, str(root / MANIFEST_NAME))
    with _open_folder(root) as folder:
        return _read_checked(folder, root, entry, keep=True)


def read_limited(root: Path, name: str, limit: int) -> bytes:
    """The content of a file directly in the folder, which nothing vouches for yet.

    Raises:
        IntegrityError: it is missing, a link, not a plain file, unreadable, or larger than `limit` bytes.
    """
    with _open_folder(root) as folder, _open_file(folder, name, root) as descriptor:
        data = bytearray()
        for chunk in _chunks(descriptor, root / name):
            data += chunk
            if len(data) > limit:
                raise IntegrityError(f"larger than {limit:,} bytes", where=str(root / name), mend=_COPY)
    return bytes(data)


def check_path(path: str, where: str) -> None:
    """Refuse a path that is not a plain relative one with forward slashes; `where` names the manifest in errors.

    Raises:
        IntegrityError: the path is absolute, leaves the folder, or could mean another file on another system.
    """
    parts = path.split("/")
    if path.startswith("/"):
        problem = "is absolute"
    elif ".." in parts:
        problem = "leaves the folder"
    elif "" in parts or "." in parts or "\\" in path or not path.isprintable():
        problem = "is not a plain path"
    elif len(path) > _LONGEST_PATH:
        problem = f"is longer than {_LONGEST_PATH} characters"
    else:
        return
    raise IntegrityError(f"the path '{path}' {problem}", where=where, mend="get the bundle from where it was exported")


def _check_nothing_else(folder: int, root: Path, listed: Set[str]) -> None:
    """Refuse links anywhere in the folder, and whatever is not listed; only folders of listed files are entered."""
    folders = {"/".join(path.split("/")[:depth]) for path in listed for depth in range(path.count("/") + 1)}
    for inside in sorted(folders):
        with _enter(folder, inside.split("/") if inside else [], root) as descriptor:
            for name in sorted(_names(descriptor, root / inside)):
                path = f"{inside}/{name}" if inside else name
                mode = _lstat(descriptor, name, root / path).st_mode
                if stat.S_ISLNK(mode):
                    raise IntegrityError(
                        "a symbolic link", where=str(root / path), mend="bundles hold plain files only"
                    )
                expected = path in folders if stat.S_ISDIR(mode) else path in listed
                if not expected:
                    kind = "folder" if stat.S_ISDIR(mode) else "file"
                    raise IntegrityError(
                        f"a {kind} that the manifest does not list", where=str(root / path), mend="remove it"
                    )


def _names(descriptor: int, folder: Path) -> List[str]:
    try:
        return os.listdir(descriptor)
    except OSError as error:
        raise _unreadable(error, folder) from error


def _lstat(descriptor: int, name: str, path: Path) -> os.stat_result:
    try:
        return os.stat(name, dir_fd=descriptor, follow_symlinks=False)
    except OSError as error:
        raise _unreadable(error, path) from error


def _read_checked(folder: int, root: Path, entry: FileEntry, *, keep: bool) -> bytes:
    """Compare a listed file's size and hash; the content is returned when `keep` is set, and never held otherwise."""
    path = root / entry.path
    digest, size = hashlib.sha256(), 0
    kept: List[bytes] = []
    with _open_file(folder, entry.path, root) as descriptor:
        found = os.fstat(descriptor).st_size
        if found != entry.size:
            raise IntegrityError(f"{found:,} bytes where the manifest says {entry.size:,}", where=str(path), mend=_COPY)
        for chunk in _chunks(descriptor, path):
            digest.update(chunk)
            size += len(chunk)
            if size > entry.size:  # it grows while it is read; the hash has seen more than was promised
                break
            if keep:
                kept.append(chunk)
    if digest.hexdigest() != entry.sha256:
        raise IntegrityError("the content was changed (its sha256 disagrees)", where=str(path), mend=_COPY)
    return b"".join(kept)


def _chunks(descriptor: int, path: Path) -> Iterator[bytes]:
    while True:
        try:
            chunk = os.read(descriptor, _CHUNK)
        except OSError as error:
            raise _unreadable(error, path) from error
        if not chunk:
            return
        yield chunk


@contextmanager
def _open_folder(root: Path) -> Iterator[int]:
    # The folder itself may be given through a link (`current -> bundles/3`): that is its owner's choice of a name.
    try:
        descriptor = os.open(root, _FOLDER & ~os.O_NOFOLLOW)
    except OSError as error:
        raise _unreadable(error, root) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _enter(folder: int, parts: Sequence[str], root: Path) -> Iterator[int]:
    """The folder reached from `folder` through real folders only."""
    descriptor = os.dup(folder)
    try:
        for depth, part in enumerate(parts):
            try:
                deeper = os.open(part, _FOLDER, dir_fd=descriptor)
            except OSError as error:
                raise _unreadable(error, root.joinpath(*parts[: depth + 1])) from error
            os.close(descriptor)
            descriptor = deeper
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _open_file(folder: int, path: str, root: Path) -> Iterator[int]:
    *parents, name = path.split("/")
    with _enter(folder, parents, root) as parent:
        try:
            descriptor = os.open(name, _FILE, dir_fd=parent)
        except OSError as error:
            raise _unreadable(error, root / path) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise IntegrityError("not a plain file", where=str(root / path), mend=_COPY)
        yield descriptor
    finally:
        os.close(descriptor)


def _unreadable(error: OSError, path: Path) -> IntegrityError:
    """What a failed open, listing or read of `path` means for the bundle."""
    if error.errno == errno.ENOENT:
        return IntegrityError("missing", where=str(path), mend=_COPY)
    if error.errno == errno.ELOOP or (error.errno == errno.ENOTDIR and path.is_symlink()):
        return IntegrityError("a symbolic link", where=str(path), mend="bundles hold plain files only")
    if error.errno == errno.ENOTDIR:
        return IntegrityError("not a folder", where=str(path), mend="give the folder of a bundle")
    if error.errno in (errno.EACCES, errno.EPERM):
        return IntegrityError(
            "cannot be read (no permission)", where=str(path), mend="give this user the right to read it"
        )
    return IntegrityError(f"cannot be read ({os.strerror(error.errno or 0)})", where=str(path), mend=_COPY)
