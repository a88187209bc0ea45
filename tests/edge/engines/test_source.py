"""Engines that are built once and found again, and everything that can be wrong with one that is kept."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator, List

import msgspec
import pytest
from fake_tensorrt import ENGINE, FakeTensorrt, kept, load
from machines import XAVIER

from edge.bundle.folder import Bundle
from edge.engines.entry import ENTRY_NAME, Entry, read_entry
from edge.engines.source import CachedEngines
from edge.engines.store import Store
from edge.errors import ProviderError

Make = Callable[..., CachedEngines]
FILES = [
    f"{ENGINE}_sm72.engine",
    f"{ENGINE}_sm72.profile",
    "TensorrtExecutionProvider_cache_sm72.timing",
    ENTRY_NAME,
]


def test_the_first_session_builds_and_the_second_finds(make: Make, said: List[str], bundle: Bundle) -> None:
    tensorrt, first, second = FakeTensorrt(), make(), make()
    load(first, tensorrt)
    assert first.outcome is not None
    entry = first.outcome.entry
    assert entry is not None
    assert (entry.bundle, entry.via, entry.built, entry.seconds) == ("small", "onnxruntime", "2026-01-02T03:04:05Z", 90)
    assert entry.key.model_sha256 == bundle.model_sha256
    assert sorted(path.name for path in kept(first).iterdir()) == sorted(FILES)
    load(second, tensorrt)
    assert tensorrt.built == 1
    assert tensorrt.loaded == [FILES[0]]
    assert second.outcome == first.outcome._replace(built=False)
    assert said == []


def test_the_engine_lies_in_the_cache_folder_under_its_name(place: Path, store: Store) -> None:
    assert place.relative_to(store.root).as_posix() == f"{place.parent.name}/engine"
    assert place.parent.name.startswith("small-fp32-xavier-sm72-trt8.5.2-")
    assert [path.name for path in place.parent.iterdir() if path.name.startswith(".")] == []


def test_a_read_only_engine_is_used(place: Path, make: Make, store: Store, said: List[str]) -> None:
    def no_lock(*_: object, **__: object) -> object:
        raise OSError(errno.EROFS, "Read-only file system")

    tensorrt, source = FakeTensorrt(), make(store=Store(store.root, lock=no_lock))
    load(source, tensorrt)
    assert (tensorrt.built, kept(source), said) == (0, place, [])


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("tensorrt", "8.6.1", "TensorRT 8.5.2 and not 8.6.1"),
        ("cuda", "11.8", "CUDA 11.4.19 and not 11.8"),
        ("gpu", "Orin", "GPU Xavier and not Orin"),
        ("compute_capability", "8.7", "compute capability 7.2 and not 8.7"),
    ],
)
def test_on_another_machine_another_engine_is_built(
    place: Path, make: Make, said: List[str], field: str, value: str, told: str
) -> None:
    tensorrt, source = FakeTensorrt(), make(facts=XAVIER._replace(**{field: value}))
    load(source, tensorrt)
    assert tensorrt.built == 1
    assert kept(source) != place
    assert place.is_dir(), "the machine may go back to it"
    assert said == [f"the TensorRT engine that is kept is for {told}; another one is built"]


def test_with_another_onnxruntime_another_engine_is_built(place: Path, make: Make, said: List[str]) -> None:
    tensorrt = FakeTensorrt("1.17.1")
    load(make(onnxruntime_version="1.17.1"), tensorrt)
    assert tensorrt.built == 1
    assert said == ["the TensorRT engine that is kept is for ONNX Runtime 1.16.3 and not 1.17.1; another one is built"]


def test_a_model_that_learnt_anew_has_another_engine(
    place: Path, make: Make, said: List[str], relearnt_bundle: Bundle
) -> None:
    """Names and shapes are the same, so ONNX Runtime by itself would run the old engine."""
    tensorrt, source = FakeTensorrt(), make(bundle=relearnt_bundle)
    load(source, tensorrt)
    assert tensorrt.built == 1
    assert kept(source) != place
    assert said == ["the TensorRT engine that is kept is for another model; another one is built"]


def test_its_build_starts_with_the_timings_that_were_measured(
    place: Path, make: Make, store: Store, relearnt_bundle: Bundle
) -> None:
    tensorrt, source = FakeTensorrt(), make(bundle=relearnt_bundle)
    load(source, tensorrt)
    assert (place / FILES[2]).read_bytes() == b"timings"
    assert (kept(source) / FILES[2]).read_bytes() == b"timingstimings"
    again = make(bundle=relearnt_bundle, rebuild=True)
    load(again, tensorrt)
    assert (kept(again) / FILES[2]).read_bytes() == b"timings", "measured anew"


@pytest.mark.parametrize(
    ("field", "value"), [("tensorrt", "8.6.1"), ("cuda", "12.2"), ("gpu", "Orin"), ("compute_capability", "8.7")]
)
def test_timings_of_another_machine_are_not_used(place: Path, make: Make, field: str, value: str) -> None:
    found: List[List[str]] = []
    source = make(facts=XAVIER._replace(**{field: value}))
    load(source, FakeTensorrt(during=lambda folder: found.append([path.name for path in folder.iterdir()])))
    assert found == [[]]


def test_timings_of_a_release_that_is_not_known_are_not_used(make: Make, relearnt_bundle: Bundle) -> None:
    facts = XAVIER._replace(tensorrt="10")
    load(make(facts=facts), FakeTensorrt())
    source = make(facts=facts, bundle=relearnt_bundle)
    load(source, FakeTensorrt())
    assert (kept(source) / FILES[2]).read_bytes() == b"timings"


def test_damaged_timings_are_not_used(place: Path, make: Make, store: Store, relearnt_bundle: Bundle) -> None:
    """TensorRT would refuse them, and ONNX Runtime the session."""
    flip(place / FILES[2])
    source = make(bundle=relearnt_bundle)
    key = source.key()
    assert key is not None
    assert store.timings(key) is None
    load(source, FakeTensorrt())
    assert (kept(source) / FILES[2]).read_bytes() == b"timings"
    assert store.timings(key) == b"timings"


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("harm", [truncate, flip, Path.unlink])
def test_a_damaged_engine_is_built_again(
    place: Path, make: Make, said: List[str], name: str, harm: Callable[[Path], object]
) -> None:
    harm(place / name)
    tensorrt, source = FakeTensorrt(), make()
    load(source, tensorrt)
    if name == ENTRY_NAME and tensorrt.built == 0:
        return  # a bit of the time or the like, which vouches for nothing
    assert tensorrt.built == 1
    assert len(said) == 1
    assert said[0].startswith("the TensorRT engine that is kept cannot be used: it")
    assert said[0].endswith("; it is built again")
    said.clear()
    load(make(), tensorrt)
    assert (tensorrt.built, said) == (1, [])


def test_what_is_wrong_with_it_is_told(place: Path, make: Make, said: List[str]) -> None:
    truncate(place / FILES[0])
    size = (place / FILES[0]).stat().st_size
    load(make(), FakeTensorrt())
    assert f"its {FILES[0]} has {size} bytes and not {size + 1};" in said[0]


def test_a_file_that_was_put_beside_is_not_trusted(place: Path, make: Make, said: List[str]) -> None:
    (place / "other.engine").write_bytes(b"ptrt")
    load(make(), FakeTensorrt())
    assert "it holds files that do not belong to it" in said[0]
    assert not (place / "other.engine").exists()


def test_a_link_is_not_followed(place: Path, make: Make, said: List[str], tmp_path: Path) -> None:
    (place / FILES[0]).rename(tmp_path / "elsewhere")
    (place / FILES[0]).symlink_to(tmp_path / "elsewhere")
    load(make(), FakeTensorrt())
    assert f"its {FILES[0]} cannot be read" in said[0]
    assert not (place / FILES[0]).is_symlink()


@pytest.mark.parametrize("path", ["../lock", "/etc/hostname"])
def test_an_entry_that_lists_what_is_outside_is_not_trusted(
    place: Path, make: Make, said: List[str], path: str
) -> None:
    entry = msgspec.json.decode((place / ENTRY_NAME).read_bytes())
    entry["files"][0]["path"] = path
    (place / ENTRY_NAME).write_bytes(msgspec.json.encode(entry))
    load(make(), FakeTensorrt())
    assert "outside of it" in said[0]


def test_an_entry_of_a_later_oddline_is_built_again(place: Path, make: Make, said: List[str]) -> None:
    entry = msgspec.json.decode((place / ENTRY_NAME).read_bytes())
    (place / ENTRY_NAME).write_bytes(msgspec.json.encode({**entry, "schema_version": 2, "new": 1}))
    load(make(), FakeTensorrt())
    assert "its schema version is 2 and not 1" in said[0]


def test_an_entry_of_another_key_is_built_again(place: Path, make: Make, said: List[str]) -> None:
    entry = read_entry(place)
    assert isinstance(entry, Entry)
    other = msgspec.structs.replace(entry, key=msgspec.structs.replace(entry.key, tensorrt="8.4.1"))
    (place / ENTRY_NAME).write_bytes(msgspec.json.encode(other))
    load(make(), FakeTensorrt())
    assert "it is for TensorRT 8.4.1 and not 8.5.2" in said[0]


def test_an_engine_that_tensorrt_cannot_read_is_given_up(place: Path, make: Make, said: List[str]) -> None:
    tensorrt = FakeTensorrt()
    tensorrt.broken = "TensorRT EP could not deserialize engine from cache: x.engine"
    with pytest.raises(ProviderError, match="could not deserialize"):
        load(make(), tensorrt)
    assert not place.exists()
    assert len(said) == 1
    assert said[0].endswith("the next session builds another")
    healthy = FakeTensorrt()
    load(make(), healthy)
    assert healthy.built == 1


@pytest.mark.parametrize("message", ["CUDA failure 2: out of memory", "onnxruntime fell back to CPU"])
def test_an_engine_is_kept_when_the_session_fails_for_another_reason(
    place: Path, make: Make, said: List[str], message: str
) -> None:
    tensorrt = FakeTensorrt()
    tensorrt.broken = message
    with pytest.raises(ProviderError):
        load(make(), tensorrt)
    assert place.is_dir()
    assert said == []


@pytest.mark.parametrize("error", [ProviderError("no kernel image is available"), KeyboardInterrupt(), SystemExit()])
def test_what_a_failed_build_left_is_not_kept(make: Make, said: List[str], store: Store, error: BaseException) -> None:
    def fail(folder: Path) -> None:
        (folder / "half.engine").write_bytes(b"half")
        raise error

    source = make()
    with pytest.raises(type(error)):
        load(source, FakeTensorrt(during=fail))
    assert source.outcome is None
    assert [path.name for path in store.root.rglob("*") if path.is_file()] == ["lock"]
    tensorrt = FakeTensorrt()
    load(source, tensorrt)
    assert tensorrt.built == 1, "the lock is free, and the source can be used again"
    assert kept(source).is_dir()


def test_an_engine_that_the_session_does_not_take_is_replaced_by_its_own(
    place: Path, make: Make, said: List[str]
) -> None:
    """Its name depends on how ONNX Runtime cuts the graph, which is its own business."""
    tensorrt, source = FakeTensorrt(name="TensorrtExecutionProvider_TRTKernel_graph_other_1_0_0"), make()
    load(source, tensorrt)
    assert tensorrt.built == 1
    assert said == ["onnxruntime did not take the engine that is kept, and built one of its own: that is kept now"]
    said.clear()
    load(make(), tensorrt)
    assert (tensorrt.built, said) == (1, [])


def test_other_files_that_a_session_writes_become_part_of_it(place: Path, make: Make, said: List[str]) -> None:
    source = make()
    with source.prepared():
        (place / FILES[2]).write_bytes(b"more timings")
    load(make(), tensorrt := FakeTensorrt())
    assert (tensorrt.built, said) == (0, [])


def test_when_tensorrt_takes_no_part_nothing_is_kept(make: Make, said: List[str], store: Store) -> None:
    """onnxruntime lists it as the provider all the same; what runs is CUDA, or the CPU."""
    source = make()
    with pytest.raises(ProviderError, match="TensorRT took no part of the model"):
        load(source, FakeTensorrt(writes_engine=False))
    assert source.outcome is None
    assert said == []
    assert store.entries() == []
    assert [path.name for path in store.root.rglob("*") if path.is_file()] == ["lock"]


def test_an_engine_that_a_full_disk_did_not_take_is_no_fault_of_tensorrts(
    make: Make, said: List[str], store: Store
) -> None:
    def full(folder: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    load(make(store=Store(store.root, probe=full)), FakeTensorrt(writes_engine=False))
    assert len(said) == 1
    assert said[0].startswith("the TensorRT engine is not kept, and will be built again each time: ")
    assert store.entries() == []


@pytest.mark.parametrize("field", XAVIER._fields)
def test_without_knowing_what_it_depends_on_no_engine_is_kept(
    make: Make, said: List[str], store: Store, field: str
) -> None:
    tensorrt, source = FakeTensorrt(), make(facts=XAVIER._replace(**{field: None}))
    load(source, tensorrt)
    assert tensorrt.built == 1
    assert tensorrt.given[0]["trt_engine_cache_enable"] == "False"
    assert not store.root.exists()
    assert len(said) == 1
    assert said[0].startswith("the TensorRT engine is not kept, and will be built again each time: ")
    assert said[0].endswith(" cannot be told; oddline doctor says what is missing")


def test_where_tensorrt_does_not_work_nothing_is_said_of_its_engine(make: Make, said: List[str]) -> None:
    tensorrt = FakeTensorrt()
    tensorrt.broken = "libnvinfer.so.8 is missing"
    with pytest.raises(ProviderError):
        load(make(facts=XAVIER._replace(gpu=None, tensorrt=None)), tensorrt)
    assert said == []


def test_rebuild_builds_what_is_there(place: Path, make: Make, said: List[str]) -> None:
    tensorrt, source = FakeTensorrt(), make(rebuild=True)
    load(source, tensorrt)
    assert (tensorrt.built, kept(source), said) == (1, place, [])


def test_too_old_an_onnxruntime_is_refused_before_anything_is_made(make: Make, store: Store) -> None:
    with pytest.raises(ProviderError, match="too old"):
        load(make(onnxruntime_version="1.14.1"), FakeTensorrt())
    assert not store.root.exists()


def test_a_build_is_shown_and_a_kept_engine_is_not(make: Make) -> None:
    shown: List[str] = []

    @contextmanager
    def alive(text: str) -> Iterator[None]:
        shown.append(text)
        yield
        shown.append("end")

    load(make(alive=alive), FakeTensorrt())
    assert shown == ["building the TensorRT engine, which takes minutes the first time", "end"]
    load(make(alive=alive), FakeTensorrt())
    assert len(shown) == 2


def test_sizes_of_the_entry_are_those_of_the_files(place: Path) -> None:
    entry = read_entry(place)
    assert entry is not None
    assert entry.size == sum(path.stat().st_size for path in place.iterdir() if path.name != ENTRY_NAME)
