from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Iterator, List, Optional

import pytest

from edge.errors import InputError, OutputError
from edge.files import atomic
from edge.files.atomic import AtomicFile, atomic_folder

REPOSITORY = Path(__file__).resolve().parents[3]


def names(folder: Path) -> List[str]:
    return sorted(entry.name for entry in folder.iterdir())


def run(script: str, *arguments: Path) -> subprocess.CompletedProcess:
    """Run Python in its own process: limits, users and signals are the process's own."""
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=REPOSITORY,
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that other users can reach; pytest's own cannot be."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_the_name_appears_complete(tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    with AtomicFile(target) as file:
        file.write(b"first\n")
        file.write(b"second\n" * 100_000)
        assert not target.exists()
    assert target.read_bytes() == b"first\n" + b"second\n" * 100_000
    assert names(tmp_path) == ["out.jsonl"]


def test_an_old_file_is_replaced_at_the_end_and_keeps_its_permissions(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.write_bytes(b"old")
    target.chmod(0o640)
    with AtomicFile(target) as file:
        file.write(b"new")
        file.flush()
        assert target.read_bytes() == b"old"
    assert target.read_bytes() == b"new"
    assert target.stat().st_mode & 0o777 == 0o640


def test_a_new_file_has_the_usual_permissions(tmp_path: Path) -> None:
    with AtomicFile(tmp_path / "ours") as file:
        file.write(b"x")
    (tmp_path / "usual").write_bytes(b"x")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_an_error_in_the_block_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.write_bytes(b"old")

    def write() -> None:
        with AtomicFile(target, keep_on_interrupt=True) as file:
            file.write(b"new")
            file.flush()
            raise InputError("damaged")

    with pytest.raises(InputError, match="damaged"):
        write()
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["out"]


def test_everything_is_synced_before_the_name_and_the_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: List[str] = []
    real_sync, real_replace = os.fsync, Path.replace

    def sync(descriptor: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        events.append("sync folder" if path.is_dir() else f"sync {path.stat().st_size} bytes")
        real_sync(descriptor)

    def replace(self: Path, target: Path) -> Optional[Path]:
        events.append("rename")
        return real_replace(self, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "replace", replace)
    with AtomicFile(tmp_path / "out") as file:
        file.write(b"abc")
    assert events == ["sync 3 bytes", "rename", "sync folder"]


INTERRUPTED = """
import os, signal, sys
from pathlib import Path
from edge.files.atomic import AtomicFile
file = AtomicFile(Path(sys.argv[1]), keep_on_interrupt=bool(int(sys.argv[2])))
try:
    with file:
        file.write(b"scored so far\\n")
        os.kill(os.getpid(), signal.SIGINT)
        file.write(b"never\\n" * 1000000)
except KeyboardInterrupt:
    print(file.partial)
    sys.exit(130)
"""


def test_ctrl_c_keeps_the_partial_file_on_request(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"old")
    kept = run(INTERRUPTED, tmp_path / "out", Path("1"))
    assert (kept.returncode, kept.stdout.decode().strip()) == (130, str(tmp_path / "out.partial"))
    assert names(tmp_path) == ["out", "out.partial"]
    assert (tmp_path / "out.partial").read_bytes() == b"scored so far\n"
    assert (tmp_path / "out").read_bytes() == b"old"


def test_ctrl_c_leaves_nothing_otherwise(tmp_path: Path) -> None:
    removed = run(INTERRUPTED, tmp_path / "out", Path("0"))
    assert (removed.returncode, removed.stdout.decode().strip()) == (130, "None")
    assert names(tmp_path) == []


def test_a_killed_process_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"old")
    script = (
        "import os, sys\nfrom pathlib import Path\nfrom edge.files.atomic import AtomicFile\n"
        "file = AtomicFile(Path(sys.argv[1]))\nfile.write(b'x' * 1000000)\nos.kill(os.getpid(), 9)"
    )
    assert run(script, tmp_path / "out").returncode == -signal.SIGKILL
    assert (tmp_path / "out").read_bytes() == b"old"


LIMITED = """
import resource, sys
from pathlib import Path
from edge.errors import OutputError
from edge.files.atomic import AtomicFile, atomic_folder
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
target = Path(sys.argv[1])
try:
    if sys.argv[2] == "folder":
        with atomic_folder(target, refusal=lambda _: None) as folder:
            (folder / "model.onnx").write_bytes(b"x" * 1_000_000)
    else:
        with AtomicFile(target) as file:
            file.write(b"x" * int(sys.argv[2]))
            file.write(b"x" * 60_000)
except OutputError as error:
    print(error)
    sys.exit(1)
"""


@pytest.mark.parametrize("size", ["1000000", "60000"], ids=["while writing", "at the end"])
def test_a_full_disk_leaves_nothing_under_the_name(tmp_path: Path, size: str) -> None:
    result = run(LIMITED, tmp_path / "out", Path(size))
    assert result.returncode == 1, result.stderr.decode()
    assert "larger than the limit; raise the limit with `ulimit -f`" in result.stdout.decode()
    assert names(tmp_path) == []


def test_a_full_disk_leaves_the_old_file_and_the_old_folder(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"old")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/model.onnx").write_bytes(b"old")
    assert run(LIMITED, tmp_path / "out", Path("1000000")).returncode == 1
    assert run(LIMITED, tmp_path / "folder", Path("folder")).returncode == 1
    assert names(tmp_path) == ["folder", "out"]
    assert (tmp_path / "out").read_bytes() == b"old"
    assert (tmp_path / "folder/model.onnx").read_bytes() == b"old"


def test_a_real_full_device(tmp_path: Path) -> None:
    def write() -> None:
        with AtomicFile(Path("/dev/full")) as file:
            file.write(b"x")

    before = Path("/dev/full").stat().st_mode
    with pytest.raises(OutputError, match="/dev/full: the disk is full; free some space"):
        write()
    assert Path("/dev/full").stat().st_mode == before


def test_a_device_is_written_to_and_never_replaced() -> None:
    before = Path("/dev/null").stat()
    with AtomicFile(Path("/dev/null")) as file:
        file.write(b"x" * 1_000_000)
    after = Path("/dev/null").stat()
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)


