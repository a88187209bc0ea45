"""Content to rows of token ids, with Hugging Face tokenizers.

A content becomes one row, or several when it is longer than a row. The rows of all contents of a batch stand below
each other; `owners` says whose each row is.
"""

from __future__ import annotations

from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from tokenizers import Encoding, Tokenizer

from edge.bundle.manifest import TOKENIZER_NAME
from edge.bundle.preprocessing import TokenEncoderSpec
from edge.errors import FormatError, IntegrityError

# A tokenizer's time and memory grow with the whole text, though a content's rows hold few tokens: of a text with more
# characters than this for each of them, the rest is not read. Words are some five characters long.
CHARACTERS_A_TOKEN = 64


class Rows(NamedTuple):
    """`ids` int32 [rows, length]; `owners` int64 [rows], ascending: the index of the content that the row is of.

    `cut` counts the contents of which only the beginning was looked at, as `max_segments` rows hold no more.
    """

    ids: np.ndarray
    owners: np.ndarray
    cut: int


_Placed = Tuple[np.ndarray, np.ndarray]


def read_tokenizer(data: bytes) -> Tokenizer:
    """The tokenizer of a tokenizer.json.

    Raises:
        IntegrityError: this version of tokenizers cannot read it.
    """
    try:
        return Tokenizer.from_buffer(data)
    except Exception as error:  # tokenizers raises bare Exception, and only that, for what it cannot read
        raise IntegrityError(
            f"tokenizers cannot read it ({error})",
            where=TOKENIZER_NAME,
            mend="install tokenizers 0.20.3 or later, or copy the bundle again",
        ) from error


class TokenRows:
    """Encodes masked contents as the manifest's `TokenEncoderSpec` says.

    Raises:
        IntegrityError: `tokenizer` is not a tokenizer.json that this version of tokenizers can read.
        FormatError: the spec's `fill` is unknown, or its rows are too short for a continuation.
    """

    def __init__(self, spec: TokenEncoderSpec, tokenizer: bytes) -> None:
        if spec.fill not in ("pad", "tile"):
            raise FormatError(f"encoder fill {spec.fill!r} is unknown", mend="known are pad and tile")
        if (spec.begin_id is None) != (spec.end_id is None):
            raise FormatError("a begin id needs an end id, and the other way round")
        marked = spec.continuation_id is not None or spec.begin_id is not None
        if marked and (spec.fill != "pad" or spec.length < 2):
            raise FormatError("ids that mark rows or contents need the fill pad and rows of two tokens or more")
        self._spec = spec
        continued = 0 if spec.continuation_id is None else 1
        more_rows = 0 if spec.fill == "tile" else spec.max_segments - 1
        self._most_tokens = spec.length + more_rows * (spec.length - continued)
        self._most_characters = CHARACTERS_A_TOKEN * self._most_tokens
        self._tokenizer = read_tokenizer(tokenizer)

    @property
    def length(self) -> int:
        """Tokens in a row."""
        return self._spec.length

    @property
    def vocabulary(self) -> int:
        """The number of token ids."""
        return int(self._tokenizer.get_vocab_size())

    def encode(self, masked: Sequence[str]) -> Rows:
        """Rows of ids; every content has at least one row, also an empty one (padding only)."""
        tokens = [self._mark(encoding.ids) for encoding in self._tokenize(masked)]
        ids, owners = self._place(tokens, self._spec.pad_id, self._spec.continuation_id)
        cut = sum(
            len(text) > self._most_characters or len(content) > self._most_tokens
            for text, content in zip(masked, tokens)
        )
        return Rows(ids, owners, cut)

    def spans(self, masked: Sequence[str]) -> List[List[Tuple[int, int]]]:
        """For each content, the span of its characters that each of its tokens covers."""
        return [encoding.offsets for encoding in self._tokenize(masked)]

    def positions(self, tokens: int) -> np.ndarray:
        """Which of a content's tokens stands at each place of its rows, int32 [rows, length]; -1 is none of them."""
        marker = None if self._spec.continuation_id is None else -1
        places = list(range(tokens))
        return self._place([places if self._spec.begin_id is None else [-1, *places, -1]], -1, marker)[0]

    def _mark(self, ids: List[int]) -> List[int]:
        """A content's ids between those of its begin and its end."""
        if self._spec.begin_id is None or self._spec.end_id is None:
            return ids
        return [self._spec.begin_id, *ids, self._spec.end_id]

    def _tokenize(self, masked: Sequence[str]) -> List[Encoding]:
        """Of each text, as far as it is read."""
        encodings: List[Encoding] = self._tokenizer.encode_batch(
            [text[: self._most_characters] for text in masked], add_special_tokens=False
        )
        return encodings

    def _place(self, tokens: List[List[int]], empty: int, marker: Optional[int]) -> _Placed:
        if self._spec.fill == "tile":
            return _tile(tokens, self._spec.length, empty)
        return _segment(tokens, self._spec.length, self._spec.max_segments, empty, marker)


def _tile(tokens: List[List[int]], length: int, empty: int) -> _Placed:
    """Each content's ids repeated, then cut to the length, rounding as the published notebook does."""
    ids = np.full((len(tokens), length), empty, np.int32)
    for row, content in enumerate(tokens):
        if content:
            ids[row] = (content * round(length / len(content) + 1))[:length]
    return ids, np.arange(len(tokens))


def _segment(tokens: List[List[int]], length: int, most: int, empty: int, marker: Optional[int]) -> _Placed:
    """Each content's ids in as many full rows as it needs, at most `most`; a short content is filled with `empty`.

    Rows that continue a content begin with the `marker`, when there is one.
    """
    head = [] if marker is None else [marker]
    step = length - len(head)
    counts = np.fromiter(map(len, tokens), np.int64, len(tokens))
    segments = np.clip(1 - (length - counts) // step, 1, most)
    owners = np.repeat(np.arange(len(tokens)), segments)
    ids = np.full((len(owners), length), empty, np.int32)
    row = 0
    for content, parts in zip(tokens, segments.tolist()):
        kept = content[:length]
        ids[row, : len(kept)] = kept
        row += 1
        if parts > 1:
            # The last row ends where the content ends, so that it too has a full row of context.
            last = min(len(content), length + (parts - 1) * step) - step
            for start in [*range(length, length + (parts - 2) * step, step), last]:
                ids[row] = head + content[start : start + step]
                row += 1
    return ids, owners
