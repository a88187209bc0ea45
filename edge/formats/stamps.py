"""Time stamps as logs write them, to ISO 8601."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Optional

MONTHS = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), start=1
    )
}
_MONTH = "|".join(MONTHS)
_CLOCK = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?"
_ZONE = r"(?P<zone> ?(?:(?:Z|UTC)\b|[+-](?:0\d|1[0-4]):?[0-5]\d(?!\d)))?"

# 2005-06-09T06:06:20.5+02:00, 2005/06/09 06:06:20,500, 2005.06.09 06:06:20 UTC
_ISO = re.compile(rf"(?P<year>\d{{4}})([-/.])(?P<month>\d\d)\2(?P<day>\d\d)[T ]{_CLOCK}{_ZONE}", re.ASCII)
# Sun Dec 04 04:47:44 2005, as C's ctime writes it
_CTIME = re.compile(rf"[A-Z][a-z]{{2}} (?P<month>{_MONTH}) +(?P<day>\d{{1,2}}) {_CLOCK} (?P<year>\d{{4}})", re.ASCII)
# 04/Dec/2005:04:47:44 +0100, as web servers write it
_CLF = re.compile(rf"(?P<day>\d\d)/(?P<month>{_MONTH})/(?P<year>\d{{4}}):{_CLOCK}{_ZONE}", re.ASCII)
_UNDERSTOOD = (_ISO, _CTIME, _CLF)


def to_iso(written: str) -> Optional[str]:
    """ISO 8601 of a full date and time, keeping the fraction and the offset as written; None if not understood."""
    for pattern in _UNDERSTOOD:
        match = pattern.fullmatch(written)
        if match is not None:
            return _iso_of(match)
    return None


def leading_stamp(text: str) -> Optional[str]:
    """ISO 8601 of the full date and time that `text` begins with, perhaps in brackets; None if there is none."""
    begin = 1 if text[:1] == "[" else 0
    for pattern in _UNDERSTOOD:
        match = pattern.match(text, begin)
        if match is not None:
            return _iso_of(match)
    return None


def iso_local(year: int, month: int, day: int, clock: str) -> Optional[str]:
    """ISO 8601 without an offset; None for a day or an hour that does not exist. `clock` is ``HH:MM:SS[.f]``."""
    try:
        moment = datetime(year, month, day, int(clock[0:2]), int(clock[3:5]), min(int(clock[6:8]), 59))
    except ValueError:
        return None
    # A leap second (60) is a second that datetime does not know, and yet may be in a log.
    return f"{moment.isoformat()[:16]}:{clock[6:]}" if int(clock[6:8]) <= 60 else None


def _iso_of(match: re.Match[str]) -> Optional[str]:
    part = match.groupdict()
    fraction = "" if part["fraction"] is None else f".{part['fraction']}"
    month = MONTHS.get(part["month"]) or int(part["month"])
    stamp = iso_local(
        int(part["year"]), month, int(part["day"]), f"{part['hour']}:{part['minute']}:{part['second']}{fraction}"
    )
    return None if stamp is None else stamp + _iso_zone(part.get("zone"))


def _iso_zone(zone: Optional[str]) -> str:
    if zone is None:
        return ""
    zone = zone.strip()
    if zone in ("Z", "UTC"):
        return "Z"
    return zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
