"""What every encoder does, and what it gives."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Protocol, Sequence

import numpy as np

from edge.bundle.manifest import TensorSpec
from edge.reason import Reason


class Encoded(NamedTuple):
    """A batch of contents as the graph's inputs.

    `inputs` has an array for each input of the graph, all with the same number of rows; `owners`, int64 [rows] and
    ascending, says which content each row is of, and every content has at least one. `faults` says of the contents
    that cannot be scored, by their index, why not; their rows hold zeros. `cut` counts the contents of which only the
    beginning was looked at.
    """

    inputs: Dict[str, np.ndarray]
    owners: np.ndarray
    faults: Dict[int, str]
    cut: int

    def rows_of(self, contents: int) -> np.ndarray:
        """int64 [contents + 1]: where each content's rows begin, and at last how many rows there are."""
        starts: np.ndarray = np.searchsorted(self.owners, np.arange(contents + 1))
        return starts


class Encoder(Protocol):
    """Makes the graph's inputs of contents.

    `reason_output` is the graph's output that says which parts of an input are odd.
    """

    reason_output: str

    def signature(self) -> List[TensorSpec]:
        """The inputs that the graph must have, and the output `reason_output`."""

    def keys(self, contents: Sequence[str]) -> List[str]:
        """What the graph's inputs are made of: contents with equal keys have equal inputs, and equal scores."""

    def encode(self, keys: Sequence[str]) -> Encoded:
        """The inputs of contents with these keys."""

    def explain(self, contents: Sequence[str], odd: Sequence[np.ndarray]) -> List[List[Reason]]:
        """The odd parts of each content, the oddest first; spans are in the content.

        `odd` has, for each of them, the rows of the graph's output `reason_output`.
        """
