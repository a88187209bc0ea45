"""golden.jsonl: records with what the workstation made of them, as the bundle's self-test.

One JSON object a line, UTF-8. Every field is required and unknown ones are refused, as in the manifest.
"""

from __future__ import annotations

from typing import Dict, List, Optional, Sequence, Union

import msgspec

from edge.bundle.manifest import GOLDEN_NAME
from edge.errors import IntegrityError

_MEND = "copy or export the bundle again"


class Golden(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One record and all that must come out of it again.

    `lines` are its raw lines as text, as if they were a whole source; `content` is what the bundle's format makes of
    them, `inputs` the rows that it is encoded to, of numbers or of steps, for each input of the graph, `score` the
    highest score of these rows (None when it cannot be scored), `anomalous` the verdict with the bundle's threshold.
    """

    lines: List[str]
    content: str
    inputs: Dict[str, List[List[Union[int, float, List[float]]]]]
    score: Optional[float]
    anomalous: bool


def encode_golden(golden: Sequence[Golden]) -> bytes:
    """The content of golden.jsonl, in order, every line ending in a newline."""
    encoder = msgspec.json.Encoder()
    return b"".join([encoder.encode(one) + b"\n" for one in golden])


def decode_golden(data: bytes, where: str = GOLDEN_NAME) -> List[Golden]:
    """Read golden.jsonl; `where` names it in errors.

    Raises:
        IntegrityError: there is no line in it, or one is damaged: cut off, not JSON, with a field missing, unknown or
            of the wrong type, or with rows that are empty or differ in length. The error gives the line's
            number, from 1.
    """
    if not data:
        raise IntegrityError("holds no lines to test with", where=where, mend=_MEND)
    lines = data.split(b"\n")
    if lines.pop():
        raise _damaged(where, len(lines) + 1, "it is cut off")
    decoder = msgspec.json.Decoder(Golden)
    golden = []
    for number, line in enumerate(lines, 1):
        try:
            one = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _damaged(where, number, str(error)) from error
        if not one.lines or any("\n" in line for line in one.lines):
            raise _damaged(where, number, "it has no lines, or one that holds a line feed")
        if not one.inputs or any(not _are_rows(rows) for rows in one.inputs.values()):
            raise _damaged(where, number, "its inputs are not rows of one length")
        golden.append(one)
    return golden


def _are_rows(rows: Sequence[Sequence[Union[float, List[float]]]]) -> bool:
    """Whether rows are of one length, and what is in them all numbers, or all rows of one length."""
    if not rows or not rows[0] or len({len(row) for row in rows}) > 1:
        return False
    steps = [one for row in rows for one in row if isinstance(one, list)]
    return not steps or (len(steps) == sum(map(len, rows)) and bool(steps[0]) and len(set(map(len, steps))) == 1)


def _damaged(where: str, number: int, why: str) -> IntegrityError:
    return IntegrityError(f"damaged ({why})", where=f"{where}, line {number}", mend=_MEND)
