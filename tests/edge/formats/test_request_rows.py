"""Access lines as rows of features."""

from __future__ import annotations

import math
from typing import Dict, List, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import FormatError
from edge.formats.request_rows import CATEGORIES, NUMBERS, ROW_FIELDS, RequestRowsFormat
from edge.table.rows import split_fields

HEAD = "192.0.2.7 - frank [17/May/2015:10:05:03 +0000] "


def line(request: str, answer: str = "200 14872", head: str = HEAD) -> str:
    return f'{head}"{request}" {answer} "-" "Mozilla/5.0"'


def features(text: str, fields: Sequence[str] = ROW_FIELDS) -> Dict[str, str]:
    (content,) = RequestRowsFormat(fields).parse([text]).contents
    return dict(zip(fields, split_fields(content)))


def test_the_features_of_a_request() -> None:
    assert features(line("GET /blog/tags?flav=rss20&page=2 HTTP/1.1")) == {
        "method": "GET",
        "protocol": "HTTP/1.1",
        "answer": "2xx",
        "status": "200",
        "bytes": "14872",
        "path_length": "10",
        "segments": "2",
        "query_length": "17",
        "parameters": "2",
        "longest_part": "5",
        "encoded_share": "0",
        "symbol_share": "0",
        "digit_share": "0.1071",
    }


GOLDEN = [
    (line("GET / HTTP/1.1"), "GET,HTTP/1.1,2xx,200,14872,1,1,0,0,0,0,0,0"),
    (line("POST /a/b1?x=%41%zz&y=2 HTTP/1.0", "404 -"), "POST,HTTP/1.0,4xx,404,0,5,2,12,2,6,0.1667,0,0.2222"),
    (line("GET /?q=%27+or+1=1;<b> HTTP/1.1"), "GET,HTTP/1.1,2xx,200,14872,1,1,16,1,8,0.1667,0.2222,0.2222"),
    (line("GET /\u00fc\u0663\u20ac?\u00e9=1 HTTP/1.1"), "GET,HTTP/1.1,2xx,200,14872,4,1,3,1,3,0,0.125,0.25"),
    (line("GET /%C3%BC%E2%82%AC HTTP/1.1", "301 7"), "GET,HTTP/1.1,3xx,301,7,16,1,0,0,15,0.9375,0.0625,0.25"),
    (line("GET /a b,c HTTP/1.1"), "GET,HTTP/1.1,2xx,200,14872,6,1,0,0,5,0,0.1667,0"),
    (line(r"\x16\x03", "400 226"), "BROKEN,-,4xx,400,226,8,0,0,0,8,0,0.25,0.5"),
]


def test_rows_are_what_they_were() -> None:
    """A bundle was trained on rows that are equal to the last character."""
    texts, rows = [text for text, _ in GOLDEN], [row for _, row in GOLDEN]
    assert RequestRowsFormat().parse(texts).contents == rows
    backwards = [",".join(row.split(",")[::-1]) for row in rows]
    assert RequestRowsFormat(ROW_FIELDS[::-1]).parse(texts).contents == backwards


@pytest.mark.parametrize(("text", "row"), GOLDEN)
def test_a_line_that_is_read_with_care_has_the_same_row(text: str, row: str) -> None:
    """A line feed in one of the texts is one way to that."""
    assert RequestRowsFormat().parse([text, "a\nb"]).contents[0] == row


def test_symbols_count_whether_they_were_encoded_or_not() -> None:
    encoded = features(line("GET /?q=%3Cb%3E HTTP/1.1"))
    plain = features(line("GET /?q=<b> HTTP/1.1"))
    assert (encoded["encoded_share"], plain["encoded_share"]) == ("0.5455", "0")
    assert float(encoded["symbol_share"]) > 0
    assert float(plain["symbol_share"]) > 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (line("GET / HTTP/1.1", "304 -"), {"status": "304", "answer": "3xx", "bytes": "0"}),
        (line("GET / HTTP/1.1", "- -"), {"status": "0", "answer": "-", "bytes": "0"}),
        (line("GET / HTTP/1.1", f"200 {'9' * 5000}"), {"bytes": str(10**15)}),
        (line("GET / HTTP/1.1", "200 0000000000000000000007"), {"bytes": str(10**15)}),
        (line(r"\x16\x03\x01", "400 226"), {"method": "BROKEN", "protocol": "-", "path_length": "12", "status": "400"}),
        (line("GET /a,b c HTTP/1.1"), {"path_length": "6"}),
        (line("GET /?&&a&b=&? HTTP/1.1"), {"parameters": "3", "query_length": "8"}),
        (
            '{"method": "GE T,", "path": "/a", "status": "x", "size": "-3"}',
            {"method": "GE_T_", "status": "0", "bytes": "0"},
        ),
    ],
)
def test_what_is_odd_has_a_defined_row(text: str, expected: Dict[str, str]) -> None:
    found = features(text)
    assert {name: found[name] for name in expected} == expected


def test_a_line_that_is_no_request_is_unparsed_and_has_a_row() -> None:
    records = RequestRowsFormat().parse(["no, request at all", line("GET / HTTP/1.1"), ""])
    assert records.unparsed.tolist() == [True, False, True]
    assert records.contents[0] == "BROKEN,-,-,0,0,18,0,0,0,18,0,0.1667,0"
    assert records.contents[2] == "BROKEN,-,-,0,0,0,0,0,0,0,0,0,0"
    assert records.timestamp(1) == "2015-05-17T10:05:03+00:00"


def test_who_asked_and_when_changes_no_row() -> None:
    asked = "GET /a?b=1 HTTP/1.1"
    other = '"198.51.100.9 - root [01/Jan/2020:00:00:01 +0100] '
    assert (
        RequestRowsFormat().parse([line(asked), line(asked, head=other) + '"']).contents
        == [RequestRowsFormat().parse([line(asked)]).contents[0]] * 2
    )


def test_a_row_stands_for_the_request_and_its_answer() -> None:
    text = line("GET /a?b=1 HTTP/1.1")
    records = RequestRowsFormat().parse([text])
    start, end = records.span_in_text(0, 0, 3)
    assert text[start:end] == 'GET /a?b=1 HTTP/1.1" 200 14872'


def test_fields_are_chosen_and_ordered() -> None:
    assert features(line("GET /ab HTTP/1.1"), ("bytes", "method")) == {"bytes": "14872", "method": "GET"}
    with pytest.raises(FormatError, match="the format requests has no field 'client'"):
        RequestRowsFormat(["client"])
    assert (*CATEGORIES, *NUMBERS) == ROW_FIELDS


_TEXT = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\n"), max_size=40)
_LINES = st.one_of(_TEXT, st.builds(line, _TEXT), st.builds(line, st.builds("GET {} HTTP/1.1".format, _TEXT), _TEXT))


@given(st.lists(_LINES, max_size=5))
def test_each_line_has_one_word_of_finite_numbers(lines: List[str]) -> None:
    records = RequestRowsFormat().parse(lines)
    assert len(records.contents) == len(lines)
    careful = RequestRowsFormat().parse([*lines, "a\nb"])
    assert careful.contents[:-1] == records.contents, "however a line is read"
    assert careful.unparsed.tolist()[:-1] == records.unparsed.tolist()
    for content in records.contents:
        assert content.split() == [content]
        fields = split_fields(content)
        assert len(fields) == len(ROW_FIELDS)
        numbers = [float(field) for field in fields[len(CATEGORIES) :]]
        assert all(math.isfinite(number) and number >= 0 for number in numbers)
