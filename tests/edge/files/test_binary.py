"""Telling binary data from text."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import sqlite3
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest

from edge.files.binary import recognise_binary


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.log", "a line\n")
    return buffer.getvalue()


def _tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo("a.log")
        info.size = 7
        archive.addfile(info, io.BytesIO(b"a line\n"))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("head", "word"),
    [
        (bz2.compress(b"a line\n"), "bzip2"),
        (bz2.compress(b""), "bzip2"),
        (lzma.compress(b"a line\n"), "xz"),
        (gzip.compress(b"a line\n"), "gzip"),
        (_zip(), "zip"),
        (_tar(), "tar"),
        (b"\x28\xb5\x2f\xfd\x04", "zstd"),
        (b"\x7fELF\x02\x01\x01", "ELF"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"\xff\xd8\xff\xe0", "JPEG"),
        (b"%PDF-1.7\n", "PDF"),
        (b"LPKSHHRH\0\0", "systemd journal"),
        ("Jun  9 06:06:20".encode("utf-16"), "UTF-16"),
        ("Jun  9 06:06:20 combo syslogd\n".encode("utf-16-le") * 20, "UTF-16"),
    ],
)
def test_known_kinds_are_named(head: bytes, word: str) -> None:
    kind = recognise_binary(head)
    assert kind is not None
    assert word in kind.name
    assert kind.mend


def test_a_real_database_is_named(tmp_path: Path) -> None:
    connection = sqlite3.connect(str(tmp_path / "db"))
    connection.execute("create table logs (line text)")
    connection.commit()
    connection.close()
    kind = recognise_binary((tmp_path / "db").read_bytes())
    assert kind is not None
    assert "SQLite" in kind.name


def test_a_mend_quotes_the_file_for_the_shell() -> None:
    kind = recognise_binary(lzma.compress(b""))
    assert kind is not None
    assert kind.mend_for("my log.xz") == "unpack it first: xz -dc 'my log.xz' | oddline score BUNDLE -"
    assert kind.mend_for(None) == "unpack it first: xz -dc FILE | oddline score BUNDLE -"


def test_random_bytes_are_binary() -> None:
    assert recognise_binary(bytes(random.Random(1).choices(range(256), k=1 << 16))) is not None


def test_login_records_are_binary() -> None:
    # The layout of wtmp (struct utmp, 384 bytes): type, pid, line, id, user, host, exit, session, time, address.
    record = struct.pack(
        "<hxxi32s4s32s256shhiii4i20x", 7, 4711, b"pts/0", b"ts/0", b"root", b"host.lan", 0, 0, 0, 9, 9, 0, 0, 0, 0
    )
    assert len(record) == 384
    assert recognise_binary(record * 100) is not None


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"Jun  9 06:06:20 combo syslogd 1.4.1: restart.\n",
        b"BZh is how this line begins\n",
        bytes(60000) + b"Jun  9 06:06:20 combo syslogd 1.4.1: restart.\n",  # a run of NULs after a power loss
        b"Jun  9 06:06:20 combo a: x\n" + bytes(4096) + b"Jun  9 06:06:21 combo b: y\n" + bytes(4096),
        b"\x1b[32mok\x1b[0m\r\n" * 500,
        b"8=FIX.4.2\x019=65\x0135=A\x0149=SERVER\x0156=CLIENT\x0134=177\n" * 500,  # one control byte as a separator
        b"sh\0-c\0sleep 1\n" * 100,  # arguments as the kernel parts them
        "Übergrößenträger привет 日本語\n".encode() * 100,
        "Übergröße\n".encode("latin-1") * 100,
        b"\x08\x08\x07\n",
    ],
)
def test_text_is_not_binary(head: bytes) -> None:
    assert recognise_binary(head) is None
