"""Sources to records: the reader that a bundle's preprocessing asks for."""

from __future__ import annotations

from datetime import datetime
from typing import Callable, Optional

from edge.bundle.manifest import DICTIONARY_NAME
from edge.bundle.preprocessing import FormatSpec, Preprocessing
from edge.dictionary.spec import decode_dictionary
from edge.errors import FormatError
from edge.formats import Reader, make_format
from edge.formats.http import HttpReader
from edge.formats.records import LineReader
from edge.formats.request_rows import RequestRowsFormat
from edge.sequence.events import EventsReader
from edge.sequence.reader import SessionReader, Sessions, WindowReader
from edge.sequence.words import LineEvents, RowWords
from edge.table.reader import CsvReader


def make_reader(
    spec: FormatSpec,
    *,
    reference: datetime,
    year: Optional[int] = None,
    where: str = "",
    sessions: Optional[Sessions] = None,
) -> Reader:
    """A new reader for one source, which `where` names in errors; `reference` and `year` as for `make_format`.

    With `sessions`, records are put together to sessions; ready sessions are cut into windows.

    Raises `FormatError` as `make_format` does, and for a table without fields or sessions that cannot be made.
    """
    if spec.name == EventsReader.name:
        ready = EventsReader(where)
        if sessions is None:
            return ready
        if sessions.spec.length is None:
            raise FormatError("a file of ready sessions can only be cut into windows", where=where)
        return WindowReader(ready, sessions.spec.length, sessions.spec.step or 1)
    lines = _line_reader(spec, reference, year, where)
    if sessions is None:
        return lines
    if sessions.words is None:
        raise FormatError("sessions of lines need a log dictionary", where=where, mend="export the bundle again")
    return SessionReader(lines, sessions.spec, sessions.words)


def sessions_of(preprocessing: Preprocessing, read: Callable[[str], bytes]) -> Optional[Sessions]:
    """How records are put together to sessions, None where they are not; `read` gives a file of the bundle by its name.

    Raises:
        FormatError: a mask cannot be used.
        BundleError: the dictionary cannot be used.
    """
    if preprocessing.sessions is None:
        return None
    if preprocessing.format.name == EventsReader.name:
        return Sessions(preprocessing.sessions, None)
    if preprocessing.format.name == RequestRowsFormat.name:
        return Sessions(preprocessing.sessions, RowWords())
    dictionary = decode_dictionary(read(DICTIONARY_NAME), DICTIONARY_NAME)
    return Sessions(preprocessing.sessions, LineEvents(preprocessing.masks, dictionary))


def _line_reader(spec: FormatSpec, reference: datetime, year: Optional[int], where: str) -> Reader:
    if spec.name == CsvReader.name:
        if not spec.fields:
            raise FormatError("the format csv needs fields", mend="it belongs to bundles that were trained on tables")
        return CsvReader(spec.fields, spec.header, where)
    if spec.name == HttpReader.name:
        return HttpReader(spec.fields)
    return LineReader(make_format(spec.name, layout=spec.layout, reference=reference, year=year, fields=spec.fields))
