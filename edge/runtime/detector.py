"""A bundle that scores: contents in, scores, verdicts and reasons out, a batch at a time."""

from __future__ import annotations

from typing import Callable, Dict, List, Optional, Sequence

import numpy as np

from edge.bundle.caps import BATCH_AXIS
from edge.bundle.folder import Bundle
from edge.bundle.manifest import MODEL_NAME, TOKENIZER_NAME, TensorSpec
from edge.errors import IntegrityError, ProviderError
from edge.runtime.cache import RecentCache
from edge.runtime.reasons import odd_words
from edge.runtime.records import Reason
from edge.runtime.session import DEFAULT_BATCH_ROWS, Session
from edge.runtime.verdicts import PValues, is_anomalous
from edge.text.encoder import TokenEncoder
from edge.text.masks import Masker

DEFAULT_CACHE_TEXTS = 1 << 16


class Detector:
    """Scores contents with a bundle's graph.

    A batch is scored once for each distinct masked content, and the last ones are remembered: equal inputs have equal
    scores, and logs repeat. `threshold` replaces the bundle's own when given.
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        provider: str = "auto",
        threads: int = 0,
        batch_rows: int = DEFAULT_BATCH_ROWS,
        cache_texts: int = DEFAULT_CACHE_TEXTS,
        threshold: Optional[float] = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Load the model and the tokenizer.

        Raises:
            ProviderError: no session could be created as asked.
            BundleError: the tokenizer cannot be used.
            FormatError: a mask or the encoder's `fill` cannot be used.
        """
        _check_signature(bundle)
        manifest = bundle.manifest
        self.threshold = manifest.threshold.value if threshold is None else threshold
        self.masker = Masker(manifest.preprocessing.masks)
        self.encoder = TokenEncoder(manifest.preprocessing.encoder, bundle.read(TOKENIZER_NAME))
        self.session = Session(bundle.model, provider=provider, threads=threads, say=say)
        self.cut = 0
        self._skip = manifest.preprocessing.format.skip_characters
        self._batch_rows = batch_rows
        self._cache = RecentCache(cache_texts)
        self._p_values = PValues(
            manifest.calibration, tolerance=manifest.parity.tolerance, threshold=manifest.threshold.value
        )

    @property
    def skip_characters(self) -> int:
        """How many characters are removed from the front of every content before it is scored."""
        return self._skip

    def score(self, contents: Sequence[str]) -> np.ndarray:
        """float32 [n]: the score of each content; higher is more anomalous."""
        if not contents:
            return np.zeros(0, np.float32)
        if self._skip:
            contents = [content[self._skip :] for content in contents]
        masked = self.masker.apply(contents)
        index: Dict[str, int] = {}
        position = [index.setdefault(text, len(index)) for text in masked]
        distinct = list(index)
        known = self._cache.get_many(distinct)
        missing = [i for i, score in enumerate(known) if score is None]
        scores = np.asarray([0.0 if score is None else score for score in known], np.float32)
        if missing:
            texts = [distinct[i] for i in missing]
            fresh = self.score_masked(texts)
            scores[missing] = fresh
            self._cache.put_many(texts, fresh.tolist())
        return scores[position]

    def score_masked(self, masked: Sequence[str]) -> np.ndarray:
        """float32 [n]: scores of masked contents, without looking any up; a long one's is that of its oddest row."""
        rows = self.encoder.encode(masked)
        self.cut += rows.cut
        scores = self.score_rows(rows.ids)
        return np.maximum.reduceat(scores, np.searchsorted(rows.owners, np.arange(len(masked))))

    def score_rows(self, ids: np.ndarray) -> np.ndarray:
        """float32 [rows] for encoded `ids`, int32 [rows, length].

        Raises:
            ProviderError: the inference failed, or a score is no finite number.
        """
        scores = self._run_rows("score", ids) if len(ids) else np.zeros(0, np.float32)
        if not np.isfinite(scores).all():
            # Not a number is never at least the threshold: every line would look normal.
            raise ProviderError(
                f"the model gives scores that are no finite numbers on {self.session.provider}",
                mend="run oddline verify, and try --provider cpu",
            )
        return scores

    def verdicts(self, scores: np.ndarray) -> np.ndarray:
        """Bool [n]: which scores are anomalous."""
        return is_anomalous(scores, self.threshold)

    def p_values(self, scores: np.ndarray) -> np.ndarray:
        """float64 [n]: the share of held-out normal lines that scored at least as high."""
        return self._p_values(scores)

    def reasons(self, contents: Sequence[str]) -> List[List[Reason]]:
        """The odd words of each content, the oddest first; spans are in the content."""
        if not contents:
            return []
        seen = [content[self._skip :] for content in contents]
        traced = [self.masker.trace(content) for content in seen]
        index: Dict[str, int] = {}
        position = [index.setdefault(one.text, len(index)) for one in traced]
        distinct = list(index)
        rows = self.encoder.encode(distinct)
        token_scores = self._run_rows("token_scores", rows.ids)
        first = np.searchsorted(rows.owners, np.arange(len(distinct) + 1))
        spans = self.encoder.spans(distinct)
        return [
            odd_words(
                content,
                one,
                spans[place],
                self.encoder.positions(len(spans[place])),
                token_scores[first[place] : first[place + 1]],
                self._skip,
            )
            for content, one, place in zip(seen, traced, position)
        ]

    def _run_rows(self, output: str, ids: np.ndarray) -> np.ndarray:
        """An output of the graph for encoded `ids`, int32 [rows, length], a batch at a time."""
        parts = [
            self.session.run([output], {"ids": ids[start : start + self._batch_rows]})[0]
            for start in range(0, len(ids), self._batch_rows)
        ]
        return np.concatenate(parts)


def _check_signature(bundle: Bundle) -> None:
    """Refuse a graph that does not take what the encoder gives, or does not give what verdicts are made from."""
    length = bundle.manifest.preprocessing.encoder.length
    expected = {
        "input": [TensorSpec(name="ids", dtype="int32", shape=[BATCH_AXIS, length])],
        "output": [
            TensorSpec(name="score", dtype="float32", shape=[BATCH_AXIS]),
            TensorSpec(name="token_scores", dtype="float32", shape=[BATCH_AXIS, length]),
        ],
    }
    graph = bundle.manifest.graph
    for kind, found in (("input", graph.inputs), ("output", graph.outputs)):
        for spec in expected[kind]:
            if spec not in found:
                shape = ", ".join(map(str, spec.shape))
                raise IntegrityError(
                    f"the model has no {kind} '{spec.name}' of {spec.dtype} [{shape}]",
                    where=str(bundle.root / MODEL_NAME),
                    mend="export the bundle again",
                )
