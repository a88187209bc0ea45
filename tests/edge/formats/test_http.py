"""Raw HTTP requests of several lines."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any, List

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import FormatError
from edge.formats import http
from edge.formats.access import AccessFormat
from edge.formats.http import HttpReader
from edge.formats.records import Batch, join_batches, read_all

POST = [
    "POST http://shop:8080/a/login.jsp?lang=en HTTP/1.1",
    "User-Agent: Mozilla/5.0",
    "referer:  http://shop/ ",
    "Content-Length: 21",
    "",
    "user=hubert&pwd=x%27y",
]
GET = ["GET /a/b?c=1&d=2 HTTP/1.1", "Host: shop", ""]
POST_CONTENT = "POST http: / /shop:8080 /a /login.jsp ?lang=en user=hubert &pwd=x%27y HTTP/1.1"
GET_CONTENT = "GET /a /b ?c=1 &d=2 HTTP/1.1"


def read(lines: List[str], *fields: str) -> Batch:
    return read_all(HttpReader(fields or None), lines)


def members(batch: Batch) -> List[List[int]]:
    return [batch.lines_of(index) for index in range(len(batch))]


def test_requests_and_their_lines() -> None:
    batch = read(["", *POST, "", *GET, "", *POST])
    assert batch.records.contents == [POST_CONTENT, GET_CONTENT, POST_CONTENT]
    assert batch.lines.tolist() == [2, 9, 13]
    assert members(batch) == [[2, 3, 4, 5, 6, 7], [9, 10], [13, 14, 15, 16, 17, 18]]
    assert batch.offsets.tolist() == [1, 1 + len("\n".join(POST)) + 2, batch.offsets[2]]
    assert batch.records.texts[0] == "\n".join(POST)
    assert not batch.records.unparsed.any()


def test_the_content_is_that_of_the_same_request_in_an_access_log() -> None:
    line = f'1.2.3.4 - - [17/May/2015:10:05:03 +0200] "{GET[0]}" 200 12'
    assert AccessFormat(("method", "path", "query", "protocol")).parse([line]).contents == [GET_CONTENT]
    assert read(GET).records.contents == [GET_CONTENT]


def test_fields_on_request() -> None:
    assert read(POST, "agent", "referer", "body").records.contents == [
        "Mozilla/5.0 http://shop/ user=hubert &pwd=x%27y"
    ]
    assert read(GET, "method", "agent", "body").records.contents == ["GET -"]
    with pytest.raises(FormatError, match="the format http has no field 'status'; it has method, path, query, body"):
        HttpReader(["status"])


@pytest.mark.parametrize("cut", range(len(POST) * 2 + 4))
def test_blocks_may_end_anywhere(cut: int) -> None:
    lines = [*POST, "", *GET, *POST]
    reader = HttpReader()
    offsets = np.arange(len(lines), dtype=np.int64) * 100
    first = reader.read(lines[:cut], 1, offsets[:cut])
    second = reader.read(lines[cut:], cut + 1, offsets[cut:])
    batch = join_batches(join_batches(first, second), reader.finish())
    assert batch.records.contents == [POST_CONTENT, GET_CONTENT, POST_CONTENT]
    assert members(batch) == members(read(lines))
    assert batch.offsets.tolist() == [(number - 1) * 100 for number in batch.lines.tolist()]
    assert len(reader.finish()) == 0


def test_a_body_of_several_lines() -> None:
    batch = read([*POST, "", "next=1", "", "", *GET])
    assert batch.records.contents[0] == POST_CONTENT.replace(" HTTP", "  next=1 HTTP")
    assert members(batch)[0] == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_request_behind_headers_that_were_cut_off() -> None:
    batch = read([*GET[:2], *POST])
    assert batch.records.contents == [GET_CONTENT, POST_CONTENT]
    assert members(batch) == [[1, 2], [3, 4, 5, 6, 7, 8]]


def test_lines_of_no_request_are_records_by_themselves() -> None:
    batch = read(["Host: shop", "", "half=a&body", *GET, *GET])
    assert batch.records.contents == ["Host: shop", "half=a&body", GET_CONTENT, GET_CONTENT] or members(batch)[0] == [1]
    assert batch.records.unparsed.tolist()[:2] == [True, True]
    assert members(batch)[:2] == [[1], [3]]


def test_a_request_line_in_a_body_begins_a_request_only_behind_a_blank_line() -> None:
    assert len(read([*POST[:-1], "half a body", GET[0]])) == 1
    assert len(read([*POST[:-1], "half a body", "", GET[0]])) == 2


@pytest.mark.parametrize("cut", [3, 6, 9])
def test_glued_requests_are_told_by_the_length_of_the_body(cut: int) -> None:
    """No blank line parts them, and nothing of the second one may hide in the body of the first."""
    lines = [*POST, *POST, *POST[:-1], "user=hubert", "pwd=x%27yz", *GET]
    reader = HttpReader()
    first = reader.read(lines[:cut], 1, np.arange(cut))
    batch = join_batches(first, reader.read(lines[cut:], cut + 1, np.arange(len(lines) - cut)))
    batch = join_batches(batch, reader.finish())
    assert members(batch) == [[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12], [13, 14, 15, 16, 17, 18, 19], [20, 21]]
    assert batch.records.contents[:2] == [POST_CONTENT] * 2
    without = [line for line in lines if not line.startswith("Content-Length")]
    assert len(read(without)) == 1, "what says nothing of its length goes on"


def test_a_body_of_several_lines_hides_no_glued_request() -> None:
    """Its length counts line ends of two bytes, which the lines no longer have."""
    body = ["--cut", "name=a", "", "value", "--cut--"]
    length = sum(len(line) + 2 for line in body)
    batch = read([*POST[:3], f"Content-Length: {length}", "", *body, *GET])
    assert members(batch) == [[*range(1, 11)], [11, 12]]


def test_the_length_of_one_body_is_not_that_of_the_next_one() -> None:
    """The second request says nothing of its length, so a request line in its body is a part of that."""
    second = ["POST /next HTTP/1.1", "Host: shop", "", "half a body", GET[0]]
    assert members(read([*POST, "", *second])) == [[1, 2, 3, 4, 5, 6], [8, 9, 10, 11, 12]]
    assert members(read([*POST, *second])) == [[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11]]


def test_a_request_begins_where_none_is_open() -> None:
    batch = read(["half=a&body", *GET, "", *GET])
    assert members(batch) == [[1], [2, 3], [6, 7]]
    assert batch.records.unparsed.tolist() == [True, False, False]


def test_a_request_that_never_ends_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MOST_LINES", 8)
    reader = HttpReader()
    batch = read_all(reader, [*POST, "1", "2", "3", "4", "", *GET])
    assert members(batch) == [[1, 2, 3, 4, 5, 6, 7, 8], [9], [10], [12, 13]]
    assert batch.records.unparsed.tolist() == [False, True, True, False]
    assert reader.notes() == ["1 request reaches 8 lines and ends there"]
    reader = HttpReader()
    read_all(reader, ["GET / HTTP/1.1", *["x: y"] * 7, *GET, *GET, *["x"] * 10])
    assert reader.notes() == ["2 requests reach 8 lines and end there"]


def test_of_whole_requests_there_is_nothing_to_say() -> None:
    reader = HttpReader()
    read_all(reader, [*POST, "", *GET])
    assert reader.notes() == []


def test_a_reason_points_into_the_body() -> None:
    records = read(POST).records
    text = records.texts[0]
    for word in ("POST", "/login.jsp", "?lang=en", "&pwd=x%27y", "HTTP/1.1"):
        start = records.contents[0].index(word)
        first, last = records.span_in_text(0, start, start + len(word))
        assert text[first:last] == word


_TEXT = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\n"), max_size=20)
_LINES = st.one_of(_TEXT, st.sampled_from(["", *POST, *GET]), st.builds("GET {} HTTP/1.1".format, _TEXT))


@given(st.lists(_LINES, max_size=20), st.integers(0, 20))
def test_no_line_is_lost_and_pieces_point_at_equal_text(lines: List[str], cut: int) -> None:
    reader: Any = HttpReader()
    offsets = np.arange(len(lines), dtype=np.int64)
    first = reader.read(lines[:cut], 1, offsets[:cut])
    batch = join_batches(first, reader.read(lines[cut:], len(lines[:cut]) + 1, offsets[cut:]))
    batch = join_batches(batch, reader.finish())
    numbers = [number for group in members(batch) for number in group]
    assert numbers == sorted(set(numbers)), "each line belongs to one record"
    left_out = set(range(1, len(lines) + 1)) - set(numbers)
    assert not any(lines[number - 1].strip() for number in left_out)
    records = batch.records
    for index, group in enumerate(members(batch)):
        assert records.texts[index] == "\n".join(lines[number - 1] for number in group)
        assert "\n" not in records.contents[index]
        for start, end, first_place, last_place in records.pieces_of(index):
            seen = records.texts[index][first_place:last_place].replace("\n", " ")
            assert records.contents[index][start:end] in (seen, "BROKEN")
        alone = read(records.texts[index].split("\n"))
        assert alone.records.contents == [records.contents[index]], "the lines of a record are that record"


@pytest.mark.parametrize(("name", "requests"), [("norm", 7200), ("anomal", 5013)])
def test_real_requests(name: str, requests: int, data_dir: Path) -> None:
    raw = gzip.decompress((data_dir / "csic2010_http" / f"{name}.txt.gz").read_bytes()).decode("utf-8", "replace")
    lines = [line.rstrip("\r") for line in raw.split("\n")]
    batch = read(lines)
    assert (len(batch), int(batch.records.unparsed.sum())) == (requests, 0)
    numbers = {number for group in members(batch) for number in group}
    assert not any(line.strip() for number, line in enumerate(lines, 1) if number not in numbers)
