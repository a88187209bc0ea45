"""Log formats: what of a line is header, what is content, and when it was written.

`make_format` gives a format by name, `detect_format` names the one that a log is in.
"""

from __future__ import annotations

from datetime import datetime
from typing import Optional, Sequence

from edge.errors import FormatError
from edge.formats.access import AccessFormat
from edge.formats.detect import Detection, detect_format
from edge.formats.journald import JournaldFormat
from edge.formats.layout import LayoutFormat
from edge.formats.plain import PlainFormat
from edge.formats.records import Batch, Format, Reader, Records
from edge.formats.request_rows import RequestRowsFormat
from edge.formats.rfc5424 import Rfc5424Format
from edge.formats.syslog import SyslogFormat

__all__ = [
    "FORMAT_NAMES",
    "LINE_FORMAT_NAMES",
    "Batch",
    "Detection",
    "Format",
    "Reader",
    "Records",
    "detect_format",
    "make_format",
]

LINE_FORMAT_NAMES = ("syslog", "rfc5424", "journald", "layout", "access", "requests", "plain")
FORMAT_NAMES = (*LINE_FORMAT_NAMES, "http", "events")


def make_format(
    name: str,
    *,
    layout: Optional[str],
    reference: datetime,
    year: Optional[int] = None,
    fields: Optional[Sequence[str]] = None,
) -> Format:
    """A new format for one source, which is then fed in order.

    `reference` is when the source was last written to (its modification time, or now for a stream): time stamps
    without a year lie before it. `year` is the year of the first such stamp instead. `layout` is loghub's notation
    and belongs to the format ``layout`` alone; `fields` are those of a request, for the formats ``access`` and
    ``requests``.

    Raises `FormatError` for an unknown name, for a layout that is missing, not wanted or wrong, and for fields that
    the format does not have.
    """
    if name not in LINE_FORMAT_NAMES:
        raise FormatError(f"there is no format {name!r}", mend=f"choose one of {', '.join(LINE_FORMAT_NAMES)}")
    if name == "layout":
        if layout is None:
            raise FormatError(
                "the format layout needs a layout", mend='give one, such as "<Date> <Time> <Component>: <Content>"'
            )
        return LayoutFormat(layout)
    if layout is not None:
        raise FormatError(f"a layout does not go with the format {name}", mend="leave one of the two out")
    if name == "syslog":
        return SyslogFormat(reference, year)
    if name == "rfc5424":
        return Rfc5424Format()
    if name == "journald":
        return JournaldFormat()
    if name == "access":
        return AccessFormat(fields)
    if name == "requests":
        return RequestRowsFormat(fields)
    return PlainFormat()
