"""Content to rows of token ids, padded or tiled."""

from __future__ import annotations

from typing import Any, List, Optional

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers

from edge.bundle.preprocessing import TokenEncoderSpec
from edge.errors import FormatError, IntegrityError
from edge.text.tokens import CHARACTERS_A_TOKEN, TokenRows

PAD = 90


def _tokenizer() -> bytes:
    """The word w7 is the token 7."""
    tokenizer = Tokenizer(models.WordLevel({"<unk>": 0, **{f"w{i}": i for i in range(1, 41)}}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return tokenizer.to_str().encode()


TOKENIZER = _tokenizer()


def make(length: int = 4, fill: str = "pad", max_segments: int = 3, continuation_id: Optional[int] = None) -> TokenRows:
    return TokenRows(
        TokenEncoderSpec(
            length=length,
            fill=fill,
            pad_id=PAD,
            max_segments=max_segments,
            continuation_id=continuation_id,
            begin_id=None,
            end_id=None,
        ),
        TOKENIZER,
    )


def words(*tokens: int) -> str:
    return " ".join(f"w{token}" for token in tokens)


def upto(tokens: int) -> str:
    return words(*range(1, tokens + 1))


def test_short_contents_are_padded() -> None:
    rows = make().encode([words(1, 2), words(3, 4, 5, 6), "strange w1"])
    assert rows.ids.tolist() == [[1, 2, PAD, PAD], [3, 4, 5, 6], [0, 1, PAD, PAD]]
    assert rows.ids.dtype == np.int32
    assert rows.owners.tolist() == [0, 1, 2]
    assert rows.cut == 0


def test_a_long_content_continues_and_its_last_row_is_full() -> None:
    rows = make().encode([words(9), upto(6), upto(12)])
    assert rows.ids.tolist() == [
        [9, PAD, PAD, PAD],
        [1, 2, 3, 4],
        [3, 4, 5, 6],
        [1, 2, 3, 4],
        [5, 6, 7, 8],
        [9, 10, 11, 12],
    ]
    assert rows.owners.tolist() == [0, 1, 1, 2, 2, 2]
    assert rows.cut == 0


def test_what_exceeds_the_rows_is_cut_and_counted() -> None:
    rows = make(max_segments=2).encode([upto(9), upto(8), upto(40), words(1)])
    assert rows.ids.tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]] * 3 + [[1, PAD, PAD, PAD]]
    assert rows.cut == 2
    assert make(max_segments=1).encode([upto(5)]).ids.tolist() == [[1, 2, 3, 4]]


def test_of_a_text_with_more_characters_than_its_rows_can_hold_only_the_beginning_is_read() -> None:
    encoder = make(max_segments=2)  # eight tokens: 8 x 64 characters are read
    blanks = " " * (8 * CHARACTERS_A_TOKEN - 5)
    rows = encoder.encode([f"w1 {blanks}w2 w3", f"{blanks}w1 w2", f"{blanks}   w1 w2"])
    assert rows.ids.tolist() == [[1, 2, PAD, PAD], [1, 2, PAD, PAD], [1, PAD, PAD, PAD]]
    assert rows.cut == 2
    assert len(encoder.spans([f"w1 {blanks}w2 w3"])[0]) == 2, "reasons are of the tokens that were scored"


def test_rows_that_continue_a_content_begin_with_the_marker() -> None:
    encoder = make(max_segments=3, continuation_id=77)
    rows = encoder.encode([upto(4), upto(5), upto(10), upto(11)])
    assert rows.ids.tolist() == [
        [1, 2, 3, 4],
        [1, 2, 3, 4],
        [77, 3, 4, 5],
        [1, 2, 3, 4],
        [77, 5, 6, 7],
        [77, 8, 9, 10],
        [1, 2, 3, 4],
        [77, 5, 6, 7],
        [77, 8, 9, 10],
    ]
    assert rows.owners.tolist() == [0, 1, 1, 2, 2, 2, 3, 3, 3]
    assert rows.cut == 1
    assert encoder.positions(5).tolist() == [[0, 1, 2, 3], [-1, 2, 3, 4]]


@pytest.mark.parametrize(("fill", "length"), [("tile", 4), ("pad", 1)])
def test_a_marker_needs_rows_with_room_for_it(fill: str, length: int) -> None:
    with pytest.raises(FormatError, match="ids that mark rows"):
        make(length=length, fill=fill, continuation_id=77)


