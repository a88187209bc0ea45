from __future__ import annotations

import errno
import os
import threading
from pathlib import Path
from typing import List, Optional

import pytest
from own_process import names, run

from edge.errors import InputError, OutputError
from edge.files import atomic
from edge.files.atomic import atomic_folder


def put(path: Path, content: str, why: Optional[str] = None) -> None:
    with atomic_folder(path, refusal=lambda _: why) as folder:
        (folder / "report").mkdir()
        (folder / "report/a").write_text(content)


@pytest.fixture(params=["exchange", "two renames"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "two renames":
        monkeypatch.setattr(atomic, "exchange", lambda first, second: False)
    return str(request.param)


def test_a_folder_appears_and_is_replaced(tmp_path: Path, way: str) -> None:
    for content in ("first", "second", "third"):
        put(tmp_path / "bundle", content)
        assert (tmp_path / "bundle/report/a").read_text() == content
        assert names(tmp_path) == ["bundle"]


def test_an_empty_folder_is_replaced_whatever_the_refusal_says(tmp_path: Path, way: str) -> None:
    (tmp_path / "bundle").mkdir()
    put(tmp_path / "bundle", "new", why="is precious")
    assert (tmp_path / "bundle/report/a").read_text() == "new"


def test_a_refused_folder_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    put(tmp_path / "bundle", "old")
    written: List[Path] = []

    def write() -> None:
        with atomic_folder(tmp_path / "bundle", refusal=lambda _: "is precious") as folder:
            written.append(folder)

    with pytest.raises(OutputError, match="the folder is precious, and is not replaced; choose another name"):
        write()
    assert written == []
    assert (tmp_path / "bundle/report/a").read_text() == "old"


def test_a_folder_that_became_precious_meanwhile_is_kept(tmp_path: Path) -> None:
    answers = iter([None, "is precious now"])
    put(tmp_path / "bundle", "old")
    with pytest.raises(OutputError, match="precious now"), atomic_folder(
        tmp_path / "bundle", refusal=lambda _: next(answers)
    ):
        pass
    assert (tmp_path / "bundle/report/a").read_text() == "old"
    assert names(tmp_path) == ["bundle"]


def test_there_is_no_moment_without_a_folder(tmp_path: Path) -> None:
    target = tmp_path / "bundle"
    put(target, "0")
    probe = tmp_path / "probe"
    probe.mkdir()
    (tmp_path / "other").mkdir()
    if not atomic.exchange(probe, tmp_path / "other"):
        pytest.skip("this system or file system has no exchange of names")
    done = threading.Event()
    missed: List[str] = []

    def watch() -> None:
        while not done.is_set():
            try:
                target.stat()
            except FileNotFoundError:
                missed.append("gone")

    watcher = threading.Thread(target=watch)
    watcher.start()
    for turn in range(100):
        put(target, str(turn))
    done.set()
    watcher.join()
    assert missed == []


def test_the_old_folder_steps_back_when_the_new_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "bundle"
    put(target, "old")
    real = Path.rename
    calls: List[Path] = []

    def rename(self: Path, to: Path) -> Optional[Path]:
        calls.append(to)
        if len(calls) == 2:
            raise OSError(errno.EIO, "Input/output error", str(self), None, str(to))
        return real(self, to)

    monkeypatch.setattr(atomic, "exchange", lambda first, second: False)
    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(OutputError, match="Input/output error"):
        put(target, "new")
    assert (target / "report/a").read_text() == "old"
    assert names(tmp_path) == ["bundle"]


def test_an_error_in_the_block_leaves_the_old_folder(tmp_path: Path) -> None:
    put(tmp_path / "bundle", "old")
    for error in (InputError("damaged"), KeyboardInterrupt(), FileNotFoundError(2, "No such file", "/some/log")):
        with pytest.raises(type(error)), atomic_folder(tmp_path / "bundle", refusal=lambda _: None):
            raise error
        assert names(tmp_path) == ["bundle"]
    assert (tmp_path / "bundle/report/a").read_text() == "old"


def test_a_disk_that_is_full_in_the_block_or_at_the_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OutputError, match="bundle: the disk is full"), atomic_folder(
        tmp_path / "bundle", refusal=lambda _: None
    ):
        raise OSError(errno.ENOSPC, "No space left on device")

    def failing(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(OutputError, match="bundle: Input/output error"):
        put(tmp_path / "bundle", "new")
    assert names(tmp_path) == []


LIMITED = """
import resource, sys
from pathlib import Path
from edge.errors import OutputError
from edge.files.atomic import atomic_folder
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    with atomic_folder(Path(sys.argv[1]), refusal=lambda _: None) as folder:
        (folder / "model.onnx").write_bytes(b"x" * 1_000_000)
except OutputError as error:
    print(error)
    sys.exit(1)
"""


def test_a_full_disk_leaves_the_old_folder(tmp_path: Path) -> None:
    put(tmp_path / "bundle", "old")
    result = run(LIMITED, tmp_path / "bundle")
    assert result.returncode == 1, result.stderr.decode()
    assert "larger than the limit; raise the limit with `ulimit -f`" in result.stdout.decode()
    assert names(tmp_path) == ["bundle"]
    assert (tmp_path / "bundle/report/a").read_text() == "old"


def test_everything_in_the_folder_is_synced_before_the_rename(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events: List[str] = []
    real_sync, real_rename = os.fsync, Path.rename

    def sync(descriptor: int) -> None:
        events.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)
        real_sync(descriptor)

    def rename(self: Path, to: Path) -> Optional[Path]:
        events.append("rename")
        return real_rename(self, to)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "rename", rename)
    put(tmp_path / "bundle", "new")
    at = events.index("rename")
    assert {"a", "report"} <= set(events[:at])
    assert events[at:] == ["rename", tmp_path.name]


def test_folders_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for name, words in {
        "absent/bundle": "the target folder does not exist; make it: mkdir -p",
        "file": "is not a folder",
        "file/bundle": "a part of the path is a file",
    }.items():
        with pytest.raises(OutputError, match=words):
            put(tmp_path / name, "new")
    assert names(tmp_path) == ["file"]


FORBIDDEN = """
import os, sys
from pathlib import Path
from edge.errors import OutputError
from edge.files.atomic import atomic_folder
if os.getuid() == 0:
    os.setuid(65534)
try:
    atomic_folder(Path(sys.argv[1]), refusal=None).__enter__()
except OutputError as error:
    print(error)
"""


def test_no_permission_for_a_folder(public_folder: Path) -> None:
    (public_folder / "locked").mkdir()
    (public_folder / "locked").chmod(0o555)
    target = public_folder / "locked/bundle"
    result = run(FORBIDDEN, target)
    line = f"{target}: no permission to write; choose another place, or have the permission given"
    assert result.stdout.decode().splitlines() == [line], result.stderr.decode()


def test_the_replaced_folder_that_cannot_be_removed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "bundle", "old")

    def failing(path: Path) -> None:
        raise OSError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(atomic.shutil, "rmtree", failing)
    with pytest.raises(OutputError, match=r"it is written, but .* cannot be removed from .*\.oddline-"):
        put(tmp_path / "bundle", "new")
    assert (tmp_path / "bundle/report/a").read_text() == "new"
