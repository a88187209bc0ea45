"""A trigram model with add-k smoothing, over sequences of symbols."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SMOOTHING = 0.01


class Trigrams:
    """How surprising each symbol of a sequence is after the two before it, in nats.

    A sequence ``t1 ... tn`` is read as ``B B t1 ... tn E``, and its symbols, and E, have the surprises

        -ln((c(t[i-2], t[i-1], t[i]) + k) / (c(t[i-2], t[i-1]) + k * V))

    with the counts c of what was learnt, k = 0.01, and V the symbols and E. Add-k smoothing: Jurafsky and Martin,
    Speech and Language Processing (3rd ed.), chapter on n-gram language models; Lidstone (1920).
    """

    def __init__(self, symbols: int, sequences: Sequence[Sequence[int]], counts: np.ndarray) -> None:
        """`sequences` of symbols from 0 to `symbols` (not included), each seen as often as `counts`, [n], says."""
        self._symbols = symbols + 2  # then B, then E
        keys, owners, _ = self._read(sequences)
        weights = counts.astype(np.float64)[owners]
        self._trigram_keys, self._trigram_counts = _count(keys, weights)
        self._context_keys, self._context_counts = _count(keys // self._symbols, weights)

    def surprise(self, sequences: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
        """The surprises of all symbols, one sequence behind the other, float64, and where each sequence's begin."""
        keys, _, starts = self._read(sequences)
        seen = _look_up(self._trigram_keys, self._trigram_counts, keys)
        context = _look_up(self._context_keys, self._context_counts, keys // self._symbols)
        vocabulary = self._symbols - 1  # B is never predicted
        return np.log(context + SMOOTHING * vocabulary) - np.log(seen + SMOOTHING), starts

    def _read(self, sequences: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """All trigrams as int64 keys, which sequence each is of, and where each sequence's first one is."""
        begin, end = self._symbols - 2, self._symbols - 1
        lengths = np.fromiter((len(one) + 3 for one in sequences), np.int64, len(sequences))
        symbols = (symbol for one in sequences for symbol in (begin, begin, *one, end))
        flat = np.fromiter(symbols, np.int64, int(lengths.sum()))
        keys = (flat[:-2] * self._symbols + flat[1:-1]) * self._symbols + flat[2:]
        owners = np.repeat(np.arange(len(sequences)), lengths)
        inside = owners[:-2] == owners[2:]
        trigrams = lengths - 2
        return keys[inside], owners[:-2][inside], np.cumsum(trigrams) - trigrams


def _count(keys: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct keys, ascending, and the sum of the counts of each."""
    distinct, inverse = np.unique(keys, return_inverse=True)
    return distinct, np.bincount(inverse, weights=counts, minlength=len(distinct))


def _look_up(keys: np.ndarray, counts: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """float64 [n]: the count of each wanted key, 0 where there is none."""
    if not len(keys):
        return np.zeros(len(wanted))
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, counts[place], 0.0)