def test_tiling_is_that_of_the_published_notebook() -> None:
    rows = make(length=8, fill="tile").encode([upto(3), upto(8), upto(11), words(5), "", upto(5)])
    assert rows.ids.tolist() == [
        [1, 2, 3, 1, 2, 3, 1, 2],
        [1, 2, 3, 4, 5, 6, 7, 8],
        [1, 2, 3, 4, 5, 6, 7, 8],
        [5] * 8,
        [PAD] * 8,
        [1, 2, 3, 4, 5, 1, 2, 3],
    ]
    assert rows.ids.dtype == np.int32
    assert rows.owners.tolist() == [0, 1, 2, 3, 4, 5]
    assert rows.cut == 1


@pytest.mark.parametrize("fill", ["pad", "tile"])
def test_an_empty_content_is_one_row_of_padding(fill: str) -> None:
    rows = make(fill=fill).encode(["", "   "])
    assert rows.ids.tolist() == [[PAD] * 4, [PAD] * 4]
    assert rows.owners.tolist() == [0, 1]
    assert make(fill=fill).positions(0).tolist() == [[-1] * 4]


@pytest.mark.parametrize("fill", ["pad", "tile"])
def test_no_contents_are_no_rows(fill: str) -> None:
    rows = make(fill=fill).encode([])
    assert rows.ids.shape == (0, 4)
    assert len(rows.owners) == rows.cut == 0


def test_length_and_vocabulary() -> None:
    assert (make(length=7).length, make().vocabulary) == (7, 41)


def test_spans_cover_the_tokens() -> None:
    text = "w2  strange w17"
    spans, none = make().spans([text, ""])
    assert [text[start:end] for start, end in spans] == ["w2", "strange", "w17"]
    assert none == []


CONTENTS = st.lists(st.lists(st.integers(1, 40), max_size=20), max_size=6)


@given(CONTENTS, st.integers(1, 6), st.integers(1, 4))
def test_rows_hold_every_token_up_to_the_limit(contents: List[List[int]], length: int, most: int) -> None:
    rows = make(length=length, max_segments=most).encode([words(*content) for content in contents])
    assert rows.owners.tolist() == sorted(rows.owners.tolist())
    assert sorted(set(rows.owners.tolist())) == list(range(len(contents))), "each content has a row"
    assert rows.cut == sum(len(content) > length * most for content in contents)
    for index, content in enumerate(contents):
        mine = rows.ids[rows.owners == index]
        assert len(mine) == min(max(-(-len(content) // length), 1), most)
        kept = content[: length * most]
        flat = mine[:-1].reshape(-1).tolist()
        last = [token for token in mine[-1].tolist() if token != PAD]
        overlap = len(flat) + len(last) - len(kept)
        assert flat + last[overlap:] == kept
        assert last == kept[len(kept) - len(last) :]


@given(CONTENTS.filter(bool), st.integers(1, 6), st.integers(1, 4), st.sampled_from(["pad", "tile"]))
def test_positions_say_which_token_stands_where(contents: List[List[int]], length: int, most: int, fill: str) -> None:
    encoder = make(length=length, max_segments=1 if fill == "tile" else most, fill=fill)
    for content in contents:
        rows = encoder.encode([words(*content)])
        places = encoder.positions(len(content))
        assert places.dtype == np.int32
        assert places.shape == rows.ids.shape
        found = [[PAD if place < 0 else content[place] for place in row] for row in places.tolist()]
        assert found == rows.ids.tolist()


@given(CONTENTS, st.sampled_from(["pad", "tile"]))
def test_a_batch_is_encoded_as_its_contents_are_one_by_one(contents: List[List[int]], fill: str) -> None:
    encoder = make(fill=fill)
    texts = [words(*content) for content in contents]
    single = [row for text in texts for row in encoder.encode([text]).ids.tolist()]
    assert encoder.encode(texts).ids.tolist() == single


@pytest.mark.parametrize("damaged", [b"", b"{}", b"\xff\xfe", TOKENIZER[:-20], b'{"version": "1.0", "model": {}}'])
def test_what_is_no_tokenizer_is_refused(damaged: bytes) -> None:
    spec = TokenEncoderSpec(
        length=4, fill="pad", pad_id=0, max_segments=1, continuation_id=None, begin_id=None, end_id=None
    )
    with pytest.raises(IntegrityError) as caught:
        TokenRows(spec, damaged)
    assert str(caught.value).startswith("tokenizer.json: tokenizers cannot read it (")
    assert caught.value.mend == "install tokenizers 0.20.3 or later, or copy the bundle again"


@pytest.mark.parametrize("fill", ["", "PAD", "repeat"])
def test_an_unknown_fill_is_refused(fill: str) -> None:
    spec: Any = TokenEncoderSpec(
        length=4, fill=fill, pad_id=0, max_segments=1, continuation_id=None, begin_id=None, end_id=None
    )
    with pytest.raises(FormatError, match=f"^encoder fill '{fill}' is unknown; known are pad and tile$"):
        TokenRows(spec, TOKENIZER)
