"""Which records go into golden.jsonl."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge.bundle.preprocessing import FormatSpec, SessionSpec
from edge.formats.http import HttpReader
from edge.table.rows import join_row

NORMAL_RECORDS = 40
ODD_RECORDS = 20

# Lines that no training log holds, so that the self-test sees anomalous ones whatever the log was like, and bytes
# that a parser could stumble over.
ODD_EXAMPLES = (
    "",
    " ",
    "qzxv wjkq: \u00fcberlauf \u6e29\u5ea6 \u0441\u0431\u043e\u0439 0xdeadbeef !!%%!! $(reboot) ../../../etc/shadow",
    "A" * 3000,
    "x1 " * 700,
)


def pick(contents: Sequence[str], scores: np.ndarray) -> list[int]:
    """Which contents stand for all: spread over the whole range of `scores`, float32 [n], and the oddest ones all."""
    distinct: dict[str, int] = {}
    for place, content in enumerate(contents):
        distinct.setdefault(content, place)
    ordered = sorted(distinct.values(), key=lambda place: (scores[place], contents[place]))
    odd = ordered[-ODD_RECORDS:]
    rest = ordered[: -len(odd)]
    places = np.linspace(0, len(rest) - 1, min(NORMAL_RECORDS, len(rest))).astype(int)
    return [*(rest[place] for place in np.unique(places)), *odd]


def odd_examples(spec: FormatSpec, sessions: SessionSpec | None = None) -> list[list[str]]:
    """Records that no training log holds, each as its raw lines, in a format."""
    if spec.name == "csv":
        return _odd_rows(spec.fields or [])
    if spec.name == "events" and sessions is not None:
        # A longer line is several windows.
        return [[line] for line in ODD_EXAMPLES if len(line.split()) <= (sessions.length or 1)]
    if spec.name == HttpReader.name:
        # Blank lines are no requests; others are, as a body, and unparsed by themselves.
        lines = [line for line in ODD_EXAMPLES if line.strip()]
        return [[line] for line in lines] + [["POST /form HTTP/1.1", "Host: a", "", line] for line in lines]
    return [[line] for line in ODD_EXAMPLES]


def _odd_rows(fields: Sequence[str]) -> list[list[str]]:
    """Rows at the edges of what a number can be, and rows that cannot be scored: each with a header of its own."""
    header = join_row(fields)
    rows = [[value] * len(fields) for value in ("0", "-1", "3e38", "-3e38", "inf", "", "1e999", "text")]
    ragged = ["0"] * (len(fields) + 1)
    return [[header, ",".join(row)] for row in [*rows, ragged] if any(row) or len(row) > 1]
