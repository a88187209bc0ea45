from __future__ import annotations

import errno
import os
import signal
import threading
from pathlib import Path
from typing import List, Optional

import pytest
from own_process import names, run

from edge.errors import InputError, OutputError
from edge.files.atomic import AtomicFile


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
from edge.files.atomic import AtomicFile
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
target = Path(sys.argv[1])
try:
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


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"old")
    assert run(LIMITED, tmp_path / "out", Path("1000000")).returncode == 1
    assert names(tmp_path) == ["out"]
    assert (tmp_path / "out").read_bytes() == b"old"


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
from edge.files.atomic import AtomicFile
if os.getuid() == 0:
    os.setuid(65534)
try:
    AtomicFile(Path(sys.argv[1]))
except OutputError as error:
    print(error)
"""


def test_no_permission(public_folder: Path) -> None:
    (public_folder / "locked").mkdir()
    (public_folder / "locked").chmod(0o555)
    target = public_folder / "locked/out"
    result = run(FORBIDDEN, target)
    line = f"{target}: no permission to write; choose another place, or have the permission given"
    assert result.stdout.decode().splitlines() == [line], result.stderr.decode()


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