def test_a_pipe_receives_the_bytes(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    received: List[bytes] = []
    reader = threading.Thread(target=lambda: received.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    with AtomicFile(tmp_path / "pipe") as file:
        file.write(b"through")
    reader.join(30)
    assert received == [b"through"]
    assert names(tmp_path) == ["pipe"]


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_fails_at_the_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def failing(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    def write() -> None:
        with AtomicFile(tmp_path / "out") as file:
            file.write(b"new")

    (tmp_path / "out").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(OutputError) as caught:
        write()
    assert caught.value.mend
    assert names(tmp_path) == ["out"]
    assert (tmp_path / "out").read_bytes() == b"old"


def test_a_folder_that_cannot_be_synced_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fsync

    def sync(descriptor: int) -> None:
        if Path(os.readlink(f"/proc/self/fd/{descriptor}")).is_dir():
            raise OSError(errno.EINVAL, "Invalid argument")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", sync)
    with AtomicFile(tmp_path / "out") as file:
        file.write(b"new")
    assert (tmp_path / "out").read_bytes() == b"new"


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for name, words in {
        "no such/out": r"the target folder does not exist; make it: mkdir -p '.*no such'",
        "file/out": "a part of the path is a file",
        ".": "is a folder",
        "x" * 300: "name is too long",
    }.items():
        with pytest.raises(OutputError, match=words) as caught:
            AtomicFile(tmp_path / name)
        assert str(caught.value).startswith(str(tmp_path / name))
    assert names(tmp_path) == ["file"]


FORBIDDEN = """
import os, sys
from pathlib import Path
from edge.errors import OutputError
from edge.files.atomic import AtomicFile, atomic_folder
if os.getuid() == 0:
    os.setuid(65534)
for work in (lambda: AtomicFile(Path(sys.argv[1])), lambda: atomic_folder(Path(sys.argv[1]), refusal=None).__enter__()):
    try:
        work()
    except OutputError as error:
        print(error)
"""


def test_no_permission(public_folder: Path) -> None:
    (public_folder / "locked").mkdir()
    (public_folder / "locked").chmod(0o555)
    target = public_folder / "locked/out"
    result = run(FORBIDDEN, target)
    line = f"{target}: no permission to write; choose another place, or have the permission given"
    assert result.stdout.decode().splitlines() == [line, line], result.stderr.decode()


def test_a_link_stays_and_the_file_behind_it_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real/file").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real/file")
    with AtomicFile(tmp_path / "link") as file:
        file.write(b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real/file").read_bytes() == b"new"
    assert names(tmp_path / "real") == ["file"]


def test_a_name_of_the_greatest_length(tmp_path: Path) -> None:
    with AtomicFile(tmp_path / ("x" * 255)) as file:
        file.write(b"new")
    assert names(tmp_path) == ["x" * 255]


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


def test_the_replaced_folder_that_cannot_be_removed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "bundle", "old")

    def failing(path: Path) -> None:
        raise OSError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(atomic.shutil, "rmtree", failing)
    with pytest.raises(OutputError, match=r"it is written, but .* cannot be removed from .*\.oddline-"):
        put(tmp_path / "bundle", "new")
    assert (tmp_path / "bundle/report/a").read_text() == "new"
