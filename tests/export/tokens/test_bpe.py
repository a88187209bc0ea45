"""The tokenizer that a preset learns."""

from __future__ import annotations

from typing import List

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from export.tokens.bpe import UNKNOWN, train_tokenizer

TEXTS = [f"sshd[<num>]: session opened for user {name}" for name in ("alice", "bob", "carol")] * 20
PRINTABLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=30)


def train(vocabulary: int = 200, *, punctuation: bool = True, alphabet: bool = True) -> bytes:
    return train_tokenizer(
        TEXTS, vocabulary=vocabulary, punctuation=punctuation, special=["<num>", "<ip>", "<num>"], alphabet=alphabet
    )


def tokens(tokenizer: bytes, text: str) -> List[str]:
    found: List[str] = Tokenizer.from_buffer(tokenizer).encode(text, add_special_tokens=False).tokens
    return found


def test_padding_the_unknown_and_the_masks_come_first() -> None:
    vocabulary = Tokenizer.from_buffer(train()).get_vocab()
    assert sorted(vocabulary.values()) == list(range(len(vocabulary)))
    assert (vocabulary[UNKNOWN], vocabulary["<num>"], vocabulary["<ip>"]) == (1, 2, 3)
    assert len(vocabulary) <= 200


def test_a_mask_is_one_token_wherever_it_stands() -> None:
    assert tokens(train(), "eth<num>: <ip>,<num>")[-5:] == ["<num>", ":", "<ip>", ",", "<num>"]


def test_frequent_words_become_one_token() -> None:
    assert tokens(train(), "session opened") == ["session", "opened"]


@pytest.mark.parametrize(("punctuation", "expected"), [(True, ["user", "=", "root"]), (False, ["user=root"])])
def test_punctuation_ends_a_word_where_the_preset_says_so(punctuation: bool, expected: List[str]) -> None:
    learnt = train_tokenizer(
        ["user=root"] * 50, vocabulary=200, punctuation=punctuation, special=[], alphabet=punctuation
    )
    assert tokens(learnt, "user=root") == expected


@given(PRINTABLE)
def test_every_printable_word_falls_into_known_pieces(word: str) -> None:
    found = tokens(LEARNT, word)
    assert UNKNOWN not in found
    assert "".join(found) == word


LEARNT = train()


def test_without_the_alphabet_an_unseen_letter_is_unknown() -> None:
    assert UNKNOWN in tokens(train(alphabet=False), "Q")
    assert UNKNOWN in tokens(train(), "\u6e29")


@pytest.mark.parametrize("alphabet", [True, False])
def test_equal_texts_give_equal_bytes(alphabet: bool) -> None:
    assert train(alphabet=alphabet) == train(alphabet=alphabet)


def test_nothing_to_learn_from_gives_the_alphabet() -> None:
    empty = train_tokenizer([""] * 9, vocabulary=200, punctuation=True, special=[], alphabet=True)
    assert tokens(empty, "ab") == ["a", "b"]
