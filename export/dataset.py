"""Logs in memory for training and evaluation, read and parsed by the device's own code."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from edge.bundle.manifest import FormatSpec
from edge.errors import TooLittleDataError
from edge.files.lines import read_blocks
from edge.files.paths import Source, expand_paths
from edge.formats import detect_format
from edge.runtime.pipeline import FormatChoice
from edge.text.clean import decode_block


@dataclass
class LogData:
    """Lines in the order of time: `lines` raw, `contents` what a detector sees, `stamps` their time stamps."""

    format: FormatSpec
    lines: list[bytes] = field(default_factory=list)
    contents: list[str] = field(default_factory=list)
    stamps: list[str | None] = field(default_factory=list)
    unparsed: int = 0

    def __len__(self) -> int:
        return len(self.lines)

    def part(self, start: int, stop: int) -> LogData:
        """Lines `start` to `stop` (not included)."""
        return LogData(self.format, self.lines[start:stop], self.contents[start:stop], self.stamps[start:stop])

    def fingerprint(self) -> str:
        """sha256 over the raw lines, each ended by a newline."""
        digest = hashlib.sha256()
        for line in self.lines:
            digest.update(line + b"\n")
        return digest.hexdigest()

    def days(self) -> float | None:
        """Days between the first and the last time stamp, or None where the format has none."""
        known = [stamp for stamp in self.stamps if stamp is not None]
        if len(known) < 2:
            return None
        try:
            first, last = (datetime.fromisoformat(stamp).replace(tzinfo=None) for stamp in (known[0], known[-1]))
        except ValueError:
            return None
        seconds = (last - first).total_seconds()
        return seconds / 86400 if seconds > 0 else None


def read_log(
    paths: Sequence[str],
    *,
    asked: str | None,
    layout: str | None,
    say: Callable[[str], None],
    year: int | None = None,
    trained: FormatSpec | None = None,
    max_line_bytes: int = 1 << 20,
) -> LogData:
    """All lines of the paths; rotated files are put in the order of their first time stamps.

    The format is `asked` (with `layout`), or that of `trained`, or what the first lines of the first source look
    like. Empty sources are passed over.

    Raises:
        InputError: a path cannot be read.
        FormatError: the format is unknown or the layout wrong.
    """
    sources = expand_paths(paths, warn=say)
    spec = trained
    parts: list[tuple[str | None, int, LogData]] = []
    for number, source in enumerate(sources):
        if spec is None:
            spec = FormatSpec(name=asked or _detect(source, say), layout=layout, skip_characters=0)
        choice = FormatChoice(spec, asked, layout, year)
        part = _read_source(source, choice, say if trained is not None else _silent, max_line_bytes)
        if len(part):
            first = next((stamp for stamp in part.stamps if stamp is not None), None)
            parts.append((first, number, part))
    whole = LogData(spec or FormatSpec(name="plain", layout=None, skip_characters=0))
    if all(first is not None for first, _, _ in parts):
        parts.sort(key=lambda item: (item[0] or "", item[1]))
    for _, _, part in parts:
        whole.lines += part.lines
        whole.contents += part.contents
        whole.stamps += part.stamps
        whole.unparsed += part.unparsed
    return whole


def split(data: LogData, shares: Sequence[float], least: Sequence[int]) -> list[LogData]:
    """`data` cut in order of time into parts of the given shares (which add up to 1).

    Raises:
        TooLittleDataError: a part would hold fewer than `least` lines; says how many are needed.
    """
    need = max((-(-lines // share) for lines, share in zip(least, shares, strict=True) if share), default=1)
    if len(data) < need:
        raise TooLittleDataError(
            f"{len(data):,} lines are too few: {int(need):,} are needed",
            mend="give more of the log, so that there is enough to learn from and to set the threshold on",
        )
    parts = []
    start = 0
    total = 0.0
    for share in shares:
        total += share
        stop = round(len(data) * total)
        parts.append(data.part(start, stop))
        start = stop
    return parts


def _detect(source: Source, say: Callable[[str], None]) -> str:
    for block in read_blocks(source):
        found = detect_format(decode_block(block.lines[:1000]))
        say(f"{source.name}: format {found.name} ({found.matched} of the first {found.looked_at} lines)")
        return found.name
    return "plain"


def _read_source(source: Source, choice: FormatChoice, say: Callable[[str], None], max_line_bytes: int) -> LogData:
    part = LogData(choice.bundle)
    chosen = None
    for block in read_blocks(source, max_line_bytes=max_line_bytes):
        texts = decode_block(block.lines)
        if chosen is None:
            chosen = choice.choose(source, texts[:1000], say)
        records = chosen.parse(texts)
        part.lines += block.lines
        part.contents += records.contents
        part.stamps += [records.timestamp(i) for i in range(len(texts))]
        part.unparsed += int(records.unparsed.sum())
    return part


def _silent(_: str) -> None:
    """Say nothing."""
