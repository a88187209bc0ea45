from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Callable

import pytest
import sample_bundle
from hypothesis import given
from hypothesis import strategies as st

from edge.bundle import integrity
from edge.bundle.integrity import check_files, check_path, file_entry, read_limited, read_listed
from edge.bundle.manifest import FileEntry, Manifest
from edge.errors import IntegrityError


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return sample_bundle.write_bundle(tmp_path / "bundle")


@pytest.fixture
def manifest(bundle: Path) -> Manifest:
    return listing(bundle)


def listing(bundle: Path) -> Manifest:
    return sample_bundle.manifest(files=[file_entry(bundle / path, bundle) for path in sample_bundle.FILES])


def test_file_entry_is_what_sha256sum_says(tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / "report/a.txt").write_bytes(b"abc")
    assert file_entry(tmp_path / "report/a.txt", tmp_path) == FileEntry(
        path="report/a.txt",
        size=3,
        sha256="ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    )


def test_file_entry_refuses_what_is_not_a_file_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    (tmp_path / "outside.txt").write_bytes(b"abc")
    (tmp_path / "inside/link").symlink_to(tmp_path / "outside.txt")
    for path in ("outside.txt", "inside/../outside.txt", "inside/link", "inside/absent"):
        with pytest.raises(IntegrityError):
            file_entry(tmp_path / path, tmp_path / "inside")


def test_a_good_folder_passes_and_gives_what_was_asked(bundle: Path, manifest: Manifest) -> None:
    assert check_files(bundle, manifest) == {}
    assert check_files(bundle, manifest, keep=["model.onnx", "empty.txt"]) == {
        "model.onnx": sample_bundle.FILES["model.onnx"],
        "empty.txt": b"",
    }
    for entry in manifest.files:
        assert read_listed(bundle, entry) == sample_bundle.FILES[entry.path]


def test_the_folder_itself_may_be_given_by_a_link(bundle: Path, manifest: Manifest) -> None:
    link = bundle.with_name("current")
    link.symlink_to(bundle, target_is_directory=True)
    check_files(link, manifest)


@pytest.mark.parametrize("path", sorted(sample_bundle.FILES))
def test_a_missing_file(bundle: Path, manifest: Manifest, path: str) -> None:
    (bundle / path).unlink()
    with pytest.raises(IntegrityError, match="missing") as caught:
        check_files(bundle, manifest)
    assert caught.value.where == str(bundle / path)
    assert caught.value.mend == "copy the bundle again"


def test_a_missing_folder(bundle: Path, manifest: Manifest) -> None:
    shutil.rmtree(bundle / "report")
    with pytest.raises(IntegrityError, match="missing"):
        check_files(bundle, manifest)


@pytest.mark.parametrize("path", sorted(sample_bundle.FILES))
def test_a_longer_and_a_shorter_file(bundle: Path, manifest: Manifest, path: str) -> None:
    content = sample_bundle.FILES[path]
    for other in (content + b"\n", content[:-1]):
        (bundle / path).write_bytes(other)
        if other != content:
            with pytest.raises(IntegrityError, match=f"{len(other):,} bytes where the manifest says {len(content):,}"):
                check_files(bundle, manifest)


@pytest.mark.parametrize("extra", ["notes.txt", ".hidden", "report/other.html", "odd\x1b[2Jname"])
def test_an_extra_file(bundle: Path, manifest: Manifest, extra: str) -> None:
    (bundle / extra).write_bytes(b"")
    with pytest.raises(IntegrityError, match="a file that the manifest does not list") as caught:
        check_files(bundle, manifest)
    assert caught.value.where == str(bundle / extra)
    assert "\x1b" not in str(caught.value)


def test_an_extra_file_whose_name_is_not_utf8(bundle: Path, manifest: Manifest) -> None:
    Path(os.fsdecode(os.fsencode(bundle) + b"/\xff")).write_bytes(b"")
    with pytest.raises(IntegrityError, match="does not list") as caught:
        check_files(bundle, manifest)
    str(caught.value).encode("utf-8")


def test_an_extra_folder(bundle: Path, manifest: Manifest) -> None:
    (bundle / "report/plots").mkdir()
    with pytest.raises(IntegrityError, match="a folder that the manifest does not list"):
        check_files(bundle, manifest)


def link_to_same_content(path: Path) -> None:
    moved = path.parent.parent / "moved"
    path.rename(moved)
    path.symlink_to(moved)


def link_to_nothing(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


@pytest.mark.parametrize("damage", [link_to_same_content, link_to_nothing])
@pytest.mark.parametrize("path", ["model.onnx", "golden.jsonl"])
def test_a_linked_file(bundle: Path, manifest: Manifest, path: str, damage: Callable[[Path], None]) -> None:
    damage(bundle / path)
    with pytest.raises(IntegrityError, match="a symbolic link"):
        check_files(bundle, manifest)
    with pytest.raises(IntegrityError, match="a symbolic link"):
        read_listed(bundle, next(entry for entry in manifest.files if entry.path == path))
    with pytest.raises(IntegrityError, match="a symbolic link"):
        read_limited(bundle, path, 1_000)


def test_a_linked_folder(bundle: Path, manifest: Manifest) -> None:
    (bundle / "report").rename(bundle.parent / "report")
    (bundle / "report").symlink_to(bundle.parent / "report", target_is_directory=True)
    with pytest.raises(IntegrityError, match="a symbolic link"):
        check_files(bundle, manifest)
    with pytest.raises(IntegrityError, match="a symbolic link"):
        read_listed(bundle, next(entry for entry in manifest.files if "/" in entry.path))


@pytest.mark.parametrize("target", ["/etc", "model.onnx", "nowhere"])
def test_an_unlisted_link(bundle: Path, manifest: Manifest, target: str) -> None:
    (bundle / "extra").symlink_to(target)
    with pytest.raises(IntegrityError, match="a symbolic link"):
        check_files(bundle, manifest)


def test_a_pipe_is_refused_and_not_waited_for(bundle: Path, manifest: Manifest) -> None:
    (bundle / "model.onnx").unlink()
    os.mkfifo(bundle / "model.onnx")
    with pytest.raises(IntegrityError, match="not a plain file"):
        check_files(bundle, manifest)


def test_a_folder_where_a_file_should_be(bundle: Path, manifest: Manifest) -> None:
    (bundle / "model.onnx").unlink()
    (bundle / "model.onnx").mkdir()
    with pytest.raises(IntegrityError, match="folder"):
        check_files(bundle, manifest)


BAD_PATHS = {
    "/etc/passwd": "is absolute",
    "//etc/passwd": "is absolute",
    "../outside": "leaves the folder",
    "report/../../outside": "leaves the folder",
    "..": "leaves the folder",
    "": "not a plain path",
    ".": "not a plain path",
    "./model.onnx": "not a plain path",
    "report//metrics.json": "not a plain path",
    "report/": "not a plain path",
    "report\\metrics.json": "not a plain path",
    "C:\\model.onnx": "not a plain path",
    "model.onnx\0": "not a plain path",
    "a\nb": "not a plain path",
    "a\u202eb": "not a plain path",
    "a/" * 127 + "bb": "longer than 255",
}


@pytest.mark.parametrize(("path", "words"), BAD_PATHS.items(), ids=[ascii(path)[:30] for path in BAD_PATHS])
def test_paths_that_leave_the_folder_or_could(bundle: Path, manifest: Manifest, path: str, words: str) -> None:
    entry = FileEntry(path=path, size=0, sha256="0" * 64)
    with pytest.raises(IntegrityError, match=words) as caught:
        check_files(bundle, sample_bundle.manifest(files=[*manifest.files, entry]))
    assert caught.value.where == str(bundle / "manifest.json")
    with pytest.raises(IntegrityError, match=words):
        read_listed(bundle, entry)


@given(st.text(max_size=40) | st.lists(st.sampled_from(["..", ".", "", "a", "b.c", "\\"])).map("/".join))
def test_an_accepted_path_stays_inside(path: str) -> None:
    try:
        check_path(path, "m")
    except IntegrityError:
        return
    assert os.path.normpath(f"/a/bundle/{path}") == f"/a/bundle/{path}"


@pytest.mark.parametrize("path", ["model.onnx", "manifest.json"])
def test_a_file_listed_wrongly(bundle: Path, manifest: Manifest, path: str) -> None:
    again = file_entry(bundle / path, bundle)
    with pytest.raises(IntegrityError, match="lists"):
        check_files(bundle, sample_bundle.manifest(files=[*manifest.files, again]))


def test_a_kept_file_must_be_listed(bundle: Path) -> None:
    with pytest.raises(IntegrityError, match=r"does not list model\.onnx"):
        check_files(bundle, sample_bundle.manifest(), keep=["model.onnx"])


def test_the_file_swapped_between_two_reads_is_found(bundle: Path, manifest: Manifest) -> None:
    check_files(bundle, manifest)
    entry = next(entry for entry in manifest.files if entry.path == "golden.jsonl")
    (bundle / "golden.jsonl").write_bytes(sample_bundle.FILES["golden.jsonl"].replace(b"0.5", b"0.6"))
    with pytest.raises(IntegrityError, match="sha256"):
        read_listed(bundle, entry)


def test_a_file_that_grows_while_it_is_read(bundle: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.read

    def growing(descriptor: int, count: int) -> bytes:
        with (bundle / "model.onnx").open("ab") as stream:
            stream.write(b"more")
        return real(descriptor, min(count, 100))

    monkeypatch.setattr(integrity.os, "read", growing)
    with pytest.raises(IntegrityError, match="sha256"):
        read_listed(bundle, manifest.files[0])


def test_a_disk_that_fails(bundle: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(descriptor: int, count: int) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(integrity.os, "read", failing)
    for work in (
        lambda: check_files(bundle, manifest),
        lambda: file_entry(bundle / "model.onnx", bundle),
        lambda: read_limited(bundle, "model.onnx", 10_000),
    ):
        with pytest.raises(IntegrityError, match="cannot be read"):
            work()


def test_the_limit_of_size(bundle: Path) -> None:
    size = (bundle / "model.onnx").stat().st_size
    assert len(read_limited(bundle, "model.onnx", size)) == size
    with pytest.raises(IntegrityError, match="larger than"):
        read_limited(bundle, "model.onnx", size - 1)


def test_no_descriptor_is_left_open(bundle: Path, manifest: Manifest) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    check_files(bundle, manifest)
    (bundle / "report/metrics.json").unlink()
    with pytest.raises(IntegrityError):
        check_files(bundle, manifest)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
