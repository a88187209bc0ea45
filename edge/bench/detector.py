"""The detector that is measured: the real one, with a stopwatch at its stages and a count of what it computes."""

from __future__ import annotations

from typing import Callable, List, Sequence

import numpy as np

from edge.bench.stopwatch import Stopwatch
from edge.bundle.folder import Bundle
from edge.bundle.manifest import Mask
from edge.runtime.cache import RecentCache
from edge.runtime.detector import DEFAULT_CACHE_TEXTS, Detector
from edge.text.masks import Masker

STAGES = ("read", "parse", "mask", "look-up", "encode", "model", "verdict", "other")
"""What end-to-end time is split into, in the order of the data; ``look-up`` finds equal lines and remembered ones."""


class MeasuredDetector(Detector):
    """Scores as `Detector` does; `computed` counts the contents that were not answered from memory."""

    def __init__(
        self,
        bundle: Bundle,
        watch: Stopwatch,
        *,
        provider: str,
        threads: int,
        batch_rows: int,
        say: Callable[[str], None],
    ) -> None:
        super().__init__(bundle, provider=provider, threads=threads, batch_rows=batch_rows, say=say)
        self.masker = _WatchedMasker(bundle.manifest.preprocessing.masks, watch)
        self.computed = 0
        self._watch = watch

    def forget(self, *, remember: bool) -> None:
        """Start afresh, with a memory of the usual size or with none."""
        self._cache = RecentCache(DEFAULT_CACHE_TEXTS if remember else 0)
        self.computed = 0

    def score(self, contents: Sequence[str]) -> np.ndarray:
        """As in `Detector`."""
        with self._watch.stage("look-up"):
            return super().score(contents)

    def score_masked(self, masked: Sequence[str]) -> np.ndarray:
        """As in `Detector`."""
        self.computed += len(masked)
        with self._watch.stage("encode"):
            return super().score_masked(masked)

    def score_rows(self, ids: np.ndarray) -> np.ndarray:
        """As in `Detector`."""
        with self._watch.stage("model"):
            return super().score_rows(ids)

    def verdicts(self, scores: np.ndarray) -> np.ndarray:
        """As in `Detector`."""
        with self._watch.stage("verdict"):
            return super().verdicts(scores)


class _WatchedMasker(Masker):
    def __init__(self, masks: Sequence[Mask], watch: Stopwatch) -> None:
        super().__init__(masks)
        self._watch = watch

    def apply(self, contents: Sequence[str]) -> List[str]:
        with self._watch.stage("mask"):
            return super().apply(contents)
