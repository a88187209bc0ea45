"""Labels of a log's lines: from a column of a table, a field of a layout or of JSON lines, or a file beside the log."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from edge.bundle.preprocessing import FormatSpec
from edge.errors import InputError
from edge.formats.layout import HEADER_REACH, compile_layout
from edge.formats.records import read_all
from edge.table.reader import FAULT, CsvReader
from edge.table.rows import guess_delimiter, split_row
from edge.text.clean import decode_block
from export.labels import NORMAL, LabelMap

_SHOWN_CHARACTERS = 200
_MEND_SIDECAR = "give the labels.jsonl that was written with the log"


@dataclass(frozen=True)
class Labelling:
    """Where labels stand: in `column`, or in the file `sidecar`; `rules` say what those of a column mean.

    `layout` is the user's own, where the lines have one.
    """

    column: str | None = None
    rules: LabelMap = field(default_factory=LabelMap)
    sidecar: Path | None = None
    layout: str | None = None

    def kinds(self, lines: Sequence[bytes], name: str, spec: FormatSpec) -> list[str | None]:
        """For each raw line of the source `name` its kind; None for a line that has none, such as a header.

        `spec` is the format of the run or bundle.

        Raises:
            InputError: there is no such column or field, or the rules say nothing of a label; the labels file cannot
                be read or is not of this log.
        """
        if self.sidecar is not None:
            return read_sidecar(self.sidecar).kinds(lines, name)
        if self.column is None:
            raise InputError("nothing says which lines are anomalous", mend="give --label-column or --labels")
        return self.rules.kinds(self._labels(decode_block(list(lines)), name, spec), name)

    def _labels(self, texts: Sequence[str], name: str, spec: FormatSpec) -> list[str | None]:
        column = self.column or ""
        layout = self.layout or spec.layout
        if layout is not None:
            return _field_labels(texts, layout, column)
        if next((text for text in texts if text.strip()), "").startswith("{"):
            return _json_labels(texts, column, name)
        return _column_labels(texts, column, spec, name)


def _field_labels(texts: Sequence[str], layout: str, column: str) -> list[str | None]:
    header = compile_layout(layout)
    names = {name.lower(): name for name in header.groupindex}
    if column.strip("<>").lower() not in names:
        raise InputError(
            f"the layout has no field <{column}>, but {', '.join(f'<{name}>' for name in header.groupindex)}",
            where="--label-column",
            mend="name one of them",
        )
    group = names[column.strip("<>").lower()]
    found = [header.match(text, 0, HEADER_REACH) for text in texts]
    return [None if one is None else one[group] for one in found]


def _json_labels(texts: Sequence[str], column: str, name: str) -> list[str | None]:
    decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
    labels: list[str | None] = []
    for text in texts:
        try:
            value = decoder.decode(text).get(column)
            decoded = None if value is None else msgspec.json.decode(value)
        except msgspec.DecodeError:
            decoded = None
        labels.append(None if decoded is None else str(decoded))
    if not any(label is not None for label in labels):
        raise InputError(f"no line has a field {column!r}", where=name, mend="give --label-column another name")
    return labels


def _column_labels(texts: Sequence[str], column: str, spec: FormatSpec, name: str) -> list[str | None]:
    # A header that the training was told is that of files without one, the label's column included.
    try:
        batch = read_all(CsvReader([column], spec.header, name), texts)
    except InputError as error:
        first = next(text for text in texts if text.strip())
        columns = spec.header or split_row(first, guess_delimiter(first))
        raise InputError(
            f"it has no column {column}; its first line has {', '.join(columns)[:_SHOWN_CHARACTERS]!r}",
            where=name,
            mend="give --label-column one that it has",
        ) from error
    labels: list[str | None] = [None] * len(texts)
    for line, label in zip(batch.lines.tolist(), batch.records.contents, strict=True):
        labels[line - 1] = None if label.startswith(FAULT) else label
    return labels


class _Header(msgspec.Struct):
    """The first line of a labels file, as far as it matters here."""

    schema_version: int
    lines: int | None = None
    held_out_from_line: int = 1
    sha256: str | None = None


class _Label(msgspec.Struct):
    """An anomalous line, from 1."""

    line: int
    kind: str = "anomalous"


@dataclass(frozen=True)
class Sidecar:
    """A labels file: the kinds of the anomalous lines, by their numbers; all others are normal.

    Lines before `begin` (from 1) are there to be learnt from, and are left out.
    """

    path: Path
    labels: dict[int, str]
    begin: int
    lines: int | None
    sha256: str | None

    def kinds(self, lines: Sequence[bytes], name: str) -> list[str | None]:
        """As `Labelling.kinds`."""
        return [None] * (self.begin - 1) + list(self.all_kinds(lines, name)[self.begin - 1 :])

    def all_kinds(self, lines: Sequence[bytes], name: str) -> list[str]:
        """The kind of each raw line of the source `name`, also of those that are there to be learnt from.

        Raises:
            InputError: these are the labels of another log.
        """
        if self.lines not in (None, len(lines)) or (self.labels and max(self.labels) > len(lines)):
            raise self._of_another(name)
        if self.sha256 is not None:
            digest = hashlib.sha256(b"".join(line + b"\n" for line in lines))
            if digest.hexdigest() != self.sha256:
                raise self._of_another(name)
        return [self.labels.get(number, NORMAL) for number in range(1, len(lines) + 1)]

    def _of_another(self, name: str) -> InputError:
        return InputError(f"these are not the labels of {name}", where=str(self.path), mend=_MEND_SIDECAR)


def check_one_log(labels: Path, sources: int) -> None:
    """Raise `InputError` unless the labels file `labels` is given with one log."""
    if sources != 1:
        raise InputError(
            f"these are the labels of one log, and {sources:,} are given",
            where=str(labels),
            mend="give the log that they were written with",
        )


def read_sidecar(path: Path) -> Sidecar:
    """A file as `oddline simulate` writes it: a header object, then an object with line and kind for each odd line.

    Raises:
        InputError: it cannot be read, or is no such file.
    """
    try:
        rows = path.read_bytes().splitlines()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=str(path), mend="check the path") from error
    try:
        header = msgspec.json.decode(rows[0] if rows else b"", type=_Header)
        labels = msgspec.json.Decoder(_Label)
        found = {one.line: one.kind or "anomalous" for one in map(labels.decode, filter(None, rows[1:]))}
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"it is no file of labels ({error})", where=str(path), mend=_MEND_SIDECAR) from error
    return Sidecar(path, found, max(header.held_out_from_line, 1), header.lines, header.sha256)
