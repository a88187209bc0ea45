"""A log dictionary in words: what `inspect --dictionary` shows. Control characters are escaped."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence, Tuple

import msgspec

from edge.dictionary.diff import Difference
from edge.dictionary.spec import Dictionary, Template
from edge.errors import escape_control

Row = Tuple[str, ...]
"""An id, a count, and what is said of the template."""


def listing(dictionary: Dictionary) -> Tuple[str, List[Row]]:
    """A heading and, for each template by id, its text, followed by its earlier forms."""
    known = sum(template.known for template in dictionary.templates)
    head = f"log dictionary: {len(dictionary.templates):,} templates" + (
        f", {known:,} of them known beforehand" if known else ""
    )
    return head, [row for template in dictionary.templates for row in _rows(template)]


def differences(difference: Difference) -> List[Tuple[str, List[Row]]]:
    """Headed lists of what is new, what became more general, and what is gone; none for two equal dictionaries."""
    more_general = [
        row
        for earlier, later in difference.more_general
        for row in (_row(later, escape_control(later.text)), _before(earlier.text))
    ]
    parts = [
        (f"new: {len(difference.new):,}", _plain(difference.new)),
        (f"more general: {len(difference.more_general):,}", more_general),
        (f"gone: {len(difference.gone):,}", _plain(difference.gone)),
    ]
    return [(head, rows) for head, rows in parts if rows]


def facts(difference: Difference) -> Dict[str, Any]:
    """The difference for programs."""
    return {
        "new": msgspec.to_builtins(difference.new),
        "more_general": [
            {"earlier": msgspec.to_builtins(earlier), "later": msgspec.to_builtins(later)}
            for earlier, later in difference.more_general
        ],
        "gone": msgspec.to_builtins(difference.gone),
    }


def _rows(template: Template) -> List[Row]:
    text = escape_control(template.text) + ("  [known]" if template.known else "")
    return [_row(template, text), *map(_before, template.history)]


def _plain(templates: Sequence[Template]) -> List[Row]:
    return [_row(template, escape_control(template.text)) for template in templates]


def _row(template: Template, text: str) -> Row:
    return (str(template.id), f"{template.count:,}", text)


def _before(text: str) -> Row:
    return ("", "", f"  before: {escape_control(text)}")
