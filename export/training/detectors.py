"""The detectors that can be trained, each loaded when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # The command line asks for the names on any Python, also where nothing can be trained.
    from export.training.trainable import Trainable

_CLASSES = {
    "access": ("export.access.train", "AccessTrainable"),
    "flow": ("export.flow.train", "FlowTrainable"),
    "line": ("export.line.train", "LineTrainable"),
    "sequence": ("export.sequence.train", "SequenceTrainable"),
}
NAMES = tuple(_CLASSES)
PRESET_NAMES = ("default", "seed")


def load_detector(name: str) -> Trainable:
    """The detector of one of the `NAMES`."""
    module, found = _CLASSES[name]
    made: Trainable = getattr(import_module(module), found)()
    return made
