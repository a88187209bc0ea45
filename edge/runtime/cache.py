"""A bounded memory of recent results."""

from __future__ import annotations

from typing import Dict, List, Optional, Sequence

# Longer texts are rare, seldom equal, and would make the memory's size unpredictable.
LONGEST_TEXT = 1024


class RecentCache:
    """Remembers the score of the texts seen last.

    Two generations stand in for an exact least-recently-used order: a text that is used moves to the young one, and
    when the young one is full the old one is dropped. So between `capacity` / 2 and `capacity` entries are kept, and
    a look-up costs one or two dictionary accesses.
    """

    def __init__(self, capacity: int) -> None:
        self._half = max(1, capacity // 2)
        self._enabled = capacity > 0
        self._young: Dict[str, float] = {}
        self._old: Dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._young.keys() | self._old.keys())

    def get_many(self, texts: Sequence[str]) -> List[Optional[float]]:
        """The score of each text, or None where it is not remembered."""
        if not self._enabled:
            return [None] * len(texts)
        found = list(map(self._young.get, texts))
        for index, score in enumerate(found):
            if score is None:
                old = self._old.get(texts[index])
                if old is not None:
                    found[index] = old
                    self._put(texts[index], old)
        return found

    def put_many(self, texts: Sequence[str], scores: Sequence[float]) -> None:
        """Remember the scores of the texts, other than very long ones."""
        if self._enabled:
            for text, score in zip(texts, scores):
                if len(text) <= LONGEST_TEXT:
                    self._put(text, score)

    def _put(self, text: str, score: float) -> None:
        if len(self._young) >= self._half:
            self._old = self._young
            self._young = {}
        self._young[text] = score
