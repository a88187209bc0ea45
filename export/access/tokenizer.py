"""A vocabulary of words for requests: what stood in one request only is unknown, and being unknown is learnt too.

Byte-pair encoding spells a new page's name in many short pieces, each of them odd, as odd as an attack's payload. Here
a word that is not of the site is one token, and the network learns where such ones stand when things are fine (the name
of a new article, a search term), and where they never do. What stands around words, punctuation and encoded bytes, is
spelt out: that is what payloads are made of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from tokenizers import Regex, Tokenizer, models, pre_tokenizers

from export.tokens.bpe import CONTINUATION, PAD, UNKNOWN

RARE = 2
"""A word is known when it stands in so many distinct contents."""

# A percent-encoded byte is a word, and so is each character that is neither letter nor digit.
_PIECES = r"%[0-9a-fA-F]{2}|[^\w]|_"
_PUNCTUATION = [chr(code) for code in range(33, 127) if not chr(code).isalnum()]
# What payloads encode is ASCII, in hexadecimal digits of either case; encoded bytes of other texts are words like any.
_ENCODED = list(dict.fromkeys(code for byte in range(128) for code in (f"%{byte:02x}", f"%{byte:02X}")))


def train_words(contents: Collection[str], *, vocabulary: int, special: Sequence[str] = ()) -> bytes:
    """A tokenizer.json: padding, the unknown word, the mark of a continuation, the `special` tokens, and then words.

    Words are the ASCII punctuation characters and the percent-encoded bytes of ASCII, so that one which never stood in
    a request is not taken for the name of something new; and of the others, the commonest first, those that stand in
    two of the distinct `contents` or more. No more than `vocabulary` are in it.
    """
    fixed = [PAD, UNKNOWN, CONTINUATION, *special]
    splitter = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Split(Regex(_PIECES), "isolated")]
    )
    counts: Counter[str] = Counter()
    for content in sorted(set(contents)):
        for token in special:
            content = content.replace(token, " ")
        counts.update({word for word, _ in splitter.pre_tokenize_str(content)})
    known = [word for word, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])) if count >= RARE]
    words = list(dict.fromkeys([*fixed, *_PUNCTUATION, *_ENCODED, *known]))[:vocabulary]
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = splitter
    tokenizer.add_special_tokens(fixed)
    return tokenizer.to_str(pretty=True).encode("utf-8")
