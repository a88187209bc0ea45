"""Time stamps of flows, as the tools that write them have them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone

# CICFlowMeter writes the day first; its earlier versions left out the seconds.
_FORMS = ("%d/%m/%Y %I:%M:%S %p", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M")
_MILLISECONDS_FROM = 1e11


def to_iso(stamps: Sequence[str | None]) -> list[str | None] | None:
    """The stamps as ISO 8601, all in one form; None where one of them is missing or not understood."""
    read = None
    found: list[str | None] = []
    for stamp in stamps:
        if not stamp:
            return None
        moment = None if read is None else _read(stamp, read)
        if moment is None:
            read = next((form for form in (*_FORMS, "iso", "epoch") if _read(stamp, form) is not None), None)
            moment = None if read is None else _read(stamp, read)
        if moment is None:
            return None
        found.append(moment.isoformat())
    return found


def seconds(stamps: Sequence[str | None]) -> list[float] | None:
    """Of stamps that `to_iso` gave; None where it gave none."""
    found = []
    for stamp in stamps:
        moment = None if stamp is None else _read(stamp, "iso")
        if moment is None:
            return None
        found.append((moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp())
    return found


def _read(stamp: str, form: str) -> datetime | None:
    try:
        if form == "epoch":
            number = float(stamp)
            return datetime.fromtimestamp(number / 1000 if number > _MILLISECONDS_FROM else number, tz=timezone.utc)
        if form == "iso":
            # Python 3.10 reads neither Z nor fractions of any length.
            whole, dot, rest = stamp.replace("Z", "+00:00").partition(".")
            digits = len(rest) - len(rest.lstrip("0123456789"))
            return datetime.fromisoformat(whole + (f".{rest[:digits]:0<6.6}{rest[digits:]}" if dot else ""))
        return datetime.strptime(stamp, form)
    except (ValueError, OverflowError, OSError):
        return None
