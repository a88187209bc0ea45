"""Engines that other processes remove, replace and build while they are used here."""

from __future__ import annotations

import shutil
from contextlib import contextmanager, nullcontext
from datetime import datetime, timezone
from pathlib import Path
from typing import Callable, ContextManager, Iterator, List, Union

from fake_tensorrt import ENGINE, FakeTensorrt, kept, load

from edge.engines.entry import Entry, read_entry
from edge.engines.key import EngineKey
from edge.engines.source import CachedEngines
from edge.engines.store import Store

Make = Callable[..., CachedEngines]
ENGINE_FILE, TIMINGS = f"{ENGINE}_sm72.engine", "TensorrtExecutionProvider_cache_sm72.timing"


class RemovedStore(Store):
    """A cache whose engines are removed by others, `times` times, right after they were found."""

    times = 1

    def find(self, bundle: str, key: EngineKey) -> Union[Entry, str, None]:
        found = super().find(bundle, key)
        if isinstance(found, Entry) and self.times:
            self.times -= 1
            shutil.rmtree(self.place(bundle, key))
        return found


def test_an_engine_that_is_removed_after_it_was_found_is_built_again(
    place: Path, make: Make, said: List[str], store: Store
) -> None:
    tensorrt, source = FakeTensorrt(), make(store=RemovedStore(store.root))
    load(source, tensorrt)
    assert (tensorrt.built, kept(source), said) == (1, place, [])
    assert place.is_dir()


def test_an_engine_that_is_removed_again_and_again_is_given_up(
    place: Path, make: Make, said: List[str], store: Store
) -> None:
    lost = RemovedStore(store.root)
    tensorrt, source = FakeTensorrt(), make(store=lost)
    lost.times = 99

    def rebuilt(*_: object, **__: object) -> ContextManager[bool]:
        lost.times, before = 0, lost.times
        load(make(), FakeTensorrt())
        lost.times = before
        return nullcontext(True)

    lost._lock = rebuilt
    load(source, tensorrt)
    assert tensorrt.given[0]["trt_engine_cache_enable"] == "False"
    assert source.outcome is None
    assert len(said) == 1
    assert "/engine: the target folder does not exist" in said[0]


def test_an_engine_that_is_removed_while_it_is_used_is_no_error(
    place: Path, make: Make, said: List[str], store: Store
) -> None:
    source = make()
    with source.prepared():
        assert store.remove(place)
    assert source.outcome is None
    assert said == ["the TensorRT engine was removed while it was in use: the next session builds another"]


def test_an_engine_that_another_process_has_put_there_is_not_vouched_for(
    place: Path, make: Make, said: List[str]
) -> None:
    """Whoever uses the old one knows nothing of the new one's files."""
    later = datetime(2027, 1, 2, tzinfo=timezone.utc)
    source = make()
    with source.prepared():
        (place / TIMINGS).write_bytes(b"more timings")
        load(make(rebuild=True, now=lambda: later), FakeTensorrt())
        (place / ENGINE_FILE).write_bytes(b"damaged")
    entry = read_entry(place)
    assert entry is not None
    assert entry.built == "2027-01-02T00:00:00Z"
    load(make(), tensorrt := FakeTensorrt())
    assert tensorrt.built == 1
    assert len(said) == 1
    assert said[0].startswith("the TensorRT engine that is kept cannot be used: ")


def test_an_engine_that_is_replaced_before_its_changes_are_noted_is_not_vouched_for(
    place: Path, make: Make, said: List[str], store: Store
) -> None:
    """Who replaces it holds the lock, for which this process waits."""
    later = datetime(2027, 1, 2, tzinfo=timezone.utc)

    @contextmanager
    def lock(*_: object, **__: object) -> Iterator[bool]:
        load(make(rebuild=True, now=lambda: later), FakeTensorrt())
        yield True

    source = make(store=Store(store.root, lock=lock))
    with source.prepared():
        (place / TIMINGS).write_bytes(b"more timings")
    entry = read_entry(place)
    assert entry is not None
    assert entry.built == "2027-01-02T00:00:00Z"
    assert said == []


def test_who_waited_for_an_engine_and_uses_it_keeps_nobody_waiting(make: Make, store: Store) -> None:
    """The lock was taken to build, and is not needed for what another process has built meanwhile."""
    held: List[str] = []

    @contextmanager
    def lock(*_: object, **__: object) -> Iterator[bool]:
        load(make(), FakeTensorrt())
        held.append("held")
        yield True
        held.append("released")

    source = make(store=Store(store.root, lock=lock))
    with source.prepared():
        assert held == ["held", "released"]
    assert kept(source).is_dir()
