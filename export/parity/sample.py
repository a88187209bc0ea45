"""What scores are compared on: a run's held-out records, and altered copies of their inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.encoders import Encoder
from edge.runtime.scorer import RunGraph

LEAST_INPUTS = 10_000
"""As many inputs are compared at least; where there are fewer held-out records, altered copies fill up."""

_LEAST_ALTERED = 1_000
_LEAST_LABELLED = 100  # of each kind: with fewer, one pair moves the area by more than a limit
_ALTERED_SHARE = 0.3


@dataclass(frozen=True)
class Sample:
    """Inputs of the graph, float32 or int32 [rows, ...] by name: those of distinct contents, then the altered copies.

    `starts`, int64 [contents + 1], says where each content's rows begin, and `places`, int64 [records], which content
    each record has. `normal`, bool [records], tells records without a label of an anomaly. Records that cannot be
    scored are not in it: `numbers`, int64 [records], are their places among all, of which the first `calibration` set
    the threshold and the others are for tests.
    """

    inputs: dict[str, np.ndarray]
    starts: np.ndarray
    places: np.ndarray
    normal: np.ndarray
    numbers: np.ndarray
    calibration: int

    @property
    def records(self) -> int:
        """How many held-out records there are."""
        return len(self.places)

    @property
    def altered(self) -> int:
        """How many altered copies there are."""
        return len(next(iter(self.inputs.values()))) - int(self.starts[-1])

    @property
    def labelled(self) -> bool:
        """Whether there are enough records with and without a label for a curve between them."""
        return min(int(self.normal.sum()), int((~self.normal).sum())) >= _LEAST_LABELLED

    def rows(self, most: int) -> dict[str, np.ndarray]:
        """So many inputs at most of the normal records that set the threshold, spread over all of them.

        Where none of them is normal, of all records.
        """
        chosen = self.normal & (self.numbers < self.calibration)
        contents = np.unique(self.places[chosen if chosen.any() else slice(None)])
        rows = np.concatenate([np.arange(self.starts[one], self.starts[one + 1]) for one in contents])
        spread = rows[np.unique(np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(int))]
        return {name: values[spread] for name, values in self.inputs.items()}

    def score(self, run: RunGraph, *, batch_rows: int) -> np.ndarray:
        """float32 [records + altered]: the scores of the records, then of the altered copies."""
        count = len(next(iter(self.inputs.values())))
        parts = [
            run(("score",), {name: values[start : start + batch_rows] for name, values in self.inputs.items()})[0]
            for start in range(0, count, batch_rows)
        ]
        rows = np.concatenate(parts)
        contents = np.maximum.reduceat(rows[: self.starts[-1]], self.starts[:-1])
        return np.concatenate([contents[self.places], rows[self.starts[-1] :]])

    def odd_and_normal(self) -> tuple[np.ndarray, np.ndarray]:
        """Which of the scores are of anomalies, and which of normal records, bool [records + altered] both.

        Anomalies are the records with a label; where there are too few for a curve, the altered copies.
        """
        altered = np.zeros(self.altered, bool)
        normal = np.concatenate([self.normal, altered])
        if self.labelled:
            return np.concatenate([~self.normal, altered]), normal
        return np.concatenate([np.zeros(self.records, bool), ~altered]), normal

    def name_of(self, place: int) -> str:
        """How the input at a place of the scores is called in a message."""
        if place >= self.records:
            return f"altered copy {place - self.records}"
        number = int(self.numbers[place])
        if number < self.calibration:
            return f"record {number + 1} of those that set the threshold"
        return f"record {number - self.calibration + 1} of those held out for tests"

    def content_of(self, place: int) -> int:
        """A number that records with the same content share; altered copies have one each."""
        return int(self.places[place]) if place < self.records else place - self.records + len(self.starts)


def take_sample(
    encoder: Encoder, contents: Sequence[str], kinds: Sequence[str], calibration: int, *, seed: int = 0
) -> Sample:
    """The sample of held-out records, given by their contents and their kinds (``""`` is normal).

    The first `calibration` of them set the threshold.
    """
    index: dict[str, int] = {}
    places = np.array([index.setdefault(key, len(index)) for key in encoder.keys(contents)], np.int64)
    encoded = encoder.encode(list(index))
    scored = ~np.isin(places, list(encoded.faults))
    copies = max(LEAST_INPUTS - int(scored.sum()), _LEAST_ALTERED)
    other = altered_copies(encoded.inputs, copies, seed)
    return Sample(
        inputs={name: np.concatenate([values, other[name]]) for name, values in encoded.inputs.items()},
        starts=encoded.rows_of(len(index)),
        places=places[scored],
        normal=np.array([kind == "" for kind in kinds], bool)[scored],
        numbers=np.flatnonzero(scored),
        calibration=calibration,
    )


def altered_copies(inputs: dict[str, np.ndarray], count: int, seed: int) -> dict[str, np.ndarray]:
    """So many copies of rows, drawn at random, in which about three tenths of the values are others.

    A token becomes any of those that occur; a feature, or a step of a session, that of another row.
    """
    random = np.random.default_rng(seed)
    copied = random.integers(len(next(iter(inputs.values()))), size=count)
    return {name: _altered(values, copied, random) for name, values in inputs.items()}


def _altered(values: np.ndarray, copied: np.ndarray, random: np.random.Generator) -> np.ndarray:
    places = (len(copied), values.shape[1])
    if values.dtype.kind == "i":
        others = random.choice(np.unique(values), size=places)
    else:
        others = values[random.integers(len(values), size=places), np.arange(values.shape[1])]
    replaced = random.random(places) < _ALTERED_SHARE
    altered: np.ndarray = np.where(replaced.reshape(*places, *[1] * (values.ndim - 2)), others, values[copied])
    return altered
