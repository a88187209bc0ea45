"""Contents that are rows of features with a blank between each two: the lines of a session, a step each."""

from __future__ import annotations

from typing import Dict, List, Sequence, Tuple, Union

import numpy as np

from edge.bundle.caps import BATCH_AXIS
from edge.bundle.manifest import TensorSpec
from edge.bundle.preprocessing import FeatureEncoderSpec, StepEncoderSpec
from edge.encoders.base import Encoded
from edge.encoders.features import FeatureEncoder
from edge.reason import Reason
from edge.sequence.reader import window_starts
from edge.text.reasons import MOST_REASONS, SHARE_OF_ODDEST


class StepEncoder:
    """Windows of rows; see `StepEncoderSpec`."""

    reason_output = "step_scores"

    def __init__(self, spec: StepEncoderSpec) -> None:
        self._steps = spec.steps
        self._most = spec.max_segments
        self._width = spec.width
        self._rows = FeatureEncoder(FeatureEncoderSpec(features=spec.features))

    def signature(self) -> List[TensorSpec]:
        """``steps``, float32 [batch, steps, 1 + width], and ``step_scores``, float32 [batch, steps]."""
        shape: List[Union[int, str]] = [BATCH_AXIS, self._steps]
        return [
            TensorSpec(name="steps", dtype="float32", shape=[*shape, 1 + self._width]),
            TensorSpec(name=self.reason_output, dtype="float32", shape=shape),
        ]

    def keys(self, contents: Sequence[str]) -> List[str]:
        """The contents themselves."""
        return list(contents)

    def encode(self, keys: Sequence[str]) -> Encoded:
        """The inputs of each content; one with a row that has no numbers is faulty."""
        # The windows of a log share nearly all of their rows.
        index: Dict[str, int] = {}
        places = [[index.setdefault(row, len(index)) for row in _rows(key)] for key in keys]
        encoded = self._rows.encode(list(index))
        known = encoded.inputs["features"]
        cuts = [self._cuts(len(rows)) for rows in places]
        owners = np.repeat(np.arange(len(keys)), [len(cut) for cut in cuts])
        inputs = np.zeros((len(owners), self._steps, 1 + self._width), np.float32)
        windows = (rows[start:stop] for rows, cut in zip(places, cuts) for start, stop in cut)
        for window, rows in zip(inputs, windows):
            if rows:
                window[-len(rows) :, 0] = 1.0
                window[-len(rows) :, 1:] = known[rows]
        faults = _faults(places, encoded.faults) if encoded.faults else {}
        inputs[np.isin(owners, list(faults))] = 0.0
        cut_off = sum(len(rows) > cut[-1][1] for rows, cut in zip(places, cuts))
        return Encoded({"steps": inputs}, owners, faults, cut_off)

    def explain(self, contents: Sequence[str], odd: Sequence[np.ndarray]) -> List[List[Reason]]:
        """The odd rows of each content, the oddest first; a row in two inputs counts with its higher score."""
        return [self._reasons(_rows(content), scores) for content, scores in zip(contents, odd)]

    def _cuts(self, rows: int) -> List[Tuple[int, int]]:
        """Where the inputs of so many rows begin and end; one at least."""
        starts = window_starts(rows, self._steps, self._steps)[: self._most]
        return [(start, min(start + self._steps, rows)) for start in starts]

    def _reasons(self, rows: Sequence[str], scores: np.ndarray) -> List[Reason]:
        highest = np.zeros(len(rows))
        for (start, stop), values in zip(self._cuts(len(rows)), scores):
            if stop > start:
                highest[start:stop] = np.maximum(highest[start:stop], values[start - stop :])
        order = np.argsort(-highest, kind="stable")[:MOST_REASONS].tolist()
        if not order or not highest[order[0]] > 0:
            return []
        least = highest[order[0]] * SHARE_OF_ODDEST
        ends = np.cumsum([len(row) + 1 for row in rows]) - 1
        return [
            Reason(rows[place], int(ends[place]) - len(rows[place]), int(ends[place]), round(float(highest[place]), 4))
            for place in order
            if highest[place] >= least
        ]


def _rows(content: str) -> List[str]:
    return content.split(" ") if content else []


def _faults(places: Sequence[Sequence[int]], of_rows: Dict[int, str]) -> Dict[int, str]:
    """What is wrong with each content, by its index: its first faulty row."""
    faults = {}
    for content, rows in enumerate(places):
        number = next((number for number, row in enumerate(rows, 1) if row in of_rows), None)
        if number is not None:
            faults[content] = f"its line {number}: {of_rows[rows[number - 1]]}"
    return faults
