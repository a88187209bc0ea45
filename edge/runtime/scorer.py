"""Contents to scores, a batch at a time, whatever computes the graph."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Callable, ContextManager, Dict, Iterator, List, NamedTuple, Optional, Protocol, Sequence

import numpy as np

from edge.encoders import Encoded, Encoder
from edge.errors import OddlineError, ProviderError
from edge.reason import Reason
from edge.runtime.cache import RecentCache
from edge.runtime.overlap import Overlap

DEFAULT_CACHE_TEXTS = 1 << 16
# Contents that are encoded while as many are computed: enough for the tokenizer to share them out to its threads.
CHUNK_CONTENTS = 256

RunGraph = Callable[[Sequence[str], Dict[str, np.ndarray]], List[np.ndarray]]
"""The named outputs of the graph for inputs of at most a batch of rows."""


class Watch(Protocol):
    """Something that wants to know where the time goes."""

    def stage(self, name: str) -> ContextManager[object]:
        """A context in which the stage `name` runs."""


class _NoWatch:
    def stage(self, name: str) -> ContextManager[object]:  # noqa: ARG002  (the protocol's)
        return nullcontext()


class Explanation(NamedTuple):
    """Why a content is anomalous: its odd parts, and the graph's named scores of it."""

    reasons: List[Reason]
    parts: Dict[str, float]


