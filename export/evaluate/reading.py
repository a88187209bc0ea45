"""Logs to evaluate on: read once as raw lines, and made into records by each detector's own reader."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np

from edge.bundle.preprocessing import Preprocessing
from edge.files.lines import read_blocks
from edge.files.paths import Source, expand_paths
from edge.formats.records import Batch, read_all
from edge.runtime.pipeline import FormatChoice
from edge.sequence.reader import Sessions
from edge.table.reader import CsvReader
from edge.text.clean import decode_block
from export.dataset import LogData
from export.evaluate.samples import Samples
from export.labelled import Labelling, check_one_log
from export.labels import NORMAL, kind_of_lines

_LOOKED_AT = 1000

Say = Callable[[str], None]


@dataclass(frozen=True)
class Reading:
    """How a detector reads; the format and the year are the user's own, where they were given."""

    preprocessing: Preprocessing
    sessions: Sessions | None = None
    asked: str | None = None
    layout: str | None = None
    year: int | None = None

    @property
    def key(self) -> tuple[bytes, int]:
        """Equal for readings that make the same records of a log."""
        spec = msgspec.json.encode((self.preprocessing.format, self.preprocessing.sessions))
        # Sessions are made with the run's own dictionary.
        return spec, 0 if self.sessions is None else id(self.sessions)

    def read(self, source: Source, texts: list[str], say: Say) -> Batch:
        """The records of a whole source; the format is found by looking at the first lines, as on the device.

        Raises:
            FormatError: the format that was asked for is wrong.
            InputError: a table lacks a column.
        """
        choice = FormatChoice(self.preprocessing.format, self.asked, self.layout, self.year, self.sessions)
        reader = choice.choose(source, texts[:_LOOKED_AT], say)
        batch = read_all(reader, texts)
        for note in reader.notes():
            say(f"{source.name}: {note}")
        unparsed = int(np.count_nonzero(batch.records.unparsed))
        # A table's rows that do not fit cannot be scored, which is said later.
        if unparsed and reader.name != CsvReader.name:
            odd = f"{unparsed:,} of {len(batch):,} records"
            say(f"{source.name}: {odd} are not in the format {reader.name}, and are kept")
        return batch


class Material(Protocol):
    """What is evaluated on. `origin` says where it comes from, and `names` and `counts` what it consists of."""

    @property
    def origin(self) -> str:
        """``files``, ``labelled`` or ``held-out``."""

    @property
    def by_column(self) -> bool:
        """Whether the labels of a column, and what ``--map`` says of them, tell which records are normal."""

    def samples(self, reading: Reading, say: Say) -> Samples:
        """The records as a detector reads them."""

    def parts(self) -> list[tuple[str, int]]:
        """The names of the sources, and how many lines each has."""


@dataclass
class LogFile:
    """The raw lines of one source; with `keep`, int64, only the records that begin in one of these lines (from 0).

    `label` is the kind of all its records, or says how to find that of each line.
    """

    source: Source
    lines: list[bytes]
    label: str | Labelling = NORMAL
    keep: np.ndarray | None = None
    _read: dict[tuple[bytes, int], Samples] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.lines) if self.keep is None else len(self.keep)

    @property
    def name(self) -> str:
        """What reports call it."""
        return self.source.name

    def samples(self, reading: Reading, say: Say) -> Samples:
        """Its records as a detector reads them; `say` is told the format when they are read for the first time."""
        key = reading.key
        if key not in self._read:
            self._read[key] = self._make(reading, say)
        return self._read[key]

    def _make(self, reading: Reading, say: Say) -> Samples:
        batch = reading.read(self.source, decode_block(self.lines), say)
        kinds = self._kinds(batch, reading)
        kept = [place for place, kind in enumerate(kinds) if kind is not None]
        unlabelled = len(kinds) - len(kept)
        if self.keep is not None:
            first = {line: place for place, line in reversed(list(enumerate(batch.lines.tolist())))}
            kept = [first[line + 1] for line in self.keep.tolist() if line + 1 in first]
        records = batch.records
        return Samples(
            [records.contents[place] for place in kept],
            [records.texts[place] for place in kept],
            [kinds[place] or NORMAL for place in kept],
            [f"{self.name}:{batch.lines[place]}" for place in kept],
            _days(reading, batch, kept),
            unlabelled,
        )

    def _kinds(self, batch: Batch, reading: Reading) -> list[str | None]:
        if isinstance(self.label, str):
            return [self.label] * len(batch)
        lines = self.label.kinds(self.lines, self.name, reading.preprocessing.format)
        return [kind_of_lines([lines[number - 1] for number in batch.lines_of(place)]) for place in range(len(batch))]


def _days(reading: Reading, batch: Batch, kept: Sequence[int]) -> float | None:
    stamps = [batch.records.timestamp(place) for place in kept]
    return LogData(reading.preprocessing.format, stamps=stamps).days()


@dataclass(frozen=True)
class Files:
    """Log files, each normal, anomalous or labelled."""

    files: list[LogFile]
    origin: str = "files"

    @property
    def by_column(self) -> bool:
        """Whether a label column says what any of their lines are."""
        return any(isinstance(file.label, Labelling) and file.label.sidecar is None for file in self.files)

    def samples(self, reading: Reading, say: Say) -> Samples:
        """The records of all files, one file after the other."""
        whole = Samples()
        for file in self.files:
            whole.add(file.samples(reading, say))
        return whole

    def parts(self) -> list[tuple[str, int]]:
        """The names of the files, and how many lines each has."""
        return [(file.name, len(file)) for file in self.files]


def read_normal_and_anomalous(normal: Sequence[str], anomalous: Sequence[str], *, say: Say) -> Files:
    """Every file that the paths name; a folder is all of its files. The kind of an anomalous line is its file's name.

    Raises:
        InputError: a path cannot be read, or the standard input is named twice.
    """
    # Expanded together first: nothing is read before every path was looked at, and stdin is noticed across both.
    expand_paths([*normal, *anomalous], warn=_silent)
    files = [_read(source) for source in expand_paths(normal, warn=say)]
    odd = [_read(source) for source in expand_paths(anomalous, warn=say)]
    for file, name in zip(odd, short_names([file.name for file in odd]), strict=True):
        file.label = name
    return Files([*files, *odd])


def read_labelled(paths: Sequence[str], labelling: Labelling, *, say: Say) -> Files:
    """Every file that the paths name, with a label for each line.

    Raises:
        InputError: a path cannot be read; a labels file belongs to one log, and there are several.
    """
    sources = expand_paths(paths, warn=say)
    if labelling.sidecar is not None:
        check_one_log(labelling.sidecar, len(sources))
    files = [_read(source) for source in sources]
    for file in files:
        file.label = labelling
    return Files(files, "labelled")


def short_names(names: Sequence[str]) -> list[str]:
    """File names without their folders, unless that makes two equal."""
    short = [Path(name).name or name for name in names]
    return short if len(set(short)) == len(short) else list(names)


def _read(source: Source) -> LogFile:
    file = LogFile(source, [])
    for block in read_blocks(source):
        file.lines += block.lines
    return file


def _silent(_: str) -> None:
    """Say nothing."""
