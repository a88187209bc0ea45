"""Why a record is anomalous: the parts of its text that are odd."""

from __future__ import annotations

import msgspec


class Reason(msgspec.Struct, frozen=True):
    """An odd part, at ``record.text[start:end]``; `score` says how odd it is (higher is odder).

    `text` is what stands there, or words for it: ``name=value`` for a field of a table.
    """

    text: str
    start: int
    end: int
    score: float
