"""golden.jsonl: lines with what the workstation made of them, as the bundle's self-test.

One JSON object a line, UTF-8. Every field is required and unknown ones are refused, as in the manifest.
"""

from __future__ import annotations

from typing import List, Sequence

import msgspec

from edge.bundle.manifest import GOLDEN_NAME
from edge.errors import IntegrityError

_MEND = "copy or export the bundle again"


class Golden(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One line and all that must come out of it again.

    `line` is the raw line as text, `content` what the bundle's format leaves of it, `ids` the rows that it is encoded
    to (rows x length), `score` the highest score of these rows, `anomalous` the verdict with the bundle's threshold.
    """

    line: str
    content: str
    ids: List[List[int]]
    score: float
    anomalous: bool


def encode_golden(golden: Sequence[Golden]) -> bytes:
    """The content of golden.jsonl, in order, every line ending in a newline."""
    encoder = msgspec.json.Encoder()
    return b"".join([encoder.encode(one) + b"\n" for one in golden])


def decode_golden(data: bytes, where: str = GOLDEN_NAME) -> List[Golden]:
    """Read golden.jsonl; `where` names it in errors.

    Raises:
        IntegrityError: there is no line in it, or one is damaged: cut off, not JSON, with a field missing, unknown or
            of the wrong type, or with rows of ids that are empty or differ in length. The error gives the line's
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
        if "\n" in one.line:
            raise _damaged(where, number, "its line holds a line feed")
        if not one.ids or len({len(row) for row in one.ids}) != 1 or not one.ids[0]:
            raise _damaged(where, number, "its ids are not rows of one length")
        golden.append(one)
    return golden


def _damaged(where: str, number: int, why: str) -> IntegrityError:
    return IntegrityError(f"damaged ({why})", where=f"{where}, line {number}", mend=_MEND)
