"""The way of a source through a detector: blocks of lines in, blocks of verdicts out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import BinaryIO, Callable, Dict, Iterator, List, Optional

import numpy as np
from msgspec.structs import replace

from edge.bundle.manifest import FormatSpec
from edge.files.lines import LineBlock, read_blocks
from edge.files.paths import Source
from edge.formats import Format, Records, detect_format, make_format
from edge.runtime.detector import Detector
from edge.runtime.records import Reason, Record
from edge.text.clean import decode_block

DEFAULT_MAX_LINE_BYTES = 1 << 20


@dataclass
class FormatChoice:
    """Which format a source is read as.

    `asked` and `layout` are the user's; without them a source is read in the bundle's own format, unless its first
    lines fit another one.
    """

    bundle: FormatSpec
    asked: Optional[str] = None
    layout: Optional[str] = None
    year: Optional[int] = None

    def choose(self, source: Source, first_texts: List[str], say: Callable[[str], None]) -> Format:
        """The format of a source whose first lines are `first_texts`; `say` gets one line on what was chosen and why.

        Raises:
            FormatError: the name or the layout that was asked for is wrong.
        """
        if self.asked is not None:
            return self._make(source, self.asked, self.layout)
        own = self._make(source, self.bundle.name, self.bundle.layout)
        if self.bundle.name == "plain":
            # A bundle that was trained on whole lines sees whole lines, whatever they look like.
            return own
        if self.bundle.name == "layout":
            parsed = int(np.count_nonzero(~own.parse(first_texts).unparsed))
            if 2 * parsed >= len(first_texts):
                return self._make(source, self.bundle.name, self.bundle.layout)
        found = detect_format(first_texts)
        if found.name == "plain":
            say(f"{source.name}: no known format in the first {found.looked_at} lines, read as {self.bundle.name}")
            return own
        other = "" if found.name == self.bundle.name else f", the bundle was trained on {self.bundle.name}"
        say(f"{source.name}: format {found.name} ({found.matched} of the first {found.looked_at} lines{other})")
        return own if found.name == self.bundle.name else self._make(source, found.name, None)

    def _make(self, source: Source, name: str, layout: Optional[str]) -> Format:
        return make_format(name, layout=layout, reference=_last_written(source), year=self.year)


@dataclass
class ScoredBlock:
    """One block of lines with its scores; all columns have the same length."""

    lines: LineBlock
    records: Records
    scores: np.ndarray
    anomalous: np.ndarray


@dataclass
class Totals:
    """What went through, for the closing line of a run."""

    lines: int = 0
    bytes: int = 0
    anomalous: int = 0
    unparsed: int = 0
    cut: int = 0
    sources: int = 0
    formats: List[str] = field(default_factory=list)

    def add(self, block: ScoredBlock) -> None:
        """Count a block."""
        self.lines += len(block.scores)
        self.anomalous += int(np.count_nonzero(block.anomalous))
        self.unparsed += int(np.count_nonzero(block.records.unparsed))
        self.cut += block.lines.cut


def score_source(
    source: Source,
    detector: Detector,
    choice: FormatChoice,
    *,
    say: Callable[[str], None],
    max_line_bytes: int = DEFAULT_MAX_LINE_BYTES,
    stdin: Optional[BinaryIO] = None,
) -> Iterator[ScoredBlock]:
    """Every line of a source, scored, in order.

    Raises:
        InputError: the source cannot be read, or not to its end; what could be read was given before.
        FormatError: the format that was asked for is wrong.
    """
    chosen: Optional[Format] = None
    for block in read_blocks(source, max_line_bytes=max_line_bytes, stdin=stdin):
        texts = decode_block(block.lines)
        if chosen is None:
            chosen = choice.choose(source, texts[:1000], say)
        records = chosen.parse(texts)
        scores = detector.score(records.contents)
        yield ScoredBlock(block, records, scores, detector.verdicts(scores))


def make_records(block: ScoredBlock, detector: Detector, *, everything: bool) -> List[Record]:
    """The block's records: the anomalous ones with their reasons, and with `everything` all others too."""
    wanted = np.arange(len(block.scores)) if everything else np.flatnonzero(block.anomalous)
    if not len(wanted):
        return []
    p_values = detector.p_values(block.scores[wanted])
    reasons = _reasons(block, detector)
    columns = zip(
        wanted.tolist(),
        block.lines.offsets[wanted].tolist(),
        block.scores[wanted].tolist(),
        p_values.tolist(),
        block.anomalous[wanted].tolist(),
    )
    return [
        Record(
            source=block.lines.source,
            line=block.lines.first_line + index,
            offset=offset,
            timestamp=block.records.timestamp(index),
            score=score,
            p_value=p_value,
            threshold=detector.threshold,
            anomalous=anomalous,
            template_id=None,
            reasons=reasons.get(index, []),
            text=block.records.texts[index],
        )
        for index, offset, score, p_value, anomalous in columns
    ]


def _reasons(block: ScoredBlock, detector: Detector) -> Dict[int, List[Reason]]:
    """The reasons of each anomalous record, by its index; spans are in the record's text."""
    odd = np.flatnonzero(block.anomalous).tolist()
    found = detector.reasons([block.records.contents[index] for index in odd])
    return {
        index: [replace(reason, start=reason.start + start, end=reason.end + start) for reason in reasons]
        for index, start, reasons in zip(odd, (block.records.starts[index] for index in odd), found)
    }


def _last_written(source: Source) -> datetime:
    """Local time without a zone, as syslog writes it."""
    if source.path is None:
        return datetime.now(timezone.utc).astimezone().replace(tzinfo=None)
    try:
        seconds = source.path.stat().st_mtime
    except OSError:
        return datetime.now(timezone.utc).astimezone().replace(tzinfo=None)
    return datetime.fromtimestamp(seconds, timezone.utc).astimezone().replace(tzinfo=None)
