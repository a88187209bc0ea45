"""Time stamps of flows, as the tools that write them have them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from itertools import pairwise

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


def in_order(stamps: Sequence[str | None], say: Callable[[str], None]) -> list[str | None]:
    """The stamps as `to_iso` gives them, all None where it gives none; `say` is told what the order of time is."""
    iso = to_iso(stamps)
    if iso is None:
        known = {stamp: to_iso([stamp]) is not None for stamp in set(stamps)}
        odd = [stamp for stamp in stamps if not known[stamp]]
        if any(stamp is not None for stamp in stamps):
            shown = next((f" that is understood (such as {stamp[:40]!r})" for stamp in odd if stamp), "")
            why = f"{len(odd):,} of {len(stamps):,} rows have no time stamp{shown}"
        else:
            why = "no column Timestamp was found"
        say(f"{why}: the order of the rows is taken for that of time")
        return [None] * len(stamps)
    moments = seconds(iso) or []
    late = sum(moment < before for before, moment in pairwise(moments))
    if late:
        say(f"{late:,} of {len(stamps):,} rows are older than the one before: they are ordered by their time stamps")
    return iso


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
