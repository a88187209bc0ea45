"""Tell binary data from text, by known first bytes and by the share of control bytes."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Optional, Tuple

# Control bytes that text logs do not hold: neither tab, LF, CR nor ESC (terminal colours), and not NUL, whose runs
# stay in a log after a power loss.
_CONTROL = bytes(byte for byte in (*range(1, 32), 127) if byte not in b"\t\n\r\x1b")
_CONTROL_SHARE = 0.05
_CONTROL_KINDS = 6
_CONTROL_MINIMUM = 32

# Fixed-width records (wtmp) and UTF-16 scatter NULs over the whole file; a power loss leaves a few long runs.
_NUL_SHARE = 0.25
_NUL_RUNS_PER_LINE = 8

_UNPACK = "unpack it first: {tool} {file} | oddline score BUNDLE -"
_LEAVE_OUT = "leave it out"


@dataclass(frozen=True)
class BinaryKind:
    """What binary data is, in words (``an xz archive``), and the way to read it as a log, or to leave it."""

    name: str
    mend: str

    def mend_for(self, file: Optional[str]) -> str:
        """The mend with the file's name, quoted for a shell, put in; `file` is None when there is no name."""
        return self.mend.replace("{file}", "FILE" if file is None else shlex.quote(file))


def _packed(name: str, tool: str) -> BinaryKind:
    return BinaryKind(name, _UNPACK.replace("{tool}", tool))


_EXPORT_TABLE = "export its tables as text first: sqlite3 {file} .dump | oddline score BUNDLE -"
_TO_UTF8 = "convert it first: iconv -f UTF-16 -t UTF-8 {file} | oddline score BUNDLE -"
_CAPTURE = BinaryKind("a packet capture", "turn it into text first: tcpdump -r {file} | oddline score BUNDLE -")
_GZIP = _packed("a gzip archive", "gzip -dc")

# Position, bytes and what they say. Sources: the formats' own specifications.
_MAGICS: Tuple[Tuple[int, bytes, BinaryKind], ...] = (
    (0, b"\x7fELF", BinaryKind("a program (ELF)", _LEAVE_OUT)),
    (0, b"\x89PNG", BinaryKind("a PNG picture", _LEAVE_OUT)),
    (0, b"\xff\xd8\xff", BinaryKind("a JPEG picture", _LEAVE_OUT)),
    (0, b"%PDF-", BinaryKind("a PDF document", "turn it into text first: pdftotext {file} - | oddline score BUNDLE -")),
    (0, b"PK\x03\x04", _packed("a zip archive", "unzip -p")),
    (0, b"\xfd7zXZ\x00", _packed("an xz archive", "xz -dc")),
    (0, b"BZh", _packed("a bzip2 archive", "bzip2 -dc")),
    (0, b"\x28\xb5\x2f\xfd", _packed("a zstd archive", "zstd -dc")),
    (0, b"\x04\x22\x4d\x18", _packed("an lz4 archive", "lz4 -dc")),
    (0, b"7z\xbc\xaf\x27\x1c", _packed("a 7z archive", "7z x -so")),
    (0, b"\x1f\x9d", _packed("a compress (.Z) archive", "gzip -dc")),
    (0, b"\x1f\x8b", _GZIP),
    (257, b"ustar", _packed("a tar archive", "tar -xOf")),
    (0, b"SQLite format 3\x00", BinaryKind("an SQLite database", _EXPORT_TABLE)),
    (0, b"LPKSHHRH", BinaryKind("a systemd journal", "journalctl -o json --file {file} | oddline score BUNDLE -")),
    (0, b"ElfFile\x00", BinaryKind("a Windows event log", "export it as text first")),
    (0, b"\xd4\xc3\xb2\xa1", _CAPTURE),
    (0, b"\xa1\xb2\xc3\xd4", _CAPTURE),
    (0, b"\x0a\x0d\x0d\x0a", _CAPTURE),
    (0, b"\xff\xfe", BinaryKind("text in UTF-16", _TO_UTF8)),
    (0, b"\xfe\xff", BinaryKind("text in UTF-16", _TO_UTF8)),
)
_UNKNOWN = BinaryKind("binary data", "give a text log")
_SCATTERED_NULS = BinaryKind("binary data (fixed-width records, or text in UTF-16)", "give a text log in UTF-8")


def recognise_binary(head: bytes) -> Optional[BinaryKind]:
    """What kind of binary data begins with `head` (its first 64 KiB, or what there is of them); None for text."""
    for position, magic, kind in _MAGICS:
        if head.startswith(magic, position):
            # "BZh" could begin a line of text; the archive's block size digit and block magic follow it.
            if magic == b"BZh" and head[4:10] not in (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90"):
                continue
            return kind
    if b"\x00" in head and _has_scattered_nuls(head):
        return _SCATTERED_NULS
    return _UNKNOWN if _is_mostly_control(head) else None


def _has_scattered_nuls(head: bytes) -> bool:
    nuls = head.count(0)
    if nuls < _NUL_SHARE * len(head):
        return False
    runs = sum(1 for piece in head.split(b"\x00") if piece)
    return runs >= _NUL_RUNS_PER_LINE * (head.count(b"\n") + 1)


def _is_mostly_control(head: bytes) -> bool:
    """Whether many bytes, of several kinds, are control bytes.

    A text log may use one or two as separators (FIX messages), so their number alone does not decide; random bytes
    hold 11 % of all 28 kinds.
    """
    controls = len(head) - len(head.translate(None, _CONTROL))
    if controls < _CONTROL_MINIMUM or controls < _CONTROL_SHARE * (len(head) - head.count(0)):
        return False
    return sum(byte in head for byte in _CONTROL) >= _CONTROL_KINDS
