"""Byte-pair encoding for log lines, trained with Hugging Face tokenizers (Sennrich et al., 2016)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from edge.text.tokens import read_tokenizer

# A line feed stands in no content, so no log line can be taken for these two.
PAD = "<pad>\n"
CONTINUATION = "<more>\n"
UNKNOWN = "<unk>"
# What a mask stands for is a short word, whatever the mask's name.
SPECIAL_CHARACTERS = 2
# Every printable ASCII character is a token from the start, so that an unseen word falls into pieces, not into nothing.
_ALPHABET = [chr(code) for code in range(33, 127)]


def train_tokenizer(
    texts: Iterable[str], *, vocabulary: int, punctuation: bool, special: Sequence[str], alphabet: bool
) -> bytes:
    """A tokenizer.json: ids 0 and 1 are padding and the unknown character, then the `special` tokens, then the rest.

    Words end at blanks and, with `punctuation`, around each punctuation character. With `alphabet`, all printable
    ASCII is in the vocabulary, seen or not.
    """
    tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN))
    splitters: list[pre_tokenizers.PreTokenizer] = [pre_tokenizers.WhitespaceSplit()]
    if punctuation:
        splitters.append(pre_tokenizers.Punctuation("isolated"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(splitters)
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[PAD, UNKNOWN, *dict.fromkeys(special)],
        initial_alphabet=_ALPHABET if alphabet else [],
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer.to_str(pretty=True).encode("utf-8")


def token_characters(tokenizer: bytes) -> np.ndarray:
    """float32 [vocabulary]: how many characters of text each token stands for; a special one counts as two."""
    loaded = read_tokenizer(tokenizer)
    special = loaded.get_added_tokens_decoder()
    characters = np.zeros(loaded.get_vocab_size(), np.float32)
    for token, number in loaded.get_vocab().items():
        characters[number] = SPECIAL_CHARACTERS if number in special else len(token)
    return characters
