"""Why a record is anomalous: the parts of its text that are odd."""

from __future__ import annotations

import msgspec


class Reason(msgspec.Struct, frozen=True):
    """An odd part: `text` is ``record.text[start:end]``, `score` how odd it is (higher is odder)."""

    text: str
    start: int
    end: int
    score: float
