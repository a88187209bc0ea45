"""Labels of records: which of them say normal, which an anomaly, and which leave a record out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fnmatch import fnmatchcase

from edge.errors import InputError
from export.listing import commonest

NORMAL = ""
"""The kind of a normal record; that of an anomalous one is its label."""

_NORMAL_NAMES = frozenset({"-", "0", "0.0", "normal", "benign", "false", "no", "none"})
_MEANINGS = ("0", "1", "drop")


def kind_of_lines(kinds: Sequence[str | None]) -> str | None:
    """The kind of a record of several lines: that of its first anomalous one; None where no line has any."""
    known = [kind for kind in kinds if kind is not None]
    return next(filter(None, known), NORMAL) if known else None


class LabelMap:
    """What labels mean.

    Without rules, ``-``, ``0``, ``normal``, ``benign`` and their like (in any letter case) are normal, and all others
    anomalous.
    """

    def __init__(self, rules: Sequence[tuple[str, str]] = ()) -> None:
        self._rules = list(rules)

    @classmethod
    def parse(cls, text: str) -> LabelMap:
        """The map of ``Benign=0,DoS*=1,Attempted=drop,*=1``: the first pattern that fits counts.

        Patterns are those of shells (``*``, ``?``, ``[a-z]``).

        Raises:
            InputError: the text is no such list.
        """
        rules = []
        for part in text.split(","):
            pattern, equals, meaning = part.rpartition("=")
            if not equals or meaning.strip() not in _MEANINGS:
                raise InputError(
                    f"{part.strip()!r} is not LABEL=0, LABEL=1 or LABEL=drop",
                    where="--map",
                    mend='write it like "Benign=0,DoS*=1,*=drop"; the last one is for all other labels',
                )
            rules.append((pattern.strip(), meaning.strip()))
        return cls(rules)

    def kinds(self, labels: Sequence[str | None], where: str) -> list[str | None]:
        """For each label `NORMAL`, or the label when it is an anomaly's, or None when the record is left out.

        Where there is no label, or an empty one, nothing is said, and the record is left out whatever the rules are.

        Raises:
            InputError: labels fit no rule; they are named with their counts.
        """
        counts = Counter(label for label in labels if label is not None and label.strip())
        meaning = {label: self._meaning(label.strip()) for label in counts}
        unknown = {label: counts[label] for label in counts if meaning[label] is None}
        if unknown:
            raise InputError(
                f"--map says nothing of the labels {commonest(unknown)}",
                where=where,
                mend="add them, or *=1 at its end",
            )
        kinds = {label: {"0": NORMAL, "1": label.strip(), "drop": None}[what or ""] for label, what in meaning.items()}
        return [None if label is None else kinds.get(label) for label in labels]

    def _meaning(self, label: str) -> str | None:
        if not self._rules:
            return "0" if label.lower() in _NORMAL_NAMES else "1"
        for pattern, meaning in self._rules:
            if fnmatchcase(label.lower(), pattern.lower()):
                return meaning
        return None
