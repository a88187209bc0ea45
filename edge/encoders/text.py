"""Contents that are text: masked, tokenised, and laid out in rows of token ids."""

from __future__ import annotations

from typing import List, Sequence, Union

import numpy as np

from edge.bundle.caps import BATCH_AXIS
from edge.bundle.manifest import TensorSpec
from edge.bundle.preprocessing import Mask, TokenEncoderSpec
from edge.encoders.base import Encoded
from edge.reason import Reason
from edge.text.masks import Masker
from edge.text.reasons import odd_words
from edge.text.tokens import TokenRows


class TextEncoder:
    """Masks and a tokenizer; `skip_characters` are removed from the front of every content before."""

    reason_output = "token_scores"

    def __init__(self, skip_characters: int, masks: Sequence[Mask], spec: TokenEncoderSpec, tokenizer: bytes) -> None:
        """Raise `FormatError` or `IntegrityError` for masks, a spec or a tokenizer that cannot be used."""
        self.masker = Masker(masks)
        self.tokens = TokenRows(spec, tokenizer)
        self._skip = skip_characters

    def signature(self) -> List[TensorSpec]:
        """``ids`` and ``token_scores``, [batch, length] both."""
        shape: List[Union[int, str]] = [BATCH_AXIS, self.tokens.length]
        return [
            TensorSpec(name="ids", dtype="int32", shape=shape),
            TensorSpec(name=self.reason_output, dtype="float32", shape=shape),
        ]

    def keys(self, contents: Sequence[str]) -> List[str]:
        """The masked contents."""
        return self.masker.apply(self._behind(contents))

    def encode(self, keys: Sequence[str]) -> Encoded:
        """Rows of token ids; a long content has several."""
        rows = self.tokens.encode(keys)
        return Encoded({"ids": rows.ids}, rows.owners, {}, rows.cut)

    def explain(self, contents: Sequence[str], odd: Sequence[np.ndarray]) -> List[List[Reason]]:
        """The odd words of each content."""
        seen = self._behind(contents)
        traced = [self.masker.trace(content) for content in seen]
        distinct = list(dict.fromkeys(one.text for one in traced))
        spans = dict(zip(distinct, self.tokens.spans(distinct)))
        return [
            odd_words(
                content,
                one,
                spans[one.text],
                self.tokens.positions(len(spans[one.text])),
                rows,
                self._skip,
            )
            for content, one, rows in zip(seen, traced, odd)
        ]

    def _behind(self, contents: Sequence[str]) -> Sequence[str]:
        return [content[self._skip :] for content in contents] if self._skip else contents
