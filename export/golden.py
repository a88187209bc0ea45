"""Which lines go into golden.jsonl, and what must come out of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge.bundle.golden import Golden

NORMAL_LINES = 40
ODD_LINES = 20

# Lines that no training log holds, so that the self-test sees anomalous ones whatever the log was like, and bytes
# that a parser could stumble over.
ODD_EXAMPLES = (
    "",
    " ",
    "qzxv wjkq: \u00fcberlauf \u6e29\u5ea6 \u0441\u0431\u043e\u0439 0xdeadbeef !!%%!! $(reboot) ../../../etc/shadow",
    "A" * 3000,
    "x1 " * 700,
)


def pick_lines(lines: Sequence[str], scores: np.ndarray) -> list[str]:
    """Lines spread over the whole range of `scores`, float32 [n], the oddest ones all, and lines foreign to any log."""
    distinct = dict(zip(lines, scores.tolist(), strict=True))
    ordered = sorted(distinct, key=lambda line: (distinct[line], line))
    odd = ordered[-ODD_LINES:]
    rest = ordered[: -len(odd)]
    places = np.linspace(0, len(rest) - 1, min(NORMAL_LINES, len(rest))).astype(int)
    return [*(rest[place] for place in np.unique(places)), *odd, *ODD_EXAMPLES]


def make_golden(
    lines: Sequence[str],
    contents: Sequence[str],
    rows: Sequence[list[list[int]]],
    scores: np.ndarray,
    anomalous: np.ndarray,
) -> list[Golden]:
    """The golden records of the lines; all arguments have the same length."""
    return [
        Golden(line=line, content=content, ids=ids, score=score, anomalous=verdict)
        for line, content, ids, score, verdict in zip(
            lines, contents, rows, scores.tolist(), anomalous.tolist(), strict=True
        )
    ]
