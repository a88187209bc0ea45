"""The golden self-test: does this machine make of the golden lines what the workstation made of them?

`replay` runs lines the whole way that `score` takes (format, masks, encoder, graph, verdict); a bundle's golden.jsonl
is what it gave on the workstation, and `compare` finds where it gives something else here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import List, Optional, Sequence, Union

import numpy as np

from edge.bundle.folder import Bundle
from edge.bundle.golden import Golden, decode_golden
from edge.bundle.manifest import GOLDEN_NAME, FormatSpec
from edge.errors import ParityError
from edge.formats import make_format
from edge.runtime.detector import Detector

# Time stamps are no part of the test, so any date will do for those without a year.
_REFERENCE = datetime(2000, 1, 1)
_SHOWN_CHARACTERS = 120


@dataclass(frozen=True)
class Comparison:
    """How alike two runs over the same lines were.

    `largest` is the largest relative difference of a score (see `relative_differences`), and `largest_line` the number
    of its line, from 1.
    """

    lines: int
    anomalous: int
    largest: float
    largest_line: int


def self_test(bundle: Bundle, detector: Detector) -> Comparison:
    """Replay the bundle's golden lines with its detector on this machine.

    Raises:
        ParityError: something else comes out than the bundle promises.
        IntegrityError: the golden lines are missing or damaged.
    """
    golden = decode_golden(bundle.read(GOLDEN_NAME), str(bundle.root / GOLDEN_NAME))
    found = replay(detector, bundle.manifest.preprocessing.format, [one.line for one in golden])
    manifest = bundle.manifest
    return compare(found, golden, manifest.threshold.value, manifest.parity.tolerance, str(bundle.root))


def replay(detector: Detector, spec: FormatSpec, lines: Sequence[str]) -> List[Golden]:
    """What the detector makes of raw lines in the format `spec`.

    Raises:
        FormatError: the format does not exist, or its layout is wrong.
    """
    if not lines:
        return []
    records = make_format(spec.name, layout=spec.layout, reference=_REFERENCE).parse(list(lines))
    masked = detector.masker.apply([content[spec.skip_characters :] for content in records.contents])
    rows = detector.encoder.encode(masked)
    starts = np.searchsorted(rows.owners, np.arange(len(masked)))
    scores = np.maximum.reduceat(detector.score_rows(rows.ids), starts)
    verdicts = detector.verdicts(scores)
    return [
        Golden(line=line, content=content, ids=ids.tolist(), score=float(score), anomalous=bool(anomalous))
        for line, content, ids, score, anomalous in zip(
            lines, records.contents, np.split(rows.ids, starts[1:]), scores, verdicts
        )
    ]


def compare(
    found: Sequence[Golden], expected: Sequence[Golden], threshold: float, tolerance: float, where: str
) -> Comparison:
    """Compare a replay with the golden lines; `threshold` is the bundle's, `where` names it in errors.

    Contents, ids and verdicts must be equal, and the relative difference of scores must not exceed `tolerance`.

    Raises:
        ParityError: they are not alike. It names the first line whose content or ids differ; else the line whose score
            differs most; else the first line whose verdict differs.
    """
    for number, (one, other) in enumerate(zip(found, expected), 1):
        for part in ("content", "ids"):
            if getattr(one, part) != getattr(other, part):
                raise _differs(f"its {part} {_are(part)} not what the bundle promises", where, number, other)
    differences = relative_differences([one.score for one in found], [other.score for other in expected], threshold)
    # A score that is not a number counts as the worst: argmax finds the first NaN where there is one.
    worst = int(np.argmax(differences))
    largest = float(differences[worst])
    if not largest <= tolerance:
        numbers = f"{found[worst].score:.9g} instead of {expected[worst].score:.9g}"
        what = f"it scores {numbers}, a relative difference of {largest:.2g} where {tolerance:.2g} is allowed"
        raise _differs(what, where, worst + 1, expected[worst])
    for number, (one, other) in enumerate(zip(found, expected), 1):
        if one.anomalous != other.anomalous:
            verdict = "anomalous" if one.anomalous else "not anomalous"
            raise _differs(f"it is {verdict} here (score {one.score:.9g})", where, number, other)
    return Comparison(len(expected), sum(one.anomalous for one in expected), largest, worst + 1)


def relative_differences(
    found: Union[Sequence[float], np.ndarray], expected: Union[Sequence[float], np.ndarray], threshold: float
) -> np.ndarray:
    """float64 [n]: ``|a - b| / max(|a|, |b|, |threshold|)``; NaN where a score is no finite number.

    A score far below the threshold is compared on the threshold's scale: it may be a small difference of large numbers
    (of a model that regresses token ids, for one), whose last digits are noise in float32 on any backend.
    """
    a = np.asarray(found, np.float64)
    b = np.asarray(expected, np.float64)
    scale = np.maximum(np.maximum(np.abs(a), np.abs(b)), max(abs(threshold), np.finfo(np.float32).tiny))
    with np.errstate(invalid="ignore"):  # infinity minus infinity, and over infinity
        differences: np.ndarray = np.abs(a - b) / scale
    return differences


def _are(part: str) -> str:
    return "are" if part == "ids" else "is"


def _differs(what: str, where: str, number: int, golden: Golden) -> ParityError:
    line: Optional[str] = golden.line
    if len(golden.line) > _SHOWN_CHARACTERS:
        line = golden.line[:_SHOWN_CHARACTERS] + "..."
    return ParityError(
        f"{what}: {line}",
        where=f"{where}/{GOLDEN_NAME}, line {number}",
        mend="run oddline doctor, try --provider cpu, or export the bundle again",
    )
