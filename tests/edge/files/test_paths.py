"""Which files paths stand for."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any, List

import pytest

from edge.errors import InputError
from edge.files.paths import Source, expand_paths


def _refuse(message: str) -> None:
    raise AssertionError(f"unexpected warning: {message}")


def _fails_for(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let opening the file of that name fail as it does for a user without permission; root is never refused."""
    real_open = Path.open

    def fake_open(self: Path, *args: Any, **kwargs: Any) -> Any:
        if self.name == name:
            raise PermissionError(13, "Permission denied", str(self))
        return real_open(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", fake_open)


def test_files_and_stdin_keep_their_order_and_names(tmp_path: Path) -> None:
    first, second = tmp_path / "b.log", tmp_path / "a.log"
    first.write_bytes(b"x\n")
    second.write_bytes(b"")
    sources = expand_paths([str(first), "-", str(second)], warn=_refuse)
    assert sources == [Source(first, str(first)), Source(None, "stdin"), Source(second, str(second))]


def test_stdin_twice_is_an_error() -> None:
    with pytest.raises(InputError, match="only once"):
        expand_paths(["-", "-"], warn=_refuse)


@pytest.mark.parametrize("name", ["missing.log", "", "missing/also.log", "nul\0byte"])
def test_missing_file_is_named_with_a_mend(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        expand_paths([name], warn=_refuse)
    assert caught.value.where == name
    assert caught.value.mend
    assert "\n" not in str(caught.value)


def test_a_file_as_folder_is_missing(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x\n")
    with pytest.raises(InputError, match="no such file"):
        expand_paths([str(tmp_path / "file" / "below")], warn=_refuse)


def test_unreadable_named_file_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret.log"
    path.write_bytes(b"x\n")
    _fails_for(monkeypatch, "secret.log")
    with pytest.raises(InputError, match=r"secret\.log: cannot be read \(Permission denied\); check its permissions"):
        expand_paths([str(path)], warn=_refuse)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file; the injected error above covers the path")
def test_unreadable_named_file_for_real(tmp_path: Path) -> None:
    path = tmp_path / "secret.log"
    path.write_bytes(b"x\n")
    path.chmod(0)
    with pytest.raises(InputError, match="Permission denied"):
        expand_paths([str(path)], warn=_refuse)


def test_a_named_pipe_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    assert expand_paths([str(path)], warn=_refuse) == [Source(path, str(path))]  # opening it would block for ever


def test_folder_with_a_mixture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "messages").write_bytes(b"a line\n")
    (tmp_path / "empty.log").write_bytes(b"")
    (tmp_path / "deep" / "er" / "old.gz").write_bytes(gzip.compress(b"a line\n"))
    (tmp_path / "deep" / "core.gz").write_bytes(gzip.compress(b"\x7fELF\x02\x01" + bytes(99)))
    (tmp_path / "program").write_bytes(b"\x7fELF\x02\x01")
    (tmp_path / "packed.xz").write_bytes(b"\xfd7zXZ\x00rest")
    (tmp_path / "secret.log").write_bytes(b"x\n")
    (tmp_path / ".profile").write_bytes(b"x\n")
    (tmp_path / ".hidden" / "log").write_bytes(b"x\n")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "current").symlink_to(tmp_path / "messages")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    os.mkfifo(tmp_path / "pipe")
    _fails_for(monkeypatch, "secret.log")

    warnings: List[str] = []
    sources = expand_paths([str(tmp_path)], warn=warnings.append)

    assert [source.name for source in sources] == [
        str(tmp_path / name) for name in ("current", "deep/er/old.gz", "empty.log", "messages")
    ]
    said = {Path(warning.split(": ")[0]).name: warning for warning in warnings}
    assert sorted(said) == ["core.gz", "dangling", "packed.xz", "pipe", "program", "secret.log"]
    assert "ELF" in said["program"]
    assert "ELF" in said["core.gz"]
    assert "xz archive" in said["packed.xz"]
    assert "Permission denied" in said["secret.log"]
    assert "link" in said["dangling"]


def test_a_damaged_gz_in_a_folder_is_kept_for_reading_to_report(tmp_path: Path) -> None:
    path = tmp_path / "broken.gz"
    path.write_bytes(b"\x1f\x8b\x08rubbish")
    assert [source.path for source in expand_paths([str(tmp_path)], warn=_refuse)] == [path]


def test_a_folder_that_cannot_be_listed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "messages").write_bytes(b"x\n")
    real_scandir = os.scandir

    def fake_scandir(path: Any) -> Any:
        if Path(path).name == "private":
            raise PermissionError(13, "Permission denied", str(path))
        return real_scandir(path)

    monkeypatch.setattr(os, "scandir", fake_scandir)
    warnings: List[str] = []
    assert len(expand_paths([str(tmp_path)], warn=warnings.append)) == 1
    assert len(warnings) == 1
    assert "private: folder skipped" in warnings[0]


def test_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the folder is empty"):
        expand_paths([str(tmp_path)], warn=_refuse)


def test_folder_of_binary_files_only_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "picture").write_bytes(b"\x89PNG\r\n\x1a\n")
    warnings: List[str] = []
    with pytest.raises(InputError, match="holds no log"):
        expand_paths([str(tmp_path)], warn=warnings.append)
    assert len(warnings) == 1
