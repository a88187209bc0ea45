"""The `default` model of the detector `line`: the network of `export.tokens` over BPE tokens, and how its tokens count.

A log line says first what kind of event it tells of, and then its particulars (He et al., Drain: An Online Log Parsing
Approach with Fixed Depth Tree, ICWS 2017, build on the same). So the weights of tokens fall off from the beginning, and
they grow with the root of a token's length: an unknown word falls into many short pieces, which are odd all together
and must not count as so many words.
"""

from __future__ import annotations

import numpy as np

from export.tokens.score import Weighing

HEAD_TOKENS = 20
STRETCH_TOKENS = 8
STRETCH_SHARE = 0.4
MOST_SURPRISE = 5.0


def weighing(characters: np.ndarray) -> Weighing:
    """How tokens count; `characters`, float32 [vocabulary], is how many characters of text each of them stands for."""
    return Weighing(
        tokens=np.sqrt(characters, dtype=np.float32),
        head_tokens=HEAD_TOKENS,
        stretch_tokens=STRETCH_TOKENS,
        stretch_share=STRETCH_SHARE,
        most_surprise=MOST_SURPRISE,
    )
