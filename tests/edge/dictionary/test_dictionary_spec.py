from __future__ import annotations

from typing import Any, Dict, List

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.dictionary import spec
from edge.dictionary.spec import Dictionary, Template, decode_dictionary, encode_dictionary
from edge.errors import IntegrityError, SchemaError


def template(number: int, text: str, **changes: Any) -> Template:
    fields: Dict[str, Any] = {"count": 1, "history": [], "known": False, **changes}
    return Template(id=number, text=text, **fields)


def dictionary(*templates: Template) -> Dictionary:
    return Dictionary(schema_version=1, templates=list(templates))


SOUND = dictionary(
    template(1, "session <*> for user <*>", history=["session opened for user root", "session opened for user <*>"]),
    template(2, "a <*>", known=True, count=0),
    template(5, "a <*> b", count=0),
    template(7, "", count=3),
)


def test_round_trip() -> None:
    data = encode_dictionary(SOUND)
    assert decode_dictionary(data, "here") == SOUND
    assert encode_dictionary(decode_dictionary(data, "here")) == data


@given(
    st.lists(
        st.lists(st.text(st.characters(blacklist_categories=["Z", "C"]), min_size=1), max_size=4).map(
            lambda words: " ".join(" ".join(words).split())
        ),
        unique=True,
    )
)
def test_round_trip_of_any_templates(texts: List[str]) -> None:
    made = dictionary(*[template(number, text) for number, text in enumerate(texts, 1)])
    assert decode_dictionary(encode_dictionary(made), "here") == made


@pytest.mark.parametrize(
    ("templates", "what"),
    [
        ([template(0, "a")], "template 0: ids ascend from 1"),
        ([template(2, "a"), template(1, "b")], "template 1: ids ascend from 1"),
        ([template(1, "a"), template(1, "b")], "template 1: ids ascend from 1"),
        ([template(2**31, "a")], "ids ascend from 1"),
        ([template(1, "a"), template(2, "a")], "template 2: an earlier one has the same text"),
        ([template(1, "a", count=-1)], "template 1: its count is below 0"),
        ([template(1, "a  b")], "template 1: it is not words with one blank between them"),
        ([template(1, " a")], "it is not words with one blank between them"),
        ([template(1, "a\tb")], "it is not words with one blank between them"),
        ([template(1, " ".join("a" * 257))], "or is too long"),
        ([template(1, "a" * 257)], "or is too long"),
        ([template(1, "a <*>", history=["a  b"])], "it is not words with one blank between them"),
        ([template(1, "a <*>", history=["b c"])], "template 1: its history does not become more general"),
        ([template(1, "a <*>", history=["a <*>"])], "its history does not become more general"),
        ([template(1, "a <*>", history=["<*> <*>", "a b"])], "its history does not become more general"),
        ([template(1, "a <*>", history=["a"])], "its history does not become more general"),
    ],
)
def test_contradictions_are_refused(templates: List[Template], what: str) -> None:
    with pytest.raises(IntegrityError) as raised:
        decode_dictionary(encode_dictionary(dictionary(*templates)), "here")
    assert str(raised.value).startswith("here: damaged dictionary (")
    assert what in str(raised.value)
    assert "\n" not in str(raised.value)


def damaged() -> List[Any]:
    data = encode_dictionary(SOUND)
    return [
        (b"", "malformed"),
        (data[: len(data) // 2], "malformed"),
        (b"[]", "malformed"),
        (b"\xff" + data, "malformed"),
        (data.replace(b'"known"', b'"knows"', 1), "unknown field `knows`"),
        (data.replace(b'"count": 1,', b"", 1), "missing required field `count`"),
        (data.replace(b'"count": 1', b'"count": "1"', 1), "Expected `int`, got `str`"),
        (data.replace(b'"id": 1', b'"id": 1.5', 1), "Expected `int`, got `float`"),
        (data.replace(b'"known": false', b'"known": null', 1), "Expected `bool`, got `null`"),
        (data.replace(b'"schema_version": 1', b'"schema_version": 2'), "schema version 2, where this oddline reads 1"),
        (data.replace(b'"schema_version": 1', b'"schema_version": 0'), "train again"),
        (b"[" * 100_000, "malformed"),
    ]


@pytest.mark.parametrize(("data", "what"), damaged())
def test_damaged_files_are_refused(data: bytes, what: str) -> None:
    with pytest.raises(SchemaError) as raised:
        decode_dictionary(data, "here")
    assert str(raised.value).startswith("here: ")
    assert what in str(raised.value)


def test_every_cut_off_file_is_refused() -> None:
    data = encode_dictionary(SOUND)
    for length in range(len(data) - 2):
        with pytest.raises((SchemaError, IntegrityError)):
            decode_dictionary(data[:length], "here")


def test_too_many_templates_are_refused() -> None:
    one = msgspec.json.encode(template(1, "a"))
    data = b'{"schema_version": 1, "templates": [' + b",".join([one] * (spec.MOST_TEMPLATES + 1)) + b"]}"
    with pytest.raises(IntegrityError, match="holds more than 65,536 templates"):
        decode_dictionary(data, "here")


def test_a_file_that_is_too_large_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spec, "MAX_DICTIONARY_BYTES", 100)
    with pytest.raises(IntegrityError, match="larger than 100 bytes"):
        decode_dictionary(b"{" * 101, "here")
