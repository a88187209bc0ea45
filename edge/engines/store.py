"""The folder of all engines: ``engines/NAME/engine`` holds one, ``engines/NAME/lock`` is held by who builds it.

An engine is written into a hidden folder beside its place, which takes the place when it is whole: whoever looks sees
an old engine, none, or a new one. What a killed builder left is removed by the next one, who holds the lock then.
"""

from __future__ import annotations

import errno
import hashlib
import shutil
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Callable, Iterator, List, NamedTuple, Optional, Union

from edge.cache_folder import cache_folder
from edge.device.room import free_bytes, write_probe
from edge.engines.entry import Entry, UnusableError, check_entry, names_in, read_entry
from edge.engines.key import EngineKey, differences, folder_name
from edge.engines.lock import BusyError, holding, refuse_to_wait
from edge.engines.options import timing_name
from edge.errors import OutputError
from edge.files.atomic import atomic_folder, output_error

ENGINES_NAME = "engines"
_PLACE, _LOCK, _LEFT_OVER = "engine", "lock", ".oddline-*.tmp"
# An engine of these models has a few MiB, and the weights several times (one tactic wants them in another layout).
_LEAST_FREE_BYTES = 64 << 20
_FREE_FOR_EACH_MODEL_BYTE = 4
# What the time depends on that a layer takes.
_TIMED_BY = ("gpu", "compute_capability", "tensorrt", "cuda")


class Listed(NamedTuple):
    """One engine of the cache; `unusable` says why it cannot be used, and `entry` is None then."""

    folder: Path
    entry: Optional[Entry]
    unusable: Optional[str]


def needed_bytes(model_bytes: int) -> int:
    """What must be free before an engine of a model of so many bytes is built."""
    return _LEAST_FREE_BYTES + _FREE_FOR_EACH_MODEL_BYTE * model_bytes


class Building:
    """An engine that is being built: in the hidden folder `path`, for `place`."""

    def __init__(self, place: Path, probe: Callable[[Path], None]) -> None:
        """Make the folder.

        Raises:
            OutputError: it cannot be made.
        """
        self.place = place
        self._probe = probe
        self._folder = atomic_folder(place, refusal=lambda _: None)
        self.path = self._folder.__enter__()

    def probe(self) -> None:
        """Raise OSError where nothing more can be written into the folder."""
        self._probe(self.path)

    def keep(self) -> None:
        """Sync everything, and let it take its place.

        Raises:
            OutputError: it cannot be written; it is gone then.
        """
        with self._folder_left():
            # TensorRT's side writes without looking whether it could: a full disk shows here, or not at all.
            self.probe()

    def discard(self) -> None:
        """Remove it."""
        with suppress(_DiscardedError), self._folder_left():
            raise _DiscardedError

    @contextmanager
    def _folder_left(self) -> Iterator[None]:
        with ExitStack() as stack:
            stack.push(self._folder)
            yield


class _DiscardedError(Exception):
    """Ends the folder of an engine that is not to be kept."""


