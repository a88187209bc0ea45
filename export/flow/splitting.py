"""Which rows are learnt from, which set the threshold, and which are kept for tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge.errors import TooLittleDataError
from export.dataset import LogData
from export.flow.moments import seconds
from export.flow.reading import raw_rows
from export.labels import NORMAL
from export.training.trainable import Slices

LEAST_TRAINING = 100
LEAST_CALIBRATION = 20


def by_time(data: LogData, shares: Sequence[float]) -> Slices:
    """Each kind of rows cut in order of time, or of the rows where they have no time stamps.

    Thresholds are set on normal rows alone, so that those of attacks which would fall into the second slice are tests.

    Raises:
        TooLittleDataError: there are too few normal rows.
    """
    when = seconds(data.stamps)
    order = np.arange(len(data)) if when is None else np.argsort(np.array(when), kind="stable")
    kinds = np.array(data.kinds, object)[order]
    slices: tuple[list[int], list[int], list[int]] = ([], [], [])
    for kind in sorted(set(data.kinds)):
        places = np.flatnonzero(kinds == kind)
        first, second = _edges(len(places), shares)
        slices[0].extend(places[:first].tolist())
        slices[1 if kind == NORMAL else 2].extend(places[first:second].tolist())
        slices[2].extend(places[second:].tolist())
    return _slices(data, [order[sorted(places)] for places in slices])


def shuffled(data: LogData, shares: Sequence[float], seed: int) -> Slices:
    """All rows shuffled and cut, as published: to learn from, to test on, and at last to validate on.

    Raises:
        TooLittleDataError: there are too few normal rows.
    """
    order = np.random.default_rng(seed).permutation(len(data))
    learn, validate, test = shares
    first, second = _edges(len(data), (learn, test, validate))
    return _slices(data, [order[:first], order[second:], order[first:second]])


def _edges(rows: int, shares: Sequence[float]) -> tuple[int, int]:
    return round(rows * shares[0]), round(rows * (shares[0] + shares[1]))


def _slices(data: LogData, places: Sequence[np.ndarray]) -> Slices:
    training, calibration, test = (data.pick(part.tolist()) for part in places)
    for part, least, what in (
        (training, LEAST_TRAINING, "learn from"),
        (calibration, LEAST_CALIBRATION, "set a threshold on"),
    ):
        found = part.kinds.count(NORMAL)
        if found < least:
            raise TooLittleDataError(
                f"{found:,} normal rows to {what} are too few: {least:,} are needed",
                mend="give more normal rows, or other shares with --split",
            )
    return Slices(training, raw_rows(calibration), raw_rows(test))
