"""What a line is in its session: one word, without a blank."""

from __future__ import annotations

import re
from typing import List, Protocol, Sequence

from edge.bundle.preprocessing import Mask
from edge.dictionary.matcher import Matcher
from edge.dictionary.spec import Dictionary
from edge.text.masks import Masker

NEW_EVENT = "new"
"""The event of a line whose template is not in the log dictionary."""

_BLANK = re.compile(r"\s")


class Words(Protocol):
    """Makes a word of each line's content: sessions are words with one blank between each two."""

    def words(self, contents: Sequence[str]) -> List[str]:
        """One for each content; none is empty, or holds white space."""


class LineEvents:
    """The events of lines: the templates of a dictionary that they are of, after masks."""

    def __init__(self, masks: Sequence[Mask], dictionary: Dictionary) -> None:
        """Raise `FormatError` for masks that cannot be used."""
        self._masker = Masker(masks)
        self._matcher = Matcher(dictionary.templates)

    def words(self, contents: Sequence[str]) -> List[str]:
        """The id of each content's template; `NEW_EVENT` for one that the dictionary does not hold."""
        numbers = self._matcher.match(self._masker.apply(contents))
        return [NEW_EVENT if number is None else str(number) for number in numbers]


class RowWords:
    """Contents that are rows of features, as they are.

    What is no row (the user asked for another format) becomes one word all the same, of which the encoder says that it
    is no row.
    """

    def words(self, contents: Sequence[str]) -> List[str]:
        """The rows."""
        return [
            content if content and not _BLANK.search(content) else "_".join(content.split()) or "_"
            for content in contents
        ]