class Store:
    """The engines below `root`, by default those in oddline's cache folder, which is not asked for before it is needed.

    `lock`, `free` and `probe` are what it needs of the system.
    """

    def __init__(
        self,
        root: Optional[Path] = None,
        *,
        lock: Callable[..., Any] = holding,
        free: Callable[[Path], int] = free_bytes,
        probe: Callable[[Path], None] = write_probe,
    ) -> None:
        self._root = root
        self._lock = lock
        self._free = free
        self._probe = probe

    @property
    def root(self) -> Path:
        """The folder of all engines.

        Raises:
            OutputError: oddline's cache folder cannot be told.
        """
        return cache_folder() / ENGINES_NAME if self._root is None else self._root

    def place(self, bundle: str, key: EngineKey) -> Path:
        """Where the engine is, or will be.

        Raises:
            OutputError: oddline's cache folder cannot be told.
        """
        return self.root / folder_name(bundle, key) / _PLACE

    def find(self, bundle: str, key: EngineKey) -> Union[Entry, str, None]:
        """The engine for `key`, checked; why the one that is there cannot be used; None when there is none."""
        try:
            return check_entry(self.place(bundle, key), key)
        except UnusableError as error:
            return str(error)
        except OSError as error:
            return f"it cannot be read ({error.strerror})"

    def stale(self, bundle: str, key: EngineKey) -> Optional[List[str]]:
        """How the engine of this bundle that is nearest to `key` differs from it; None when there is none."""
        others = [
            differences(listed.entry.key, key)
            for listed in self.entries()
            if listed.entry is not None and listed.entry.bundle == bundle and listed.entry.key != key
        ]
        return min(others, key=len) if others else None

    def entries(self) -> List[Listed]:
        """All engines, by name; their files are not checked.

        Raises:
            OutputError: the folder is there and cannot be read.
        """
        try:
            names = names_in(self.root)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise output_error(error, self.root) from error
        found = []
        for name in names:
            place = self.root / name / _PLACE
            try:
                entry = read_entry(place)
            except UnusableError as error:
                found.append(Listed(place, None, str(error)))
                continue
            if entry is not None:
                found.append(Listed(place, entry, None))
        return found

    def timings(self, key: EngineKey) -> Optional[bytes]:
        """What the latest build for this GPU and these libraries has measured, of whatever model; None without one.

        Timings belong to kinds of layers and their shapes, not to weights: with them, the engine of a model that learnt
        anew is built in a fraction of the time. Those of another release make onnxruntime fail: without the third
        number of TensorRT's version (``10``, from the name of a library of pip's) none are given.

        Raises:
            OutputError: the folder is there and cannot be read.
        """
        if key.tensorrt.count(".") < 2:
            return None
        name = timing_name(key.compute_capability)
        entries = [(listed.entry, listed.folder) for listed in self.entries() if listed.entry is not None]
        for entry, folder in sorted(entries, key=lambda found: found[0].built, reverse=True):
            stated = [file for file in entry.files if file.path == name]
            if stated and all(getattr(entry.key, field) == getattr(key, field) for field in _TIMED_BY):
                with suppress(OSError):  # one that is being replaced; the next one will do
                    content = (folder / name).read_bytes()
                    if hashlib.sha256(content).hexdigest() == stated[0].sha256:
                        return content
        return None

    @contextmanager
    def locked(self, bundle: str, key: EngineKey, on_wait: Callable[[], None]) -> Iterator[None]:
        """Be the only one who builds this engine; `on_wait` is called once when somebody else does so just now.

        Raises:
            OutputError: the cache cannot be written to.
        """
        home = self.place(bundle, key).parent
        with ExitStack() as stack:
            try:
                home.mkdir(parents=True, exist_ok=True)
                alone = stack.enter_context(self._lock(home / _LOCK, on_wait=on_wait))
                if alone:
                    for left in home.glob(_LEFT_OVER):
                        shutil.rmtree(left)
            except OSError as error:
                raise output_error(error, home) from error
            yield

    def new(self, bundle: str, key: EngineKey, model_bytes: int) -> Building:
        """A folder to build into; the lock is to be held. `model_bytes` is the size of the model.

        Raises:
            OutputError: there is no room, or the cache cannot be written to.
        """
        place = self.place(bundle, key)
        needed = needed_bytes(model_bytes)
        try:
            free = self._free(place.parent)
        except OSError as error:
            raise output_error(error, place) from error
        if free < needed:
            what = f"{free >> 20:,} MiB are free, and an engine may need {needed >> 20:,}"
            raise OutputError(what, where=str(place))
        return Building(place, self._probe)

    def prune(self, bundle: str, key: EngineKey) -> List[Path]:
        """Remove the engines of this bundle that are not for `key`, and all that are damaged; gives where they were.

        Raises:
            OutputError: one cannot be removed.
        """
        return [
            listed.folder
            for listed in self.entries()
            if (listed.entry is None or (listed.entry.bundle == bundle and listed.entry.key != key))
            and self.remove(listed.folder)
        ]

    def remove(self, place: Path) -> bool:
        """Remove an engine; False when somebody builds it just now.

        Raises:
            OutputError: it cannot be removed.
        """
        home = place.parent
        try:
            with self._lock(home / _LOCK, on_wait=refuse_to_wait):
                # The lock's file stays: one that was removed while another waits for it locks nobody out.
                for path in (place, *home.glob(_LEFT_OVER)):
                    if path.exists():
                        shutil.rmtree(path)
        except BusyError:
            return False
        except OSError as error:
            if error.errno == errno.ENOENT:
                return True
            raise output_error(error, place) from error
        return True
