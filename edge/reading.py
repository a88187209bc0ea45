"""Sources to records: the reader that a bundle's preprocessing asks for."""

from __future__ import annotations

from datetime import datetime
from typing import Optional

from edge.bundle.preprocessing import FormatSpec
from edge.errors import FormatError
from edge.formats import Reader, make_format
from edge.formats.records import LineReader
from edge.table.reader import CsvReader


def make_reader(spec: FormatSpec, *, reference: datetime, year: Optional[int] = None, where: str = "") -> Reader:
    """A new reader for one source, which `where` names in errors; `reference` and `year` as for `make_format`.

    Raises `FormatError` as `make_format` does, and for a table without fields.
    """
    if spec.name == CsvReader.name:
        if not spec.fields:
            raise FormatError("the format csv needs fields", mend="it belongs to bundles that were trained on tables")
        return CsvReader(spec.fields, spec.header, where)
    return LineReader(make_format(spec.name, layout=spec.layout, reference=reference, year=year))
