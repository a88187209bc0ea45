"""Which format a log is in, told by its first lines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Sequence

import numpy as np

from edge.formats.journald import JournaldFormat
from edge.formats.plain import PlainFormat
from edge.formats.records import Format
from edge.formats.rfc5424 import Rfc5424Format
from edge.formats.syslog import SyslogFormat

LOOKED_AT = 1000
_ANY_YEAR = datetime(2000, 1, 1)


@dataclass(frozen=True)
class Detection:
    """The format's name, and how many of the lines that were looked at fit it."""

    name: str
    matched: int
    looked_at: int


def detect_format(texts: Sequence[str]) -> Detection:
    """The format that at least half of the first 1,000 non-empty lines fit, and most of all; otherwise ``plain``."""
    sample = []
    for text in texts:
        if text.strip():
            sample.append(text)
            if len(sample) == LOOKED_AT:
                break
    candidates: Sequence[Format] = (SyslogFormat(_ANY_YEAR), Rfc5424Format(), JournaldFormat())
    best = Detection(PlainFormat.name, 0, len(sample))
    for candidate in candidates:
        matched = len(sample) - int(np.count_nonzero(candidate.parse(sample).unparsed))
        if matched > best.matched and 2 * matched >= len(sample):
            best = Detection(candidate.name, matched, len(sample))
    return best if best.matched else Detection(PlainFormat.name, len(sample), len(sample))
