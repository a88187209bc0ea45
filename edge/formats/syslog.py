"""BSD syslog: ``/var/log/messages`` and its kin.

Sources: RFC 3164 section 4 (with its ``<PRI>`` as sent over the network, without it as kept in files), and rsyslog's
file format with ISO 8601 time stamps. Of what the RFC leaves open, accepted are a year after the day or after the
time, fractions of seconds, and a line without a host.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import List, Optional

import numpy as np

from edge.formats.records import Records
from edge.formats.stamps import MONTHS, iso_local, to_iso
from edge.formats.years import YearTracker

_MONTH = "(?:" + "|".join(MONTHS) + ")"
_PRI = r"(?:<\d{1,3}>)?"
_BSD_STAMP = rf"(?P<month>{_MONTH}) [ 0-3]?\d (?:\d{{4}} )?\d\d:\d\d:\d\d(?:\.\d{{1,9}})?(?: \d{{4}}(?= ))?"
_ISO_STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)"
# A host is the word after the stamp, unless it ends in a colon: then it is the program, and there is no host.
_HOST = r"(?:[^\s]*[^\s:] +)?"
# Many other logs begin with an ISO 8601 stamp; in syslog a program with a colon follows the host.
_TAG = r"(?=[^\s:\[]+(?:\[[^\]\s]*\])?:(?: |$)|-- MARK --|last message repeated )"
_HEADER = rf"{_PRI}(?:{_BSD_STAMP}:? +{_HOST}|{_ISO_STAMP} [^\s:]+ +{_TAG})"

_ANY_HEADER = re.compile(_HEADER, re.ASCII)
# The header of nearly every line, over a joined block: the contents, whole lines where the header is another one.
# What it takes for a header is one by the full pattern too, apart from months that there are not.
_COMMON = re.compile(
    r"(?:[JFMASOND][aepuco][nbrylgptvc] [ 0-3]\d \d\d:\d\d:\d\d (?! |\d{4} )(?:[^\s]*[^\s:] +)?)?(.*)\n", re.ASCII
)
_STAMP = re.compile(
    rf"{_PRI}(?:(?P<iso>{_ISO_STAMP})|(?P<month>{_MONTH}) (?P<day>[ 0-3]?\d) (?:(?P<year>\d{{4}}) )?"
    r"(?P<clock>\d\d:\d\d:\d\d(?:\.\d{1,9})?)(?: (?P<year_after>\d{4})(?= ))?)",
    re.ASCII,
)


class SyslogFormat:
    """Content is ``program[pid]: message``: time stamp and host are removed."""

    name = "syslog"

    def __init__(self, reference: datetime, year: Optional[int] = None) -> None:
        self._years = YearTracker(reference, year)

    def parse(self, texts: List[str]) -> Records:
        """Records of the texts, their contents behind the syslog header."""
        contents = _COMMON.findall("\n".join(texts) + "\n") if texts else []
        starts = [len(text) - len(content) for text, content in zip(texts, contents)]
        get = MONTHS.get
        months = np.array([get(text[:3], 0) for text in texts], np.int64)
        unparsed = np.array(starts, np.int64) == 0
        for i in np.flatnonzero(unparsed | (months == 0)):
            text = texts[i]
            match = _ANY_HEADER.match(text)
            starts[i] = match.end() if match else 0
            contents[i] = text[starts[i] :]
            unparsed[i] = match is None
            months[i] = get(match["month"], 0) if match else 0
        years = self._years_of(texts, months)
        return Records(texts, contents, starts, unparsed, lambda index: _timestamp(texts[index], int(years[index])))

    def _years_of(self, texts: List[str], months: np.ndarray) -> np.ndarray:
        """The year, int64 [n], of each line whose stamp has a month by name; 0 for all others (month 0)."""
        years = np.zeros(len(texts), np.int64)
        named = np.flatnonzero(months)
        if len(named):
            if not self._years.started:
                self._start(texts[named[0]])
            years[named] = self._years.follow(months[named])
        return years

    def _start(self, text: str) -> None:
        match = _STAMP.match(text)
        if match is not None and match["month"]:
            self._years.start(MONTHS[match["month"]], int(match["day"]))


def _timestamp(text: str, year: int) -> Optional[str]:
    match = _STAMP.match(text)
    if match is None:
        return None
    if match["iso"]:
        return to_iso(match["iso"])
    written = match["year"] or match["year_after"]
    return iso_local(int(written) if written else year, MONTHS[match["month"]], int(match["day"]), match["clock"])
