"""The dictionary of a training, from what it learns from and what the user knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from edge.bundle.preprocessing import Mask
from edge.dictionary.spec import Dictionary
from export.dictionary.given import read_given
from export.dictionary.miner import EMPTY, SIMILARITY, mine


def build_dictionary(
    counts: Mapping[str, int],
    masks: Sequence[Mask],
    *,
    given: str | None,
    say: Callable[[str], None],
    similarity: float = SIMILARITY,
) -> Dictionary:
    """Mine the masked texts of a training slice; `given` is the path of a file of templates, see `read_given`.

    Raises:
        InputError, SchemaError, IntegrityError: as `read_given`.
    """
    start = EMPTY if given is None else read_given(given, masks)
    dictionary = mine(counts, start=start, similarity=similarity, say=say)
    used = sum(template.count > 0 for template in dictionary.templates)
    say(
        f"the log dictionary holds {len(dictionary.templates):,} templates, {used:,} of them found in the training part"
    )
    return dictionary