class Scorer:
    """Scores contents with a graph.

    A batch is scored once for each distinct key, and the last ones are remembered: equal inputs have equal scores, and
    logs repeat. A content's score is that of its oddest row. `cut` counts the contents of which only the beginning was
    looked at, and `computed` those that were not answered from memory.
    """

    def __init__(
        self,
        encoder: Encoder,
        run: RunGraph,
        *,
        batch_rows: int,
        cache_texts: int = 0,
        watch: Optional[Watch] = None,
        broken: Optional[OddlineError] = None,
        overlaps: Callable[[], bool] = lambda: False,
    ) -> None:
        """`broken` is raised where a score is no finite number; a `ProviderError` when it is not given.

        Where `overlaps` says so, contents are encoded while those before them are computed, by `run` in another thread.
        """
        self.encoder = encoder
        self.cut = 0
        self.computed = 0
        self._run = run
        self._batch_rows = batch_rows
        self._cache = RecentCache(cache_texts)
        self._watch: Watch = watch or _NoWatch()
        self._overlaps = overlaps
        self._overlap = Overlap()
        self._broken = broken or ProviderError(
            "the model gives scores that are no finite numbers", mend="run oddline verify, and try --provider cpu"
        )

    def forget(self, cache_texts: int) -> None:
        """Start afresh, with a memory of another size."""
        self._cache = RecentCache(cache_texts)
        self.computed = 0

    def score(self, contents: Sequence[str]) -> np.ndarray:
        """float32 [n]: the score of each content, higher is more anomalous; NaN where it cannot be scored.

        Raises:
            ProviderError: the inference failed, or gives scores that are no finite numbers.
        """
        if not contents:
            return np.zeros(0, np.float32)
        with self._watch.stage("mask"):
            keys = self.encoder.keys(contents)
        with self._watch.stage("look-up"):
            index: Dict[str, int] = {}
            position = [index.setdefault(key, len(index)) for key in keys]
            distinct = list(index)
            known = self._cache.get_many(distinct)
            missing = [i for i, score in enumerate(known) if score is None]
            scores = np.asarray([0.0 if score is None else score for score in known], np.float32)
        if missing:
            texts = [distinct[i] for i in missing]
            fresh = self._score_keys(texts)
            scores[missing] = fresh
            with self._watch.stage("look-up"):
                self._cache.put_many(texts, fresh.tolist())
        return scores[position]

    def encode(self, contents: Sequence[str]) -> Encoded:
        """The graph's inputs for the contents as they are, equal ones too."""
        return self.encoder.encode(self.encoder.keys(contents))

    def score_encoded(self, encoded: Encoded) -> np.ndarray:
        """float32 [contents]: as in `score`.

        Raises:
            ProviderError: as in `score`.
        """
        if not len(encoded.owners):
            return np.zeros(0, np.float32)
        with self._watch.stage("model"):
            (rows,) = self.run(("score",), encoded.inputs)
        return self._highest(rows, encoded)

    def _highest(self, rows: np.ndarray, encoded: Encoded) -> np.ndarray:
        """float32 [contents]: the scores of contents, from those of their rows."""
        scores: np.ndarray = np.maximum.reduceat(rows, encoded.rows_of(int(encoded.owners[-1]) + 1)[:-1])
        if not np.isfinite(scores).all():
            # Not a number is never at least the threshold: every line would look normal.
            raise self._broken
        scores[list(encoded.faults)] = np.nan
        return scores

    def faults(self, contents: Sequence[str]) -> List[str]:
        """Why each content cannot be scored; empty texts where nothing is wrong."""
        encoded = self.encode(contents)
        return [encoded.faults.get(place, "") for place in range(len(contents))]

    def explain(self, contents: Sequence[str], parts: Sequence[str]) -> List[Explanation]:
        """The odd parts of each content, the oddest first, and the graph's outputs `parts`, the highest of its rows."""
        if not contents:
            return []
        index: Dict[str, int] = {}
        position = [index.setdefault(key, len(index)) for key in self.encoder.keys(contents)]
        encoded = self.encoder.encode(list(index))
        odd, *outputs = self.run((self.encoder.reason_output, *parts), encoded.inputs)
        starts = encoded.rows_of(len(index))
        rows = [odd[start:stop] for start, stop in zip(starts[:-1].tolist(), starts[1:].tolist())]
        highest = [np.maximum.reduceat(values, starts[:-1]).tolist() for values in outputs]
        reasons = self.encoder.explain(contents, [rows[place] for place in position])
        return [
            Explanation(one, {name: values[place] for name, values in zip(parts, highest)})
            for one, place in zip(reasons, position)
        ]

    def outputs(self, contents: Sequence[str], names: Sequence[str]) -> List[np.ndarray]:
        """Outputs of the graph, float32 [n] each: for each content the highest of its rows."""
        if not contents:
            return [np.zeros(0, np.float32) for _ in names]
        encoded = self.encode(contents)
        starts = encoded.rows_of(len(contents))[:-1]
        return [np.maximum.reduceat(values, starts) for values in self.run(names, encoded.inputs)]

    def run(self, outputs: Sequence[str], inputs: Dict[str, np.ndarray]) -> List[np.ndarray]:
        """Outputs of the graph for any number of rows but none, a batch at a time."""
        rows = len(next(iter(inputs.values())))
        size = self._batch_rows
        batches = [
            self._run(outputs, {name: rows_of[start : start + size] for name, rows_of in inputs.items()})
            for start in range(0, rows, size)
        ]
        return [np.concatenate(parts) for parts in zip(*batches)]

    def _score_keys(self, keys: Sequence[str]) -> np.ndarray:
        self.computed += len(keys)
        if len(keys) > self._chunk and self._overlaps():
            return self._score_overlapped(keys)
        with self._watch.stage("encode"):
            encoded = self.encoder.encode(keys)
        self.cut += encoded.cut
        return self.score_encoded(encoded)

    @property
    def _chunk(self) -> int:
        return max(self._batch_rows, CHUNK_CONTENTS)

    def _score_overlapped(self, keys: Sequence[str]) -> np.ndarray:
        """As without; the stage ``model`` is what is left to wait for."""
        encoded: List[Encoded] = []
        with self._watch.stage("model"):
            rows = list(self._overlap.map(self._run_scores, self._batches(keys, encoded)))
        merged = _joined(encoded, self._chunk)
        self.cut += merged.cut
        return self._highest(np.concatenate(rows), merged)

    def _run_scores(self, inputs: Dict[str, np.ndarray]) -> np.ndarray:
        (scores,) = self.run(("score",), inputs)
        return scores

    def _batches(self, keys: Sequence[str], encoded: List[Encoded]) -> Iterator[Dict[str, np.ndarray]]:
        """The inputs of the keys, encoded a chunk at a time; all else of a chunk goes to `encoded`.

        Rows that do not fill a batch wait for those of the next chunk.
        """
        rest: Dict[str, np.ndarray] = {}
        for start in range(0, len(keys), self._chunk):
            with self._watch.stage("encode"):
                chunk = self.encoder.encode(keys[start : start + self._chunk])
            encoded.append(chunk._replace(inputs={}))
            rows = {
                name: np.concatenate([rest[name], values]) if name in rest else values
                for name, values in chunk.inputs.items()
            }
            count = len(next(iter(rows.values())))
            full = count - count % self._batch_rows
            if full:
                yield {name: values[:full] for name, values in rows.items()}
            rest = {name: values[full:] for name, values in rows.items()}
        if len(next(iter(rest.values()))):
            yield rest


def _joined(chunks: Sequence[Encoded], contents: int) -> Encoded:
    """Chunks of so many contents each (the last may have fewer) as one, without their inputs."""
    return Encoded(
        inputs={},
        owners=np.concatenate([chunk.owners + place * contents for place, chunk in enumerate(chunks)]),
        faults={
            index + place * contents: fault
            for place, chunk in enumerate(chunks)
            for index, fault in chunk.faults.items()
        },
        cut=sum(chunk.cut for chunk in chunks),
    )
