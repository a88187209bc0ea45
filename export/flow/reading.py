"""Tables of flows to records for training, by the reader that the device has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from edge.bundle.preprocessing import FormatSpec
from edge.errors import InputError
from edge.files.lines import read_blocks
from edge.files.paths import Source, expand_paths
from edge.formats.records import read_all
from edge.reading import make_reader
from edge.table.reader import time_column
from edge.table.rows import guess_delimiter, join_fields, join_row, split_fields, split_row
from edge.text.clean import decode_block
from export.dataset import LogData
from export.flow import nsl_kdd
from export.flow.columns import candidates, is_number, label_column, read_column
from export.flow.moments import in_order
from export.flow.usable import Say, never_vary, scorable, usable
from export.labels import NORMAL, LabelMap
from export.listing import commonest
from export.training.options import TrainOptions

TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".data", ".log")
_LOOKED_AT = 1000
_REFERENCE = datetime(2000, 1, 1)
_MOST_LINE_BYTES = 1 << 20


@dataclass
class _Rows:
    """Rows of all files: the wanted fields of each, its label and its time stamp as written.

    `ragged` counts the rows that have other fields than their header, and `first_ragged` says where the first is and
    what is wrong; `headers` counts the lines that name columns again. A stamp is None where the table has no column of
    them, and empty where the row has none there.
    """

    fields: list[list[str]] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    stamps: list[str | None] = field(default_factory=list)
    ragged: int = 0
    first_ragged: str = ""
    headers: int = 0


def read_flows(paths: Sequence[str], options: TrainOptions, *, drop_constant: bool, say: Say) -> LogData:
    """The rows of all tables in the order of the paths, normal ones and attacks, with what they are learnt by.

    A record's content are the features' fields. Rows that the device could not score (a value is missing or infinite,
    or a row is ragged) are left out, and counted by `say`; so are those whose label says so. `drop_constant` leaves out
    columns that have one value only.

    Raises:
        InputError: a path cannot be read, a column is missing, labels are not understood, or no row is left.
    """
    tables = list(_tables(paths, say))
    if not tables:
        raise InputError("there are no rows in it", where=", ".join(paths), mend="give tables of flows")
    where, lines = tables[0]
    first = [text for text in lines if text.strip()]
    header, fixed = _header(first, options.header, where)
    delimiter = guess_delimiter(first[0])
    sample = [split_row(line, delimiter) for line in first[(0 if fixed else 1) : _LOOKED_AT]]
    label = label_column(header, sample, options.label_column, where)
    if label is None:
        say("no column says which rows are attacks: all are taken for normal; --label-column names one")
    wanted = candidates(header, label, options.fields, where)
    spec = FormatSpec(
        name="csv",
        layout=None,
        fields=wanted if label is None else [*wanted, label],
        header=list(header) if fixed else None,
        skip_characters=0,
    )
    rows = _Rows()
    for source, lines in tables:
        if not _take(rows, spec, source, lines, labelled=label is not None):
            say(f"{source}: holds no rows, only a header")
    if not rows.labels:
        what = "there are no rows in it"
        if rows.ragged:
            what = f"none of the {rows.ragged:,} rows has as many fields as its header; {rows.first_ragged}"
        raise InputError(what, where=where, mend="give tables whose first line names the columns of all rows")
    if rows.ragged:
        counted = f"{rows.ragged:,} rows have another number of fields than their header, and are left out"
        say(f"{counted}, the first at {rows.first_ragged}")
    if rows.headers:
        say(f"{rows.headers:,} further lines name the columns again, and are no rows")
    kinds = _kinds(rows, options, label, where, say)
    return _data(rows, wanted, kinds, spec, where, drop_constant=drop_constant, say=say)


def _tables(paths: Sequence[str], say: Say) -> list[tuple[str, list[str]]]:
    """Each source's name and its lines, where any holds something; what in a folder is no table is passed over."""
    found = []
    for source in expand_paths(paths, warn=say):
        named = source.path is None or str(source.path) in paths
        if not named and not _is_table(source):
            say(f"{source.name}: passed over, its name is not that of a table ({', '.join(TABLE_SUFFIXES)})")
            continue
        blocks = read_blocks(source, max_line_bytes=_MOST_LINE_BYTES)
        lines = [text for block in blocks for text in decode_block(block.lines)]
        if any(text.strip() for text in lines):
            found.append((source.name, lines))
        else:
            say(f"{source.name}: holds no lines")
    return found


def _is_table(source: Source) -> bool:
    name = source.name.lower()
    return (name[: -len(".gz")] if name.endswith(".gz") else name).endswith(TABLE_SUFFIXES)


