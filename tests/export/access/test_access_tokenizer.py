"""The vocabulary of words."""

from __future__ import annotations

from typing import List

from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from export.access.tokenizer import train_words
from export.tokens.network import CONTINUATION_ID, PAD_ID, UNKNOWN_ID

CONTENTS = ["GET /blog /first HTTP/1.1 200 b4", "GET /blog /second HTTP/1.1 200 b4", "GET /a ?x=%2f%2F HTTP/1.1 404 b2"]


def tokens(tokenizer: bytes, content: str) -> List[str]:
    encoding = Tokenizer.from_buffer(tokenizer).encode(content, add_special_tokens=False)
    return list(encoding.tokens)


def test_words_of_one_content_only_are_unknown() -> None:
    tokenizer = train_words(CONTENTS, vocabulary=1024)
    assert tokens(tokenizer, "GET /blog /first HTTP/1.1 200 b4") == [
        *("GET", "/", "blog", "/", "<unk>", "HTTP", "/", "1", ".", "1", "200", "b4")
    ]


def test_a_content_counts_once_however_often_it_stood_there() -> None:
    assert tokens(train_words(CONTENTS[:1] * 5, vocabulary=1024), "blog") == ["<unk>"]


def test_an_encoded_byte_is_one_word() -> None:
    tokenizer = train_words(CONTENTS, vocabulary=1024)
    assert tokens(tokenizer, "%2f%zz")[:2] == ["%2f", "%"]


def test_punctuation_and_encoded_ascii_are_known_unseen_and_other_encoded_bytes_like_words() -> None:
    tokenizer = train_words(CONTENTS, vocabulary=1024)
    assert tokens(tokenizer, "<_'%27%3C%3c%e2") == ["<", "_", "'", "%27", "%3C", "%3c", "<unk>"]
    often = train_words([*CONTENTS, "GET /%e2 HTTP/1.1", "GET /b%e2 HTTP/1.1"], vocabulary=1024)
    assert tokens(often, "%e2") == ["%e2"]


def test_ids_of_what_the_network_knows() -> None:
    loaded = Tokenizer.from_buffer(train_words(CONTENTS, vocabulary=1024, special=["<num>"]))
    assert [loaded.id_to_token(number) for number in range(4)] == ["<pad>\n", "<unk>", "<more>\n", "<num>"]
    assert (PAD_ID, UNKNOWN_ID, CONTINUATION_ID) == (0, 1, 2)
    assert tokens(train_words(["a <num>", "b <num>"], vocabulary=1024, special=["<num>"]), "<num>") == ["<num>"]


def test_no_more_words_than_asked_for_the_commonest_first() -> None:
    contents = [f"common w{number} x{number // 2}" for number in range(400)]
    loaded = Tokenizer.from_buffer(train_words(contents, vocabulary=300))
    assert loaded.get_vocab_size() == 300
    assert loaded.token_to_id("common") is not None


def test_the_order_of_contents_does_not_matter() -> None:
    assert train_words(CONTENTS, vocabulary=300) == train_words(CONTENTS[::-1], vocabulary=300)


@given(st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\n"), max_size=60))
def test_every_character_but_blanks_belongs_to_a_token(content: str) -> None:
    encoding = Tokenizer.from_buffer(train_words(CONTENTS, vocabulary=300)).encode(content, add_special_tokens=False)
    covered = {place for start, end in encoding.offsets for place in range(start, end)}
    assert all(place in covered or character.isspace() for place, character in enumerate(content))
