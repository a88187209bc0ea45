"""What parsing gives: records as columns, and the protocol of a format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, List, Optional, Protocol

import numpy as np


@dataclass(eq=False)
class Records:
    """One block of records, column by column, all of the same length n.

    `texts` are what a person is shown, `contents` what a detector sees; `contents[i]` is
    ``texts[i][starts[i]:]``. `unparsed`, bool [n], marks the lines that do not fit the format: their content is the
    whole text. `stamp` computes the time stamp of one record.
    """

    texts: List[str]
    contents: List[str]
    starts: List[int]
    unparsed: np.ndarray
    stamp: Callable[[int], Optional[str]]

    def timestamp(self, index: int) -> Optional[str]:
        """When the record was written: ISO 8601, with an offset or ``Z`` if the line had one; None if not known.

        Computed when asked for, because only the records that are shown need it. A layout whose date is not
        understood gives it as written.
        """
        return None if self.unparsed[index] else self.stamp(index)


class Format(Protocol):
    """A format belongs to one source and is fed its texts in order, since a year may turn between two of them."""

    @property
    def name(self) -> str:
        """The format's name in a manifest and on the command line."""

    def parse(self, texts: List[str]) -> Records:
        """The records of `texts`, one for one; a line that does not fit is unparsed, never dropped."""


def whole_texts(texts: List[str], unparsed: bool, stamp: Callable[[int], Optional[str]]) -> Records:
    """Records whose contents are their texts."""
    return Records(texts, texts, [0] * len(texts), np.full(len(texts), unparsed), stamp)
