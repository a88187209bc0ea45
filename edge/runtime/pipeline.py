"""The way of a source through a detector: blocks of lines in, blocks of verdicts out."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace as with_other
from datetime import datetime, timezone
from typing import BinaryIO, Callable, Dict, Iterator, List, Optional

import numpy as np
from msgspec.structs import replace

from edge.bundle.preprocessing import FormatSpec
from edge.files.lines import LineBlock, read_blocks
from edge.files.paths import Source
from edge.formats import Batch, Reader, Records, detect_format
from edge.formats.records import read_all
from edge.reading import make_reader
from edge.reason import Reason
from edge.runtime.detector import Detector, Finding
from edge.runtime.records import Record
from edge.sequence.events import EventsReader
from edge.sequence.reader import Sessions, lines_at_once
from edge.text.clean import decode_block

DEFAULT_MAX_LINE_BYTES = 1 << 20
# What a bundle that was trained in one of these reads is in it, whatever it looks like.
FIXED_FORMATS = ("plain", "csv", "events", "access", "requests", "http")
# Formats of the same lines: who asks for the second means the first, where the bundle was trained in it.
_SAME_LINES = {"requests": "access"}


@dataclass
class FormatChoice:
    """Which format a source is read as.

    `asked` and `layout` are the user's; without them a source is read in the bundle's own format, unless its first
    lines fit another one. With `sessions`, its records are put together to these.
    """

    bundle: FormatSpec
    asked: Optional[str] = None
    layout: Optional[str] = None
    year: Optional[int] = None
    sessions: Optional[Sessions] = None

    def choose(self, source: Source, first_texts: List[str], say: Callable[[str], None]) -> Reader:
        """A reader of a source whose first lines are `first_texts`; `say` gets one line on what was chosen and why.

        Raises:
            FormatError: the name or the layout that was asked for is wrong.
        """
        if self.asked is not None and self.asked != _SAME_LINES.get(self.bundle.name):
            return self._reader(source, self.asked, self.layout)
        own = self._reader(source, self.bundle.name, self.bundle.layout)
        if self.bundle.name in FIXED_FORMATS:
            if self.bundle.name == EventsReader.name:
                _say_lines(source, first_texts, say)
            return own
        if self.bundle.name == "layout":
            trial = with_other(self, sessions=None)._reader(source, self.bundle.name, self.bundle.layout)
            unparsed = read_all(trial, first_texts).records.unparsed
            if 2 * int(np.count_nonzero(unparsed)) <= len(first_texts):
                return own
        found = detect_format(first_texts)
        if found.name == "plain":
            say(f"{source.name}: no known format in the first {found.looked_at} lines, read as {self.bundle.name}")
            return own
        other = "" if found.name == self.bundle.name else f", the bundle was trained on {self.bundle.name}"
        say(f"{source.name}: format {found.name} ({found.matched} of the first {found.looked_at} lines{other})")
        return own if found.name == self.bundle.name else self._reader(source, found.name, None)

    def _reader(self, source: Source, name: str, layout: Optional[str]) -> Reader:
        # Fields belong to the bundle's own format.
        fields = self.bundle.fields if name == self.bundle.name else None
        spec = replace(self.bundle, name=name, layout=layout, fields=fields)
        return make_reader(
            spec, reference=_last_written(source), year=self.year, where=source.name, sessions=self.sessions
        )


def _say_lines(source: Source, texts: List[str], say: Callable[[str], None]) -> None:
    """Lines of a log are read as sessions of words where sessions of event ids are expected: nothing else fits."""
    found = detect_format(texts)
    if found.name != "plain":
        say(
            f"{source.name}: {found.matched} of the first {found.looked_at} lines are those of a log ({found.name}); "
            "the bundle reads a session of event ids in each"
        )


@dataclass
class ScoredBlock:
    """One block of lines, and the records that ended in it, with their scores.

    `lines` is None behind the last block, where the end of the source ended further records.
    """

    source: str
    lines: Optional[LineBlock]
    batch: Batch
    scores: np.ndarray
    anomalous: np.ndarray


@dataclass
class Totals:
    """What went through, for the closing line of a run."""

    lines: int = 0
    records: int = 0
    bytes: int = 0
    anomalous: int = 0
    unparsed: int = 0
    unscored: int = 0
    cut: int = 0
    sources: int = 0

    def add(self, block: ScoredBlock) -> None:
        """Count a block."""
        self.records += len(block.scores)
        self.anomalous += int(np.count_nonzero(block.anomalous))
        self.unparsed += int(np.count_nonzero(block.batch.records.unparsed & ~np.isnan(block.scores)))
        self.unscored += int(np.count_nonzero(np.isnan(block.scores)))
        if block.lines is not None:
            self.lines += len(block.lines.lines)
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
    reader: Optional[Reader] = None
    at_once = lines_at_once(choice.sessions)
    for block in read_blocks(source, max_lines=at_once, max_line_bytes=max_line_bytes, stdin=stdin):
        texts = decode_block(block.lines)
        if reader is None:
            reader = choice.choose(source, texts[:1000], say)
        yield _scored(source, block, reader.read(texts, block.first_line, block.offsets), detector)
    if reader is not None:
        rest = reader.finish()
        if len(rest):
            yield _scored(source, None, rest, detector)
        for note in reader.notes():
            say(f"{source.name}: {note}")


def _scored(source: Source, block: Optional[LineBlock], batch: Batch, detector: Detector) -> ScoredBlock:
    scores = detector.score(batch.records.contents)
    return ScoredBlock(source.name, block, batch, scores, detector.verdicts(scores))


def make_records(block: ScoredBlock, detector: Detector, *, everything: bool) -> List[Record]:
    """The block's records: the anomalous ones with their reasons, those that could not be scored, and with
    `everything` all others too.
    """
    unscored = np.isnan(block.scores)
    wanted = np.arange(len(block.scores)) if everything else np.flatnonzero(block.anomalous | unscored)
    if not len(wanted):
        return []
    records = block.batch.records
    findings = _findings(block, detector)
    faults = _faults(records, np.flatnonzero(unscored), detector)
    templates = detector.templates([records.contents[index] for index in wanted.tolist()])
    columns = zip(
        wanted.tolist(),
        block.batch.lines[wanted].tolist(),
        block.batch.offsets[wanted].tolist(),
        block.scores[wanted].tolist(),
        detector.p_values(block.scores[wanted]).tolist(),
        block.anomalous[wanted].tolist(),
        [None] * len(wanted) if templates is None else templates,
    )
    return [
        Record(
            source=block.source,
            line=line,
            offset=offset,
            timestamp=records.timestamp(index),
            score=None if index in faults else score,
            p_value=None if index in faults else p_value,
            threshold=detector.threshold,
            anomalous=anomalous,
            unscored=faults.get(index),
            found_by=findings[index].found_by if anomalous else [],
            template_id=template,
            new_template=None if templates is None else template is None,
            reasons=findings[index].reasons if anomalous else [],
            text=records.texts[index],
        )
        for index, line, offset, score, p_value, anomalous, template in columns
    ]


def _findings(block: ScoredBlock, detector: Detector) -> Dict[int, Finding]:
    """What is odd in each anomalous record, by its index; spans are in the record's text."""
    records = block.batch.records
    odd = np.flatnonzero(block.anomalous).tolist()
    found = detector.explain([records.contents[index] for index in odd])
    return {
        index: finding._replace(reasons=[_in_text(records, index, reason) for reason in finding.reasons])
        for index, finding in zip(odd, found)
    }


def _in_text(records: Records, index: int, reason: Reason) -> Reason:
    start, end = records.span_in_text(index, reason.start, reason.end)
    # A part is shown as the line has it, unless the encoder has other words for it, or it has no place in the line.
    literal = reason.text == records.contents[index][reason.start : reason.end]
    text = records.texts[index][start:end] if literal else ""
    return replace(reason, start=start, end=end, text=text or reason.text)


def _faults(records: Records, unscored: np.ndarray, detector: Detector) -> Dict[int, str]:
    places = unscored.tolist()
    return dict(zip(places, detector.faults([records.contents[index] for index in places])))


def _last_written(source: Source) -> datetime:
    """Local time without a zone, as syslog writes it."""
    if source.path is None:
        return datetime.now(timezone.utc).astimezone().replace(tzinfo=None)
    try:
        seconds = source.path.stat().st_mtime
    except OSError:
        return datetime.now(timezone.utc).astimezone().replace(tzinfo=None)
    return datetime.fromtimestamp(seconds, timezone.utc).astimezone().replace(tzinfo=None)
