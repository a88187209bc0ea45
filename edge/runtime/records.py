"""What oddline says of one line."""

from __future__ import annotations

from typing import List, Optional

import msgspec


class Reason(msgspec.Struct, frozen=True):
    """An odd word: `text` is ``record.text[start:end]``, `score` that of its oddest token (higher is odder)."""

    text: str
    start: int
    end: int
    score: float


class Record(msgspec.Struct, frozen=True):
    """One scored line.

    `line` counts from 1; `offset` is in bytes, in the unpacked file; `p_value` is the share of held-out normal lines
    that scored at least as high; `template_id` belongs to detectors with a log dictionary.
    """

    source: str
    line: int
    offset: int
    timestamp: Optional[str]
    score: float
    p_value: float
    threshold: float
    anomalous: bool
    template_id: Optional[int]
    reasons: List[Reason]
    text: str
