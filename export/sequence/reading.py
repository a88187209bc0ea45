"""Sessions in memory for training: from ready event-id files, or from the lines of logs."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from msgspec.structs import replace as replace_fields

from edge.bundle.preprocessing import FormatSpec, Mask, SessionSpec
from edge.dictionary.spec import Dictionary
from edge.errors import InputError, TooLittleDataError
from edge.files.lines import read_blocks
from edge.files.paths import expand_paths
from edge.formats import Batch, detect_format
from edge.formats.plain import PlainFormat
from edge.formats.request_rows import ROW_FIELDS, RequestRowsFormat
from edge.sequence import events
from edge.sequence.events import EventsReader
from edge.sequence.grouping import Event, Session, make_grouping, seconds_of
from edge.sequence.reader import WindowReader
from edge.sequence.words import NEW_EVENT, LineEvents, RowWords
from edge.text.clean import decode_block
from edge.text.masks import Masker
from export.dataset import LogData, read_log
from export.dictionary.build import build_dictionary
from export.labelled import check_one_log, read_sidecar
from export.labels import NORMAL, LabelMap, kind_of_lines
from export.listing import commonest
from export.sequence.checks import format_of_lines
from export.training.options import TrainOptions

READY = FormatSpec(name=events.NAME, layout=None, fields=None, header=None, skip_characters=0)


@dataclass
class SessionData:
    """Sessions as records, how they are told, and the dictionary of the lines that they were made of, if any.

    `members` are the numbers of each session's lines; None for ready sessions.
    """

    data: LogData
    spec: SessionSpec | None
    dictionary: Dictionary | None
    members: list[array[int]] | None


def read_ready(
    paths: Sequence[str], options: TrainOptions, spec: SessionSpec | None, *, say: Callable[[str], None]
) -> SessionData:
    """The sessions of event-id files, in the order of the paths; with `spec`, windows of them.

    Raises:
        InputError: a path cannot be read, a label column is missing, or a label unknown.
    """
    labels = LabelMap() if options.labels is None else LabelMap.parse(options.labels)
    data = LogData(READY)
    seen: list[str | None] = []
    dropped = 0
    for source in expand_paths(paths, warn=say):
        reader = EventsReader(source.name, options.label_column)
        batches: list[Batch] = []
        found: list[str | None] = []
        for block in read_blocks(source):
            texts = decode_block(block.lines)
            if options.format is None and not batches:
                _refuse_log(texts, source.name)
            batches.append(reader.read(texts, block.first_line, block.offsets))
            found += reader.labels
        said = labels.kinds(found, source.name)
        # A line that is no row of the table has no label to leave it out by.
        kinds = [NORMAL if label is None else kind for label, kind in zip(found, said, strict=True)]
        for batch in batches:
            dropped += _take(data, batch, kinds[: len(batch)], spec)
            data.unparsed += int(batch.records.unparsed.sum())
            del kinds[: len(batch)]
        seen += found
    if 2 * data.unparsed >= len(seen) > 0:
        raise InputError(
            f"only {len(seen) - data.unparsed:,} of {len(seen):,} lines are sessions of event ids",
            where=", ".join(paths),
            mend="give lines such as 5 22 9, or a table whose first line names a column Sequence",
        )
    if any(label is not None for label in seen):
        _say_labels(data.kinds, seen, say)
    if options.labels is not None and not any(data.kinds) and not dropped:
        say("no session has a label that means an anomaly")
    if dropped:
        say(f"{dropped:,} sessions are left out by their labels, or have an empty one")
    if data.unparsed:
        say(f"{data.unparsed:,} of {len(seen):,} lines are no sessions of event ids, and are read as they are")
    return SessionData(data, spec, None, None)


def _refuse_log(texts: Sequence[str], where: str) -> None:
    """Raise `InputError` for the lines of a log: each would be a session of words."""
    found = detect_format(texts)
    if found.name != PlainFormat.name:
        raise InputError(
            f"{found.matched:,} of the first {found.looked_at:,} lines are those of a log ({found.name}), no sessions",
            where=where,
            mend="say how lines are put together with --session-key, --window or --seconds, or give --format events",
        )


def _say_labels(kinds: Sequence[str], labels: Sequence[str | None], say: Callable[[str], None]) -> None:
    odd = Counter(filter(None, kinds))
    without = sum(label is None for label in labels)
    rest = f"; {without:,} lines have no label, and count as normal" if without else ""
    listed = f": {commonest(odd)}" if odd else ""
    say(f"{odd.total():,} of {len(kinds):,} sessions are labelled as anomalies{listed}{rest}")


def _take(data: LogData, batch: Batch, kinds: Sequence[str | None], spec: SessionSpec | None) -> int:
    """Add the batch's sessions, and say how many of them are left out."""
    lines: Sequence[str] = batch.records.texts
    contents: Sequence[str] = batch.records.contents
    owners: Sequence[int] = range(len(contents))
    if spec is not None:
        windows, owners = WindowReader(EventsReader(), spec.length or 1, spec.step or 1).cut(batch)
        # A window is read again as a session of its own: its line are its events.
        lines = contents = windows.records.contents
    for line, content, owner in zip(lines, contents, owners, strict=True):
        kind = kinds[owner]
        if kind is not None:
            data.lines.append(line)
            data.contents.append(content)
            data.stamps.append(None)
            data.kinds.append(kind)
    return sum(kind is None for kind in kinds)