def _header(lines: Sequence[str], asked: Sequence[str] | None, where: str) -> tuple[list[str], bool]:
    """The names of a table's columns, and whether they do not stand in the file."""
    row = split_row(lines[0], guess_delimiter(lines[0]))
    if asked is not None:
        same = [name.lower() for name in row] == [name.lower() for name in asked]
        return (row, False) if same else (list(asked), True)
    known = nsl_kdd.header_of(row)
    if known is not None:
        return known, True
    if 2 * sum(map(is_number, row)) >= len(row):
        raise InputError(
            "its first line does not name the columns", where=where, mend="name them with --header NAME,NAME,..."
        )
    return row, False


def _take(rows: _Rows, spec: FormatSpec, where: str, lines: Sequence[str], *, labelled: bool) -> int:
    """Add a table's rows, and say how many it has, ragged ones among them."""
    batch = read_all(make_reader(spec, reference=_REFERENCE, where=where), lines)
    records = batch.records
    first = next((text for text in lines if text.strip()), "")
    timed = time_column(spec.header or split_row(first, guess_delimiter(first))) is not None
    rows.headers += sum(1 for text in lines if text.strip()) - len(batch) - (spec.header is None)
    ragged = np.flatnonzero(records.unparsed).tolist()
    if ragged and not rows.ragged:
        rows.first_ragged = f"{where}:{batch.lines[ragged[0]]} ({records.contents[ragged[0]].strip()})"
    rows.ragged += len(ragged)
    for place in np.flatnonzero(~records.unparsed).tolist():
        fields = split_fields(records.contents[place])
        rows.labels.append(fields.pop() if labelled else "")
        rows.fields.append(fields)
        rows.stamps.append((records.timestamp(place) or "") if timed else None)
    return len(batch)


def _kinds(rows: _Rows, options: TrainOptions, label: str | None, where: str, say: Say) -> list[str | None]:
    """What each row is; None for those that are left out."""
    if label is None:
        return [NORMAL] * len(rows.labels)
    labels = LabelMap() if options.labels is None else LabelMap.parse(options.labels)
    kinds = labels.kinds(rows.labels, f"{where}, column {label}")
    named = [text for text in rows.labels if text.strip()]
    unlabelled = len(rows.labels) - len(named)
    if unlabelled:
        say(f"{unlabelled:,} rows have no label, and are left out")
    dropped = kinds.count(None) - unlabelled
    if dropped:
        say(f"{dropped:,} rows are left out by their labels")
    if NORMAL not in kinds:
        raise InputError(
            f"no row is normal; the labels are {commonest(Counter(named)) or 'all empty'}",
            where=f"{where}, column {label}",
            mend='say which are, such as --map "Benign=0,*=1", or name another --label-column',
        )
    attacks = Counter(kind for kind in kinds if kind)
    say(
        f"{attacks.total():,} of {len(kinds) - kinds.count(None):,} rows are labelled as attacks"
        + (f": {commonest(attacks)}" if attacks else "")
    )
    return kinds


def _data(
    rows: _Rows,
    wanted: Sequence[str],
    kinds: Sequence[str | None],
    spec: FormatSpec,
    where: str,
    *,
    drop_constant: bool,
    say: Say,
) -> LogData:
    labelled = [place for place, kind in enumerate(kinds) if kind is not None]
    columns = [
        read_column(name, values)
        for name, values in zip(wanted, zip(*(rows.fields[place] for place in labelled), strict=True), strict=True)
    ]
    columns = usable(columns, len(labelled), say)
    kept = scorable(columns, len(labelled), say)
    constant = never_vary(columns, kept, drop=drop_constant, say=say)
    columns = [column for column in columns if column.name not in constant]
    if not columns or not len(kept):
        raise InputError(
            "no rows are left" if columns else "no column is left to be a feature",
            where=where,
            mend="look at what was left out, or name other columns with --fields",
        )
    names = [column.name for column in columns]
    places = [wanted.index(name) for name in names]
    data = LogData(FormatSpec(name=spec.name, layout=None, fields=names, header=spec.header, skip_characters=0))
    for place in (labelled[row] for row in kept.tolist()):
        data.contents.append(join_fields([rows.fields[place][column] for column in places]))
        data.kinds.append(kinds[place] or NORMAL)
        data.stamps.append(rows.stamps[place])
    data.lines = data.contents
    data.stamps = in_order(data.stamps, say)
    repeated = len(data) - len(set(zip(data.contents, data.kinds, strict=True)))
    if repeated:
        say(f"{repeated:,} of {len(data):,} rows equal an earlier one")
    return data


def raw_rows(data: LogData) -> LogData:
    """The same records with raw lines that can be read as sources of their own: a header, and the row.

    Only what is held out needs them, for the self-test of a bundle.
    """
    header = join_row(data.format.fields or [])
    picked = data.pick(range(len(data)))
    picked.lines = [f"{header}\n{content}" for content in data.contents]
    return picked
