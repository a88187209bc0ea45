"""A tokenizer of event ids: each known one is a token."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tokenizers import Tokenizer, models, pre_tokenizers

PAD_ID, UNSEEN_ID, BEGIN_ID, END_ID, CONTINUATION_ID = range(5)
FIRST_EVENT_ID = 5
_UNSEEN = "<unk>"
# A line feed stands in no content, so no event can be taken for these.
_SPECIAL = ("<pad>\n", _UNSEEN, "<begin>\n", "<end>\n", "<more>\n")


def event_tokenizer(contents: Sequence[str], *, most_events: int) -> bytes:
    """A tokenizer.json: the special tokens by the ids above, then the commonest events, at most `most_events`."""
    counts: Counter[str] = Counter()
    for content in contents:
        counts.update(content.split())
    counts.pop(_UNSEEN, None)
    ordered = sorted(counts, key=lambda event: (-counts[event], event))[:most_events]
    vocabulary = {token: number for number, token in enumerate([*_SPECIAL, *ordered])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=_UNSEEN))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return tokenizer.to_str(pretty=True).encode("utf-8")
