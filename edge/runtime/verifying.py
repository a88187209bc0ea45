"""The golden self-test: does this machine make of the golden lines what the workstation made of them?

Golden records go the whole way that `score` takes (format, masks, encoder, graph, verdict); a bundle's golden.jsonl is
what `replay` gave on the workstation, and `compare` finds where it gives something else here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import List, Optional, Sequence, Union

import numpy as np

from edge.bundle.folder import Bundle
from edge.bundle.golden import Golden, decode_golden
from edge.bundle.manifest import GOLDEN_NAME
from edge.bundle.preprocessing import FormatSpec
from edge.errors import InputError, ParityError
from edge.formats.records import read_all
from edge.reading import make_reader, sessions_of
from edge.runtime.detector import Detector
from edge.runtime.scorer import Scorer
from edge.runtime.verdicts import is_anomalous
from edge.sequence.reader import Sessions

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
    """Replay the bundle's golden records with its detector on this machine.

    Raises:
        ParityError: something else comes out than the bundle promises.
        IntegrityError: the golden records are missing or damaged.
    """
    manifest = bundle.manifest
    golden = decode_golden(bundle.read(GOLDEN_NAME), str(bundle.root / GOLDEN_NAME))
    sessions = sessions_of(manifest.preprocessing, bundle.read)
    contents = [content_of(manifest.preprocessing.format, one.lines, sessions) for one in golden]
    found = replay(detector.scorer, detector.threshold, [one.lines for one in golden], contents)
    return compare(found, golden, manifest.threshold.value, manifest.parity.tolerance, str(bundle.root))


def content_of(spec: FormatSpec, lines: Sequence[str], sessions: Optional[Sessions] = None) -> str:
    """The content of the one record that the raw lines are, read as a source of their own.

    Raises:
        FormatError: the format does not exist, or its layout is wrong.
        InputError: the lines are not one record.
    """
    batch = read_all(make_reader(spec, reference=_REFERENCE, sessions=sessions), lines)
    if len(batch) != 1:
        raise InputError(f"{len(lines)} lines give {len(batch)} records where one was expected", where=GOLDEN_NAME)
    return batch.records.contents[0]


def replay(scorer: Scorer, threshold: float, lines: Sequence[Sequence[str]], contents: Sequence[str]) -> List[Golden]:
    """What comes out of records, given by their raw lines and their contents."""
    if not contents:
        return []
    encoded = scorer.encode(contents)
    scores = scorer.score_encoded(encoded)
    starts = encoded.rows_of(len(contents))[1:-1]
    inputs = {name: np.split(rows, starts) for name, rows in encoded.inputs.items()}
    return [
        Golden(
            lines=list(raw),
            content=content,
            inputs={name: parts[place].tolist() for name, parts in inputs.items()},
            score=None if place in encoded.faults else float(scores[place]),
            anomalous=bool(anomalous),
        )
        for place, (raw, content, anomalous) in enumerate(zip(lines, contents, is_anomalous(scores, threshold)))
    ]


def compare(
    found: Sequence[Golden], expected: Sequence[Golden], threshold: float, tolerance: float, where: str
) -> Comparison:
    """Compare a replay with the golden lines; `threshold` is the bundle's, `where` names it in errors.

    Contents, inputs and verdicts must be equal, and the relative difference of scores must not exceed `tolerance`.

    Raises:
        ParityError: they are not alike. It names the first line whose content or inputs differ; else the line whose
            score differs most; else the first line whose verdict differs.
    """
    for number, (one, other) in enumerate(zip(found, expected), 1):
        for part in ("content", "inputs"):
            if getattr(one, part) != getattr(other, part):
                raise _differs(f"its {part} {_are(part)} not what the bundle promises", where, number, other)
        if (one.score is None) != (other.score is None):
            raise _differs(f"it {'cannot' if one.score is None else 'can'} be scored here", where, number, other)
    differences = relative_differences(_numbers(found, threshold), _numbers(expected, threshold), threshold)
    # A score that is not a number counts as the worst: argmax finds the first NaN where there is one.
    worst = int(np.argmax(differences))
    largest = float(differences[worst])
    if not largest <= tolerance:
        numbers = " instead of ".join(f"{_numbers([one], threshold)[0]:.9g}" for one in (found[worst], expected[worst]))
        what = f"it scores {numbers}, a relative difference of {largest:.2g} where {tolerance:.2g} is allowed"
        raise _differs(what, where, worst + 1, expected[worst])
    for number, (one, other) in enumerate(zip(found, expected), 1):
        if one.anomalous != other.anomalous:
            verdict = "anomalous" if one.anomalous else "not anomalous"
            raise _differs(f"it is {verdict} here (score {_numbers([one], threshold)[0]:.9g})", where, number, other)
    return Comparison(len(expected), sum(one.anomalous for one in expected), largest, worst + 1)


def _numbers(golden: Sequence[Golden], unscored: float) -> List[float]:
    """The scores, with another number for those that there are not."""
    return [unscored if one.score is None else one.score for one in golden]


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
    return "are" if part == "inputs" else "is"


def _differs(what: str, where: str, number: int, golden: Golden) -> ParityError:
    line = golden.lines[-1]
    if len(line) > _SHOWN_CHARACTERS:
        line = line[:_SHOWN_CHARACTERS] + "..."
    return ParityError(
        f"{what}: {line}",
        where=f"{where}/{GOLDEN_NAME}, line {number}",
        mend="run oddline doctor, try --provider cpu, or export the bundle again",
    )
