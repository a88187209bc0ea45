"""How likely the bag of a row is: how often each event occurs in it, whatever the order.

The bags of normal rows are a mixture: a new one is one of those that were seen (a prototype), and each event's count in
it may have been drawn anew. In the way of kernel density estimates over categories (Aitchison and Aitken, Multivariate
binary discrimination by the kernel method, Biometrika 1976), with the width of each event's kernel found by EM.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# Counts of an event in a row are told apart up to 8, then in ranges; each number begins one.
COUNT_LEVELS = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 17, 25, 33, 49])
MOST_PROTOTYPES = 256
# The mass of counts never seen, of an event whose count never varied, in records.
_NEVER_SEEN = 0.001
# Prior of how often a count is drawn anew, and its weight in records.
_REDRAWN = 0.0005
_PRIOR_RECORDS = 100.0
_ROUNDS = 30


class Bags(NamedTuple):
    """``ln p(bag) = ln sum_k exp(weights[k] + sum_e table[e * levels + level of e, k])``.

    `table` float32 [vocabulary * levels, K] and `weights` float32 [K] of K prototypes; see `COUNT_LEVELS`.
    """

    table: np.ndarray
    weights: np.ndarray


def fit_bags(ids: np.ndarray, vocabulary: int, pad: int) -> Bags:
    """The mixture over rows of ids, int32 [rows, length].

    ``p(level) = (1 - eps_e) [level is the prototype's] + eps_e m_e(level)`` for each event e, by EM in which each bag
    is explained by the others only.
    """
    levels = _levels(ids, vocabulary, pad)
    distinct, often = np.unique(levels, axis=0, return_counts=True)
    marginal = _marginals(levels)
    order = np.argsort(-often, kind="stable")[:MOST_PROTOTYPES]
    kept, weight = distinct[order], often[order].astype(np.float64)
    # The time of EM is bounded: with many distinct bags only the prototypes are explained.
    used = order if len(distinct) > 2 * MOST_PROTOTYPES else np.arange(len(distinct))
    others = np.tile(weight, (len(used), 1))
    place = {int(bag): k for k, bag in enumerate(order)}
    for row, bag in enumerate(used.tolist()):
        if bag in place:
            others[row, place[bag]] -= 1
    eps = _redrawn(distinct[used], np.sqrt(often[used]), kept, np.log(np.maximum(others, 1e-9)), marginal)
    drawn = eps[:, None] * marginal
    agree = kept[:, :, None] == np.arange(len(COUNT_LEVELS))
    table = np.where(agree, np.log((1 - eps)[:, None] + drawn), np.log(drawn))
    flat = np.ascontiguousarray(table.reshape(len(kept), -1).T, np.float32)
    return Bags(flat, np.log(weight / weight.sum()).astype(np.float32))


def _levels(ids: np.ndarray, vocabulary: int, pad: int) -> np.ndarray:
    """int64 [rows, vocabulary]: the level of each token's count."""
    counts = np.zeros((len(ids), vocabulary), np.int64)
    rows, places = np.nonzero(ids != pad)
    np.add.at(counts, (rows, ids[rows, places]), 1)
    levels: np.ndarray = np.searchsorted(COUNT_LEVELS, counts, side="right") - 1
    return levels


def _marginals(levels: np.ndarray) -> np.ndarray:
    """float64 [vocabulary, levels]: how each token's count is drawn anew.

    The mass of levels never seen is Good and Turing's (levels seen once) or Witten and Bell's (levels seen, but one),
    the higher one; it lies near the levels that were seen. A token whose count never varies is taken for a rule.
    """
    rows, vocabulary = levels.shape
    kinds = len(COUNT_LEVELS)
    histogram = np.stack([np.bincount(levels[:, e], minlength=kinds) for e in range(vocabulary)]).astype(np.float64)
    seen = histogram > 0
    mass = (np.maximum((histogram == 1).sum(1), seen.sum(1) - 1) + _NEVER_SEEN) / (rows + 1)
    distance = np.abs(np.arange(kinds)[:, None] - np.arange(kinds))
    near = np.where(distance > 0, 0.5**distance, 0.0)
    near /= near.sum(1, keepdims=True)
    spread = 0.9 * (seen / seen.sum(1, keepdims=True)) @ near + 0.1 / kinds
    marginal: np.ndarray = (1 - mass)[:, None] * histogram / rows + mass[:, None] * spread
    return marginal


def _redrawn(
    bags: np.ndarray, share: np.ndarray, kept: np.ndarray, log_others: np.ndarray, marginal: np.ndarray
) -> np.ndarray:
    """float64 [vocabulary]: how often the count of each token is drawn anew.

    `bags` int64 [n, vocabulary] with weights `share` [n] are explained by the prototypes `kept` [K, vocabulary], whose
    weights `log_others` [n, K] leave out the bag itself.
    """
    vocabulary = bags.shape[1]
    chance = marginal[np.arange(vocabulary), bags]
    equal = [bag == kept for bag in bags]
    eps = np.full(vocabulary, 0.05)
    for _ in range(_ROUNDS):
        redraw = eps * chance
        gain = np.log1p((1 - eps) / redraw)
        joint = np.stack([same @ row for same, row in zip(equal, gain, strict=True)]) + log_others
        joint = np.exp(joint - joint.max(1, keepdims=True))
        blame = joint / joint.sum(1, keepdims=True) * share[:, None]
        agreed = np.stack([row @ same for same, row in zip(equal, blame, strict=True)])
        redrawn = agreed * (redraw / (redraw + 1 - eps)) + (share[:, None] - agreed)
        eps = np.clip((redrawn.sum(0) + _PRIOR_RECORDS * _REDRAWN) / (share.sum() + _PRIOR_RECORDS), 1e-5, 0.9)
    return eps
