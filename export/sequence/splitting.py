"""Labelled sessions to the parts that are learnt from, that p-values come from, and that are kept for tests."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from itertools import compress, pairwise

import numpy as np

from edge.errors import TooLittleDataError
from export.dataset import LogData
from export.labels import NORMAL
from export.training.trainable import Slices

LEAST_SESSIONS = 10
LABELLED_SHARES = (0.8, 0.1, 0.1)


def split_by_class(data: LogData, shares: Sequence[float]) -> Slices:
    """Each class cut in its order, so that all parts hold both."""
    places: list[list[int]] = [[], [], []]
    for anomalous in (False, True):
        own = [place for place, kind in enumerate(data.kinds) if (kind != NORMAL) == anomalous]
        if len(own) < LEAST_SESSIONS:
            raise TooLittleDataError(
                f"{len(own):,} sessions are labelled {_called(anomalous)}, {LEAST_SESSIONS} are needed",
                mend="give more of them, or only normal ones, which are learnt without labels",
            )
        first, second = round(len(own) * shares[0]), round(len(own) * (shares[0] + shares[1]))
        for part, some in zip(places, (own[:first], own[first:second], own[second:]), strict=True):
            part += some
    return Slices(*(data.pick(sorted(part)) for part in places))


def split_by_time(
    data: LogData, members: Sequence[array[int]], shares: Sequence[float], *, say: Callable[[str], None]
) -> Slices:
    """Sessions of lines, `members`, in the order of their first lines, cut in time.

    A session with a line of an earlier part is left out: windows overlap, and what is tested must not have been learnt.

    Raises:
        TooLittleDataError: too few sessions of a class are to be learnt from, or too few normal ones to get p-values.
    """
    edges = [0, round(len(data) * shares[0]), round(len(data) * (shares[0] + shares[1])), len(data)]
    taken = np.zeros(1 + max((max(lines) for lines in members), default=0), np.bool_)
    parts: list[LogData] = []
    left_out = 0
    for first, last in pairwise(edges):
        lines = [np.array(one, np.int64) for one in members[first:last]]
        free = [not taken[own].any() for own in lines]
        for own in compress(lines, free):
            taken[own] = True
        left_out += free.count(False)
        parts.append(data.pick(compress(range(first, last), free)))
    if left_out:
        say(f"{left_out:,} sessions share lines with an earlier part, and are left out")
    learnt, calibration, _ = parts
    for anomalous in (False, True):
        _check(learnt, "to learn from", anomalous, f"{len(data):,} sessions in all")
    _check(calibration, "to get p-values from", False, f"{len(data):,} sessions in all")
    return Slices(*parts)


def _check(part: LogData, purpose: str, anomalous: bool, whole: str) -> None:
    found = sum((kind != NORMAL) == anomalous for kind in part.kinds)
    if found < LEAST_SESSIONS:
        mend = "give a log with more anomalies in its beginning" if anomalous else "give more of the log"
        raise TooLittleDataError(
            f"{found:,} {'anomalous' if anomalous else 'normal'} sessions are there {purpose}, {LEAST_SESSIONS} are "
            f"needed ({whole})",
            mend=f"{mend}, another --split, or {'' if anomalous else 'shorter or '}closer windows",
        )


def _called(anomalous: bool) -> str:
    return "as anomalies" if anomalous else "normal"
