"""A bundle that scores: contents in, scores, verdicts and reasons out."""

from __future__ import annotations

from typing import Callable, Dict, List, NamedTuple, Optional, Sequence

import numpy as np

from edge.bundle.caps import BATCH_AXIS
from edge.bundle.folder import Bundle
from edge.bundle.manifest import MODEL_NAME, TensorSpec
from edge.dictionary.load import load_dictionary
from edge.dictionary.matcher import Matcher
from edge.encoders import Encoder, make_encoder
from edge.errors import IntegrityError
from edge.reason import Reason
from edge.runtime.choices import DEFAULT_BATCH_ROWS
from edge.runtime.engines import EngineSource
from edge.runtime.providers import refuse_two_builds
from edge.runtime.scorer import DEFAULT_CACHE_TEXTS, Scorer, Watch
from edge.runtime.session import Session
from edge.runtime.verdicts import PValues, is_anomalous


class Finding(NamedTuple):
    """Why a content is anomalous: its odd parts, the oddest first, and which scores reached their thresholds."""

    reasons: List[Reason]
    found_by: List[str]


class Detector:
    """Scores contents with a bundle's graph.

    `threshold` replaces the bundle's own when given. `watch` is told of the stages of the work: ``mask``, ``look-up``,
    ``encode``, ``model`` and ``verdict``.
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
        watch: Optional[Watch] = None,
        engines: Optional[EngineSource] = None,
        may_fall_back: bool = False,
    ) -> None:
        """Load the model and what encodes its inputs; `engines` and `may_fall_back` are as for a `Session`.

        Raises:
            ProviderError: no session could be created as asked, or two builds of onnxruntime are installed.
            BundleError: the tokenizer or the log dictionary cannot be used, or the graph is not what the encoder needs.
            FormatError: a mask or the encoder cannot be used.
        """
        manifest = bundle.manifest
        encoder = make_encoder(manifest.preprocessing, bundle.read)
        self._part_thresholds = {part.name: part.threshold.value for part in manifest.parts}
        _check_signature(bundle, encoder, list(self._part_thresholds))
        self.threshold = manifest.threshold.value if threshold is None else threshold
        refuse_two_builds()
        self.session = Session(
            bundle.model,
            provider=provider,
            threads=threads,
            say=say,
            batch_sizes=manifest.conversion.batch_sizes,
            engines=engines,
            may_fall_back=may_fall_back,
        )
        self.scorer = Scorer(
            encoder,
            self._infer,
            batch_rows=batch_rows,
            cache_texts=cache_texts,
            watch=watch,
            # On the CPU the encoder and the model would only take each other's cores.
            overlaps=lambda: self.session.on_gpu,
        )
        self._matcher = _load_matcher(bundle)
        # A record's parts are raised by as much as the user raised the threshold of their joint score.
        self._raised = self.threshold if self._part_thresholds else 1.0
        self._p_values = PValues(
            manifest.calibration, tolerance=manifest.parity.tolerance, threshold=manifest.threshold.value
        )

    @property
    def cut(self) -> int:
        """How many distinct contents were so long that only their beginning was looked at."""
        return self.scorer.cut

    def score(self, contents: Sequence[str]) -> np.ndarray:
        """float32 [n]: the score of each content, higher is more anomalous; NaN where it cannot be scored.

        Raises:
            ProviderError: the inference failed, or gives scores that are no finite numbers.
        """
        return self.scorer.score(contents)

    def verdicts(self, scores: np.ndarray) -> np.ndarray:
        """Bool [n]: which scores are anomalous; what could not be scored is not."""
        return is_anomalous(scores, self.threshold)

    def p_values(self, scores: np.ndarray) -> np.ndarray:
        """float64 [n]: the share of held-out normal records that scored at least as high."""
        return self._p_values(scores)

    def faults(self, contents: Sequence[str]) -> List[str]:
        """Why each of these contents cannot be scored."""
        return self.scorer.faults(contents)

    def templates(self, contents: Sequence[str]) -> Optional[List[Optional[int]]]:
        """The ids of these contents' templates in the log dictionary, None for one that fits none.

        None instead of the list for a bundle without a dictionary, and where contents are sessions, not texts.
        """
        return None if self._matcher is None else self._matcher.match(self.scorer.encoder.keys(contents))

    def explain(self, contents: Sequence[str]) -> List[Finding]:
        """Why each of these contents is anomalous; spans are in the content."""
        return [
            Finding(one.reasons, [name for name, value in one.parts.items() if self._reached(name, value)])
            for one in self.scorer.explain(contents, list(self._part_thresholds))
        ]

    def _infer(self, outputs: Sequence[str], inputs: Dict[str, np.ndarray]) -> List[np.ndarray]:
        return self.session.run(outputs, inputs)

    def _reached(self, part: str, value: float) -> bool:
        return bool(is_anomalous(np.float32(value), self._part_thresholds[part] * self._raised))


def _load_matcher(bundle: Bundle) -> Optional[Matcher]:
    # The texts of sessions are ids of templates, and not what templates are made for.
    dictionary = load_dictionary(bundle) if bundle.manifest.preprocessing.sessions is None else None
    return None if dictionary is None else Matcher(dictionary.templates)


def _check_signature(bundle: Bundle, encoder: Encoder, parts: Sequence[str]) -> None:
    """Refuse a graph that does not take what the encoder gives, or does not give what verdicts are made from."""
    graph = bundle.manifest.graph
    *inputs, odd = encoder.signature()
    scores = [TensorSpec(name=name, dtype="float32", shape=[BATCH_AXIS]) for name in ("score", *parts)]
    for kind, expected, found in (("input", inputs, graph.inputs), ("output", [*scores, odd], graph.outputs)):
        for spec in expected:
            if spec not in found:
                shape = ", ".join(map(str, spec.shape))
                raise IntegrityError(
                    f"the model has no {kind} '{spec.name}' of {spec.dtype} [{shape}]",
                    where=str(bundle.root / MODEL_NAME),
                    mend="export the bundle again",
                )
