"""What became of a log's templates between two dictionaries."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Tuple

from edge.dictionary.matcher import Matcher
from edge.dictionary.spec import Dictionary, Template


class Difference(NamedTuple):
    """Templates that only the later dictionary has, that only the earlier one has, and pairs (earlier, later).

    A pair is a template of the earlier dictionary that is gone, and the one of the later dictionary that fits every
    text that it fitted.
    """

    new: List[Template]
    gone: List[Template]
    more_general: List[Tuple[Template, Template]]


def compare(earlier: Dictionary, later: Dictionary) -> Difference:
    """The templates of two dictionaries, told apart by their texts, each list in the order of ids.

    Ids are not compared: those of dictionaries that were mined apart have nothing to do with each other.
    """
    before = {template.text: template for template in earlier.templates}
    after = {template.text: template for template in later.templates}
    left = [template for text, template in before.items() if text not in after]
    # A wildcard of a template is a word which no constant is equal to: only wildcards fit it.
    numbers = Matcher(later.templates, memo=0).match([template.text for template in left])
    by_id: Dict[int, Template] = {template.id: template for template in later.templates}
    pairs = [(template, by_id[number]) for template, number in zip(left, numbers) if number is not None]
    grown = {wider.id for _, wider in pairs}
    return Difference(
        new=[template for text, template in after.items() if text not in before and template.id not in grown],
        gone=[template for template, number in zip(left, numbers) if number is None],
        more_general=pairs,
    )
