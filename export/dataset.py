"""Logs in memory for training and evaluation, read and parsed by the device's own code."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from itertools import accumulate, pairwise

import numpy as np

from edge.bundle.preprocessing import FormatSpec
from edge.errors import TooLittleDataError
from edge.files.lines import read_blocks
from edge.files.paths import Source, expand_paths
from edge.formats import Batch, detect_format
from edge.runtime.pipeline import FormatChoice
from edge.text.clean import decode_block
from export.labels import NORMAL, kind_of_lines

_LOOKED_AT = 1000
_BLOCK_LINES = 8192
_LONGEST_SILENCE = 30 * 86400


@dataclass
class LogData:
    """Records in the order of time: `lines` raw, `contents` what a detector sees, `stamps` their time stamps.

    A record of several raw lines has them joined by newlines. `kinds` are ``""`` for normal records, and otherwise the
    label of the anomaly; `scores`, float32 [n], those of the trained model where they are known.
    """

    format: FormatSpec
    lines: list[str] = field(default_factory=list)
    contents: list[str] = field(default_factory=list)
    stamps: list[str | None] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    scores: np.ndarray | None = None
    unparsed: int = 0

    def __len__(self) -> int:
        return len(self.lines)

    def reorder(self, order: np.ndarray) -> None:
        """Put the lines into another order, int64 [n]."""
        places = order.tolist()
        self.lines = [self.lines[place] for place in places]
        self.contents = [self.contents[place] for place in places]
        self.stamps = [self.stamps[place] for place in places]
        self.kinds = [self.kinds[place] for place in places]

    def part(self, start: int, stop: int) -> LogData:
        """Records `start` to `stop` (not included)."""
        return self.pick(range(start, min(stop, len(self))))

    def pick(self, places: Iterable[int]) -> LogData:
        """The records at these places, in their order."""
        picked = LogData(self.format)
        for place in places:
            picked.lines.append(self.lines[place])
            picked.contents.append(self.contents[place])
            picked.stamps.append(self.stamps[place])
            picked.kinds.append(self.kinds[place])
        return picked

    def of_kind(self, kind: str) -> LogData:
        """The records of one kind."""
        return self.pick(place for place, found in enumerate(self.kinds) if found == kind)

    def scored(self, scores: np.ndarray) -> LogData:
        """The same records with the model's scores of them."""
        return replace(self, scores=scores)

    def fingerprint(self) -> str:
        """sha256 over the raw lines as UTF-8, each ended by a newline."""
        digest = hashlib.sha256()
        for line in self.lines:
            digest.update(line.encode("utf-8", "replace") + b"\n")
        return digest.hexdigest()

    def days(self) -> float | None:
        """Days between the earliest and the latest time stamp; None where there are none, or all are equal.

        Clocks run backwards, so the first line need not be the earliest. A silence of more than 30 days does not count:
        a line from before the clock was set would make decades of a day.
        """
        known = [moment for stamp in self.stamps if stamp is not None and (moment := _moment(stamp)) is not None]
        if not all(moment.tzinfo for moment in known):
            known = [moment.replace(tzinfo=None) for moment in known]
        known.sort()
        steps = [(later - earlier).total_seconds() for earlier, later in pairwise(known)]
        seconds = sum(step for step in steps if step <= _LONGEST_SILENCE)
        return seconds / 86400 if seconds > 0 else None


def read_log(
    paths: Sequence[str],
    *,
    asked: str | None,
    layout: str | None,
    say: Callable[[str], None],
    year: int | None = None,
    fields: Sequence[str] | None = None,
    max_line_bytes: int = 1 << 20,
    label: Callable[[Sequence[bytes], str], Sequence[str]] | None = None,
) -> LogData:
    """All lines of the paths in the order of time, all of them read in one format.

    The format is `asked` (with `layout` or `fields`), or what the first lines of the first source look like. Rotated
    files are put one behind the other; files that were written at the same time are merged, each line by its time
    stamp (or that of the line before it), and the lines of one file stay in their order. Where a file has no time
    stamps at all, the order is that of the paths. Empty sources are passed over. `label` gives the kinds of the raw
    lines of a source, which it is told by name; without it, all are normal.

    Raises:
        InputError: a path cannot be read.
        FormatError: the format is unknown or the layout wrong.
    """
    spec: FormatSpec | None = None
    parts: list[LogData] = []
    names: list[str] = []
    for source in expand_paths(paths, warn=say):
        # Read once and whole: the standard input and pipes have no second time.
        lines = [line for block in read_blocks(source, max_line_bytes=max_line_bytes) for line in block.lines]
        if not lines:
            continue
        if spec is None:
            spec = FormatSpec(
                name=asked or _detect(source, lines, say),
                layout=layout,
                fields=None if fields is None else list(fields),
                header=None,
                skip_characters=0,
            )
        kinds = None if label is None else label(lines, source.name)
        parts.append(_parse(source, lines, FormatChoice(spec, spec.name, layout, year), kinds, say))
        names.append(source.name)
    whole = LogData(spec or FormatSpec(name="plain", layout=None, fields=None, header=None, skip_characters=0))
    for part in parts:
        whole.lines += part.lines
        whole.contents += part.contents
        whole.stamps += part.stamps
        whole.kinds += part.kinds
        whole.unparsed += part.unparsed
    if whole.unparsed:
        say(f"{whole.unparsed:,} of {len(whole):,} lines are not in the format {whole.format.name}, and are kept")
    moments = [_moments(part.stamps) for part in parts]
    late = sum(_late(seconds) for seconds in moments)
    if late:
        say(f"{late:,} of {len(whole):,} lines are older than the one before; the lines of a file stay in their order")
    if len(parts) > 1:
        untimed = [name for name, seconds in zip(names, moments, strict=True) if np.isnan(seconds).all()]
        if not untimed:
            whole.reorder(np.argsort(np.concatenate([_never_back(seconds) for seconds in moments]), kind="stable"))
        how = f"in the order of the paths, as {untimed[0]} has no time stamps" if untimed else "by their time stamps"
        say(f"{len(parts):,} files are read as one log, {how}")
    return whole


