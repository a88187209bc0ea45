"""Records with the truth about them, as columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from edge.errors import TooLittleDataError
from export.labels import NORMAL
from export.listing import commonest

LEAST_NORMAL_RECORDS = 100
"""With fewer, one false alarm is more than 1 %, and nothing can be said of rates below that."""


@dataclass
class Samples:
    """`contents` are what a detector sees, `texts` what a person is shown, and `places` say where they stand.

    `kinds` are ``""`` for normal records, else what sort of anomaly they are. `days` is the time that the
    sources of normal records span, None where it is not known. `unlabelled` counts the records that were left out for
    want of a label.
    """

    contents: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    days: float | None = None
    unlabelled: int = 0

    def __len__(self) -> int:
        return len(self.contents)

    @property
    def anomalous(self) -> np.ndarray:
        """Bool [n]."""
        return np.fromiter((kind != NORMAL for kind in self.kinds), np.bool_, len(self.kinds))

    def add(self, other: Samples) -> None:
        """Append other records; the days of both add up, where both are known or one of them has none to count."""
        counts = [(part.days, part.kinds.count(NORMAL)) for part in (self, other)]
        known = [days for days, normal in counts if normal]
        self.days = None if None in known or not known else float(sum(filter(None, known)))
        self.contents += other.contents
        self.texts += other.texts
        self.kinds += other.kinds
        self.places += other.places
        self.unlabelled += other.unlabelled

    def pick(self, places: Iterable[int]) -> Samples:
        """The records at these places, in their order."""
        wanted = list(places)

        def of(column: Sequence[str]) -> list[str]:
            return [column[place] for place in wanted]

        columns = of(self.contents), of(self.texts), of(self.kinds), of(self.places)
        return Samples(*columns, self.days, self.unlabelled)

    def check(self, where: str, *, by_column: bool = False, unscored: int = 0) -> None:
        """Make sure that there is enough to measure on.

        `by_column` says that labels of a column told which are normal, and `unscored` how many were left out since
        they cannot be scored: the mend hangs on both.

        Raises:
            TooLittleDataError: fewer than 100 normal records, or no anomalous one.
        """
        anomalous = int(self.anomalous.sum())
        normal = len(self) - anomalous
        left_out = [f"{unscored:,} cannot be scored"] if unscored else []
        if self.unlabelled:
            left_out.append(without_label(self.unlabelled))
        lost = "".join(f"; {one}" for one in left_out)
        if normal < LEAST_NORMAL_RECORDS:
            others = commonest(Counter(kind for kind in self.kinds if kind != NORMAL))
            raise TooLittleDataError(
                f"{normal:,} normal records are too few: a false-alarm rate of 1 % needs {LEAST_NORMAL_RECORDS}"
                + (f"; taken for anomalous are {others}" if others else "")
                + lost,
                where=where,
                mend=_mend(by_column=by_column, unscored=unscored),
            )
        if not anomalous:
            raise TooLittleDataError(
                f"there is no anomalous record{lost}",
                where=where,
                mend="give anomalous records that it can read, as it was trained on"
                if unscored
                else "give --normal and --anomalous logs, or a --labelled one that labels some",
            )


def without_label(records: int) -> str:
    """What a person is told of records that are left out for want of a label."""
    if records == 1:
        return "1 record has no label, or is there to be learnt from"
    return f"{records:,} records have no label, or are there to be learnt from"


def _mend(*, by_column: bool, unscored: int) -> str:
    if unscored:
        return "give normal records that it can read, as it was trained on"
    return "give more of the normal log" + (", or say with --map which labels are normal" if by_column else "")