def read_lines(
    paths: Sequence[str],
    options: TrainOptions,
    spec: SessionSpec,
    masks: Sequence[Mask],
    learnt_from: float,
    *,
    say: Callable[[str], None],
) -> SessionData:
    """The sessions of log lines, in the order of their first lines.

    The dictionary is mined from the first sessions, a share `learnt_from` of all, so that templates which only the
    rest holds are unseen there.

    Raises:
        InputError: a path cannot be read.
        FormatError: the format is unknown, the layout wrong, or the key no pattern with one group.
    """
    label = None
    if options.label_file is not None:
        check_one_log(Path(options.label_file), len(expand_paths(paths, warn=_silent)))
        sidecar = read_sidecar(Path(options.label_file))
        label = sidecar.all_kinds
        if sidecar.begin > 1:
            say(
                f"{options.label_file} keeps the lines from {sidecar.begin:,} on for tests, and they are read too: "
                "evaluate on another log"
            )
    asked = format_of_lines(options)
    log = read_log(paths, asked=asked, layout=options.layout, say=say, year=options.year, label=label)
    if asked == RequestRowsFormat.name:
        log.format = replace_fields(log.format, fields=list(ROW_FIELDS))
    sessions = _sessions(log, spec, say)
    if spec.key is not None and sessions and not any(session.key for session in sessions):
        raise InputError(
            f"none of the {len(log):,} lines holds the session key {spec.key!r}",
            where=", ".join(paths),
            mend="give --session-key a pattern that is found in the lines behind their headers",
        )
    if asked == RequestRowsFormat.name:
        words, dictionary = RowWords().words(log.contents), None
    else:
        first = sessions[: round(len(sessions) * learnt_from)]
        dictionary = _mine(log, first, masks, options.dictionary, say)
        words = LineEvents(masks, dictionary).words(log.contents)
    data = replace(LogData(log.format), unparsed=log.unparsed)
    for session in sessions:
        data.lines.append("\n".join(log.lines[number] for number in session.lines))
        data.contents.append(" ".join(words[number] for number in session.lines))
        data.stamps.append(session.stamp)
        data.kinds.append(kind_of_lines([log.kinds[number] for number in session.lines]) or NORMAL)
    odd = f", of which {sum(map(bool, data.kinds)):,} hold anomalous ones" if options.label_file else ""
    say(f"{len(log):,} lines are {len(sessions):,} sessions{odd}")
    return SessionData(data, spec, dictionary, [session.lines for session in sessions])


def _sessions(log: LogData, spec: SessionSpec, say: Callable[[str], None]) -> list[Session]:
    """The sessions of a log in the order of their first lines; their lines are numbered from 0."""
    if spec.seconds is not None and not any(map(_has_time, log.stamps)):
        raise InputError(
            "no line has a time stamp that windows of time could be told by", mend="use --window or --session-key"
        )
    if spec.length is not None and spec.length > len(log):
        raise TooLittleDataError(
            f"a window has {spec.length:,} lines, and the log {len(log):,}",
            where="--window",
            mend="give shorter windows, or more of the log",
        )
    grouping = make_grouping(spec)
    sessions: list[Session] = []
    for number, (text, content, stamp) in enumerate(zip(log.lines, log.contents, log.stamps, strict=True)):
        sessions += grouping.add(Event(NEW_EVENT, number, 0, text, content, partial(_as_is, stamp)))
    for note in grouping.notes():
        say(note)
    return sorted([*sessions, *grouping.finish()], key=lambda session: session.lines[0])


def _mine(
    log: LogData, sessions: Sequence[Session], masks: Sequence[Mask], given: str | None, say: Callable[[str], None]
) -> Dictionary:
    """The log dictionary of the lines in some sessions."""
    learnt = sorted({number for session in sessions for number in session.lines})
    masked = Masker(masks).apply([log.contents[number] for number in learnt])
    return build_dictionary(Counter(masked), masks, given=given, say=say)


def _as_is(stamp: str | None) -> str | None:
    return stamp


def _has_time(stamp: str | None) -> bool:
    return stamp is not None and seconds_of(stamp) is not None


def _silent(_: str) -> None:
    """Say nothing: the paths are read, and spoken of, later."""
