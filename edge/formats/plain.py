"""Plain text: the whole line is content."""

from __future__ import annotations

from typing import List

from edge.formats.records import Records, whole_texts
from edge.formats.stamps import leading_stamp


class PlainFormat:
    """Every line fits; a line that begins with a full date and time has these as its time stamp."""

    name = "plain"

    def parse(self, texts: List[str]) -> Records:
        """Records whose contents are the texts."""
        return whole_texts(texts, False, lambda index: leading_stamp(texts[index]))