def split(data: LogData, shares: Sequence[float], least: Sequence[int]) -> list[LogData]:
    """`data` cut in order of time into parts of the given shares (which add up to 1).

    Raises:
        TooLittleDataError: a part would hold fewer than `least` lines; says how many are needed.
    """
    least = [lines if share else 0 for lines, share in zip(least, shares, strict=True)]
    if not _suffice(len(data), shares, least):
        need = len(data) + 1
        while not _suffice(need, shares, least):
            need += 1
        raise TooLittleDataError(
            f"{len(data):,} lines are too few: {need:,} are needed",
            mend="give more of the log, so that there is enough to learn from and to set the threshold on",
        )
    return [data.part(start, stop) for start, stop in pairwise(_edges(len(data), shares))]


def _edges(lines: int, shares: Sequence[float]) -> list[int]:
    return [0, *(round(lines * total) for total in accumulate(shares[:-1])), lines]


def _suffice(lines: int, shares: Sequence[float], least: Sequence[int]) -> bool:
    sizes = [stop - start for start, stop in pairwise(_edges(lines, shares))]
    return all(
        size >= minimum and lines * share >= minimum - 1e-9
        for size, share, minimum in zip(sizes, shares, least, strict=True)
    )


def _detect(source: Source, lines: Sequence[bytes], say: Callable[[str], None]) -> str:
    found = detect_format(decode_block(list(lines[:_LOOKED_AT])))
    say(f"{source.name}: format {found.name} ({found.matched} of the first {found.looked_at} lines)")
    return found.name


def _parse(
    source: Source, lines: list[bytes], choice: FormatChoice, kinds: Sequence[str] | None, say: Callable[[str], None]
) -> LogData:
    part = LogData(choice.bundle)
    reader = choice.choose(source, decode_block(lines[:_LOOKED_AT]), lambda _: None)
    texts: list[str] = []
    for start in range(0, len(lines), _BLOCK_LINES):
        block = decode_block(lines[start : start + _BLOCK_LINES])
        texts += block
        _take(part, reader.read(block, start + 1, np.zeros(len(block), np.int64)), texts, kinds)
    _take(part, reader.finish(), texts, kinds)
    for note in reader.notes():
        say(f"{source.name}: {note}")
    return part


def _take(part: LogData, batch: Batch, texts: Sequence[str], kinds: Sequence[str] | None) -> None:
    records = batch.records
    members = [batch.lines_of(i) for i in range(len(batch))]
    part.lines += ["\n".join(texts[number - 1] for number in numbers) for numbers in members]
    part.contents += records.contents
    part.stamps += [records.timestamp(i) for i in range(len(batch))]
    for numbers in members:
        part.kinds.append(
            NORMAL if kinds is None else kind_of_lines([kinds[number - 1] for number in numbers]) or NORMAL
        )
    part.unparsed += int(records.unparsed.sum())


def _moments(stamps: Sequence[str | None]) -> np.ndarray:
    """Seconds of each line, float64 [n]; NaN where there is no time stamp that is understood."""
    seconds = np.full(len(stamps), np.nan)
    for place, stamp in enumerate(stamps):
        moment = None if stamp is None else _moment(stamp)
        if moment is not None:
            # A time without an offset is compared as if it were in UTC: all lines of one host are in one zone.
            seconds[place] = (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
    return seconds


def _late(seconds: np.ndarray) -> int:
    """How many lines of a file are older than the last one before them that has a time."""
    return int(np.count_nonzero(np.diff(seconds[~np.isnan(seconds)]) < 0))


def _never_back(seconds: np.ndarray) -> np.ndarray:
    """The same, float64 [n], never descending and nowhere NaN, so that the lines of a file keep their order.

    A line without a time has that of the line before, and the first ones that of the first line that has one.
    """
    known = np.flatnonzero(~np.isnan(seconds))
    filled = seconds.copy()
    filled[: known[0]] = seconds[known[0]]
    return np.fmax.accumulate(filled)


def _moment(stamp: str) -> datetime | None:
    """The second of a time stamp; None for one that is not ISO 8601."""
    # Python 3.10 reads neither Z nor fractions of any length, and no Python the second 60.
    whole = re.sub(r"[.,]\d+", "", stamp).replace("Z", "+00:00").replace(":60", ":59")
    try:
        return datetime.fromisoformat(whole)
    except ValueError:
        return None
