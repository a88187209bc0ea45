"""Which records are the same to a detector, and to a method that is compared with it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge.bundle.preprocessing import FeatureEncoderSpec, Preprocessing, StepEncoderSpec
from edge.formats.access import AccessFormat
from edge.formats.http import HttpReader
from edge.sequence.events import EventsReader
from edge.text.masks import Masker
from export.line.presets import DEFAULT_MASKS

TEXT = "text"
SESSIONS = "sessions"
FEATURES = "features"
STEPS = "steps"


def family_of(preprocessing: Preprocessing) -> str:
    """`FEATURES` for rows of a table, `STEPS` for sessions of rows, `SESSIONS` for those of ids, `TEXT` for others."""
    if isinstance(preprocessing.encoder, FeatureEncoderSpec):
        return FEATURES
    if isinstance(preprocessing.encoder, StepEncoderSpec):
        return STEPS
    if preprocessing.sessions is not None or preprocessing.format.name == EventsReader.name:
        return SESSIONS
    return TEXT


def keys_of(preprocessing: Preprocessing, contents: Sequence[str]) -> list[str]:
    """The keys of the run's or bundle's encoder: contents with equal keys have equal scores.

    What a run keeps of its training are such keys.
    """
    if family_of(preprocessing) in (FEATURES, STEPS):
        return list(contents)
    skip = preprocessing.format.skip_characters
    # The masks of sessions are those of their lines; their contents are the ids of events.
    masks = preprocessing.masks if preprocessing.sessions is None else []
    return Masker(masks).apply([content[skip:] for content in contents])


class ReadInputs:
    """The encoder's keys; of texts, what the default masks leave of them.

    A preset that masks nothing is compared with methods that mask all the same: to take each number and address for a
    word of its own would make straw men of them, and each line a distinct one. In requests, numbers are what is asked
    for and how it was answered.
    """

    def __init__(self, preprocessing: Preprocessing) -> None:
        self.preprocessing = preprocessing
        requests = preprocessing.format.name in (AccessFormat.name, HttpReader.name)
        self._masker = Masker(DEFAULT_MASKS if family_of(preprocessing) == TEXT and not requests else ())

    def of_keys(self, keys: Sequence[str]) -> list[str]:
        """The inputs that belong to keys of the run's encoder."""
        return self._masker.apply(list(keys))

    def of_contents(self, contents: Sequence[str]) -> list[str]:
        """The inputs that belong to contents."""
        return self.of_keys(keys_of(self.preprocessing, contents))


def number(texts: Sequence[str]) -> np.ndarray:
    """int64 [n]: which of the distinct texts each is, counted from 0 in the order in which they appear."""
    index: dict[str, int] = {}
    return np.fromiter((index.setdefault(text, len(index)) for text in texts), np.int64, len(texts))


def first_places(numbers: np.ndarray) -> np.ndarray:
    """int64 [distinct]: where each number stands for the first time, ascending."""
    return np.sort(np.unique(numbers, return_index=True)[1])
