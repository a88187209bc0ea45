"""The cache folder that has no room, cannot be written to, or holds more than is wanted."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Callable, Dict, List, NoReturn

import pytest
from fake_tensorrt import FakeTensorrt
from machines import XAVIER

from edge.engines.entry import ENTRY_NAME
from edge.engines.lock import holding
from edge.engines.source import CachedEngines
from edge.engines.store import Store
from edge.errors import OutputError

Make = Callable[..., CachedEngines]
MEND = "make room there, or set ODDLINE_CACHE_DIR to a folder that can be written to"
NOT_KEPT = "the TensorRT engine is not kept, and will be built again each time: "


def load(source: CachedEngines, tensorrt: FakeTensorrt) -> None:
    tensorrt.load(source.bundle.model, source)


def not_kept(make: Make, store: Store, said: List[str]) -> str:
    """A session goes on without a cache, which is said once; gives what is said."""
    tensorrt, source = FakeTensorrt(), make(store=store)
    load(source, tensorrt)
    assert tensorrt.built == 1
    assert source.outcome is None
    assert len(said) == 1
    assert said[0].startswith(NOT_KEPT)
    assert said[0].endswith(f"; {MEND}")
    return said[0]


def test_a_disk_without_room(make: Make, tmp_path: Path, said: List[str]) -> None:
    store = Store(tmp_path / "engines", free=lambda _: 5 << 20)
    told = not_kept(make, store, said)
    assert ": 5 MiB are free, and an engine may need 64; " in told
    assert store.entries() == []


def test_a_disk_that_fills_up_while_tensorrt_writes(make: Make, tmp_path: Path, said: List[str]) -> None:
    """ONNX Runtime does not look whether its files were written whole: a half one must not be kept."""

    def full(_: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    store = Store(tmp_path / "engines", probe=full)
    told = not_kept(make, store, said)
    assert ": the disk is full; " in told
    assert list(store.root.glob("*/engine")) == []
    assert list(store.root.glob("*/.oddline*")) == []


def test_a_disk_that_is_full_when_the_entry_is_written(
    make: Make, store: Store, said: List[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> object:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("edge.engines.source.seal", full)
    assert ": the disk is full; " in not_kept(make, store, said)
    assert list(store.root.glob("*/engine")) == []
    assert list(store.root.glob("*/.oddline*")) == []


def test_a_cache_below_a_file(make: Make, tmp_path: Path, said: List[str]) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert "not a folder" in not_kept(make, Store(tmp_path / "file" / "engines"), said)


def test_a_read_only_cache(make: Make, tmp_path: Path, said: List[str]) -> None:
    def read_only(*_: object, **__: object) -> object:
        raise OSError(errno.EROFS, "Read-only file system")

    assert "the file system is read-only" in not_kept(make, Store(tmp_path / "engines", lock=read_only), said)


def test_without_locks_the_engine_is_kept_all_the_same(make: Make, tmp_path: Path, said: List[str]) -> None:
    def no_locks(path: Path, *, on_wait: Callable[[], None]) -> object:
        def refuse(_: int, __: int) -> None:
            raise OSError(errno.ENOLCK, "No locks available")

        return holding(path, on_wait=on_wait, lock=refuse)

    store = Store(tmp_path / "engines", lock=no_locks)
    load(make(store=store), FakeTensorrt())
    assert len(store.entries()) == 1
    assert said == []


def test_what_another_builder_writes_is_left_alone_without_a_lock(make: Make, tmp_path: Path) -> None:
    def no_locks(path: Path, *, on_wait: Callable[[], None]) -> object:
        def refuse(_: int, __: int) -> None:
            raise OSError(errno.ENOLCK, "No locks available")

        return holding(path, on_wait=on_wait, lock=refuse)

    store = Store(tmp_path / "engines", lock=no_locks)
    source = make(store=store)
    key = source.key()
    assert key is not None
    other = store.place("small", key).parent / ".oddline-0123.tmp"
    other.mkdir(parents=True)
    load(source, FakeTensorrt())
    assert other.is_dir()


def test_the_usual_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ODDLINE_CACHE_DIR", str(tmp_path))
    assert Store().root == tmp_path / "engines"


def test_a_user_without_a_home_keeps_no_engine_and_is_told_the_mend(
    make: Make, monkeypatch: pytest.MonkeyPatch, said: List[str]
) -> None:
    """As in a container that runs as a user whom its list of users does not have."""

    def nobody(number: int) -> NoReturn:
        raise KeyError(number)

    for name in ("ODDLINE_CACHE_DIR", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", nobody)
    tensorrt = FakeTensorrt()
    load(make(store=Store()), tensorrt)
    assert tensorrt.built == 1
    assert len(said) == 1
    assert said[0].startswith("the TensorRT engine is not kept, and will be built again each time: the cache folder")
    assert said[0].endswith("or set ODDLINE_CACHE_DIR to a folder that can be written to")


@pytest.fixture
def several(make: Make, store: Store) -> Dict[str, Path]:
    """The engine for this machine, and those for others."""
    places = {}
    for name, facts in {
        "here": XAVIER,
        "before": XAVIER._replace(tensorrt="8.4.1"),
        "orin": XAVIER._replace(gpu="Orin", compute_capability="8.7"),
    }.items():
        source = make(facts=facts)
        load(source, FakeTensorrt())
        assert source.outcome is not None
        places[name] = source.outcome.folder
    return places


def test_all_engines_are_listed(several: Dict[str, Path], store: Store) -> None:
    (several["orin"] / ENTRY_NAME).unlink()
    listed = store.entries()
    assert sorted(entry.folder for entry in listed) == sorted(several.values())
    assert {entry.folder: entry.unusable for entry in listed if entry.entry is None} == {
        several["orin"]: f"its {ENTRY_NAME} cannot be read (No such file or directory)"
    }


def test_an_empty_or_missing_cache_lists_nothing(store: Store) -> None:
    assert store.entries() == []
    store.root.mkdir(parents=True)
    (store.root / "something").write_bytes(b"")
    (store.root / "folder").mkdir()
    assert store.entries() == []


def test_a_cache_that_cannot_be_listed(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="not a folder"):
        Store(tmp_path / "file").entries()


def test_prune_leaves_the_engine_for_this_machine_and_other_bundles_engines(
    several: Dict[str, Path], store: Store, make: Make
) -> None:
    (several["orin"] / ENTRY_NAME).write_bytes(b"{}")
    key = make().key()
    assert key is not None
    assert store.prune("another", key) == [several["orin"]], "damaged ones go, whose ever they were"
    assert store.prune("small", key) == [several["before"]]
    assert several["here"].is_dir()
    assert store.prune("small", key) == []


def test_an_engine_that_is_being_built_is_not_removed(several: Dict[str, Path], store: Store) -> None:
    place = several["here"]
    with holding(place.parent / "lock", on_wait=lambda: None):
        assert not store.remove(place)
    assert place.is_dir()
    assert store.remove(place)
    assert not place.exists()


def test_an_engine_that_cannot_be_removed(several: Dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(*_: object, **__: object) -> object:
        raise OSError(errno.EROFS, "Read-only file system")

    store = Store(several["here"].parents[1], lock=read_only)
    with pytest.raises(OutputError, match="read-only"):
        store.remove(several["here"])
