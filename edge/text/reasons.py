"""Which words of a line made it odd: the graph's per-token scores, brought back to the text that a person sees."""

from __future__ import annotations

import re
from typing import List, Sequence, Tuple

import numpy as np

from edge.reason import Reason
from edge.text.masks import MaskedText

MOST_REASONS = 5
# A word is named when it is at least this share as odd as the oddest one of its line.
SHARE_OF_ODDEST = 0.4
_WORD = re.compile(r"\S+")


def odd_words(
    content: str,
    traced: MaskedText,
    spans: Sequence[Tuple[int, int]],
    places: np.ndarray,
    token_scores: np.ndarray,
    shift: int = 0,
) -> List[Reason]:
    """The odd words of `content`, the oddest first, at most five.

    `spans` are the tokens' characters in ``traced.text``; `places` int [rows, length] says which token stands where
    (-1 is padding), `token_scores` float32 [rows, length] how odd it is there. A token that stands in several places
    counts with its highest score, a word with its oddest token. `shift` is added to the spans of the result.
    """
    per_token = np.full(len(spans), -np.inf, np.float64)
    filled = places >= 0
    np.maximum.at(per_token, places[filled], token_scores[filled].astype(np.float64))
    word_of = np.full(len(content) + 1, -1, np.int64)
    words = [match.span() for match in _WORD.finditer(content)]
    for number, (start, end) in enumerate(words):
        word_of[start:end] = number
    per_word = np.full(len(words), -np.inf)
    for (first, last), score in zip(spans, per_token.tolist()):
        if last > first:
            number = word_of[traced.starts[first]]
            if number >= 0:
                per_word[number] = max(per_word[number], score)
    if not words or not np.isfinite(per_word).any() or per_word.max() <= 0:
        return []
    order = [int(i) for i in np.argsort(-per_word, kind="stable")[:MOST_REASONS]]
    least = per_word[order[0]] * SHARE_OF_ODDEST
    return [
        Reason(content[start:end], start + shift, end + shift, round(float(per_word[i]), 4))
        for i in order
        if per_word[i] >= least
        for start, end in (words[i],)
    ]
