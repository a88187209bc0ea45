"""The worst errors of a detector, with the lines that they are about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import List

import msgspec
import numpy as np

from edge.reason import Reason
from edge.runtime.verdicts import is_anomalous
from export.evaluate.samples import Samples
from export.evaluate.scorers import Explain

SHOWN = 10
_SHOWN_CHARACTERS = 2000


class WorstError(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A record with the wrong verdict; `records` is how many have the same input.

    `kind` is ``""`` for a normal record. `reasons` are the odd parts that the detector names, the oddest first.
    """

    text: str
    place: str
    kind: str
    score: float
    records: int
    reasons: List[str]


class WorstErrors(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`false_positives`: normal records with the highest scores; `misses`: anomalous ones with the lowest."""

    false_positives: List[WorstError]
    misses: List[WorstError]


def worst_errors(
    samples: Samples, scores: np.ndarray, clusters: np.ndarray, threshold: float, explain: Explain | None
) -> WorstErrors:
    """The worst of each, every distinct input once; `scores` float32 [n], `clusters` int64 [n]: equal inputs."""
    flagged = is_anomalous(scores, threshold)
    anomalous = samples.anomalous

    def worst(wrong: np.ndarray, order: np.ndarray) -> list[WorstError]:
        places = np.flatnonzero(wrong)
        ranked = places[np.argsort(order[places], kind="stable")]
        _, first = np.unique(clusters[ranked], return_index=True)
        picked = ranked[np.sort(first)][:SHOWN].tolist()
        counts = np.bincount(clusters[places], minlength=int(clusters.max()) + 1)
        reasons = _reasons(explain, [samples.contents[place] for place in picked])
        return [
            WorstError(
                text=samples.texts[place][:_SHOWN_CHARACTERS],
                place=samples.places[place],
                kind=samples.kinds[place],
                score=float(scores[place]),
                records=int(counts[clusters[place]]),
                reasons=[reason.text for reason in why],
            )
            for place, why in zip(picked, reasons, strict=True)
        ]

    return WorstErrors(false_positives=worst(~anomalous & flagged, -scores), misses=worst(anomalous & ~flagged, scores))


def _reasons(explain: Explain | None, contents: Sequence[str]) -> list[list[Reason]]:
    if explain is None or not contents:
        return [[] for _ in contents]
    return explain(contents)
