"""Access logs of web servers, in all the forms that they come in."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path
from typing import Any, List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import FormatError
from edge.formats.access import AccessFormat, read_request
from edge.formats.request import DEFAULT_FIELDS, FIELDS, content_of

STAMP = "[17/May/2015:10:05:03 +0200]"
COMMON = f'83.149.9.216 - frank {STAMP} "GET /blog/tags/puppet?flav=rss20&page=2 HTTP/1.1" 200 14872'
COMBINED = COMMON + ' "http://example.org/a?b" "Mozilla/5.0 (X11; \\"odd\\")"'
CONTENT = "GET /blog /tags /puppet ?flav=rss20 &page=2 HTTP/1.1 200 b5"


def line(request: str, answer: str = "200 12") -> str:
    return f'1.2.3.4 - - {STAMP} "{request}" {answer} "-" "agent"'


def content(text: str, *fields: str) -> str:
    records = AccessFormat(fields or None).parse([text])
    assert not records.unparsed[0]
    return records.contents[0]


@pytest.mark.parametrize(
    "text",
    [
        COMMON,
        COMBINED,
        f'"{COMBINED}"',
        '"{}"'.format(COMBINED.replace('"', '""')),
        '"{}"'.format(COMMON.replace('"', '""')),
        COMBINED + ' "-" 0.004 rt=0.1',
        "www.example.org:443 " + COMBINED,
        "Mar 24 14:02:50 web1 nginx[771]: " + COMBINED,
        COMBINED.replace("83.149.9.216", "2001:db8::a:1"),
        COMBINED.replace(" +0200]", "]"),
        COMBINED.replace("05:03 ", "05:03.250 "),
        COMMON.replace(f" {STAMP}", ""),
    ],
)
def test_every_way_to_write_a_line_gives_the_same_content(text: str) -> None:
    assert content(text) == CONTENT


@pytest.mark.parametrize(
    ("request_line", "answer", "expected"),
    [
        ("GET / HTTP/1.1", "304 -", "GET / HTTP/1.1 304 b0"),
        ("GET / HTTP/1.1", "200 0", "GET / HTTP/1.1 200 b0"),
        ("GET //a HTTP/2.0", "200 7", "GET / /a HTTP/2.0 200 b1"),
        ("GET /?x=1?y HTTP/1.1", "200 7", "GET / ?x=1 ?y HTTP/1.1 200 b1"),
        ("OPTIONS * HTTP/1.0", "200 -", "OPTIONS * HTTP/1.0 200 b0"),
        ("GET http://a.example/b HTTP/1.0", "404 226", "GET http: / /a.example /b HTTP/1.0 404 b3"),
        ("GET /a", "200 12", "GET /a - 200 b2"),
        ("GET /a b c HTTP/1.1", "400 12", "GET /a b c HTTP/1.1 400 b2"),
        ('GET /a"b" HTTP/1.1', "404 12", 'GET /a"b" HTTP/1.1 404 b2'),
        ('GET /a" 200 x HTTP/1.1', "404 12", 'GET /a" 200 x HTTP/1.1 404 b2'),
        (r"GET /a\"b HTTP/1.1", "404 12", r"GET /a\"b HTTP/1.1 404 b2"),
        (r"\x16\x03\x01\x02", "400 226", r"BROKEN \x16\x03\x01\x02 - 400 b3"),
        ("\x16\x03\ufffd/x", "400 226", "BROKEN \x16\x03\ufffd /x - 400 b3"),
        ("-", "408 -", "BROKEN - - 408 b0"),
        ("", "400 0", "BROKEN - 400 b0"),
        ("quit", "400 0", "BROKEN quit - 400 b0"),
        ("GET " + "/a" * 50_000 + " HTTP/1.1", "414 0", "GET" + " /a" * 50_000 + " HTTP/1.1 414 b0"),
        ("GET /%c3%a4?q=\u00e4 HTTP/1.1", "200 1", "GET /%c3%a4 ?q=\u00e4 HTTP/1.1 200 b1"),
        ("GET /a HTTP/1.1", "- 12", "GET /a HTTP/1.1 - b2"),
    ],
)
def test_what_is_asked_for(request_line: str, answer: str, expected: str) -> None:
    assert content(line(request_line, answer)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no request",
        "[17/May/2015:10:05:03 +0200] [error] client denied",
        f'1.2.3.4 - - {STAMP} "GET / HTTP/1.1"',
        f'1.2.3.4 - - {STAMP} "GET / HTTP/1.1" 200',
        f'1.2.3.4 - - {STAMP} "GET / HT',
        '{"MESSAGE": "no request"}',
        '{"request": "GET / HTTP/1.1"',
        '{"request": "GET / HTTP/1.1"}',
        "[" * 2000,
    ],
)
def test_a_line_without_a_request_is_kept_as_it_is(text: str) -> None:
    records = AccessFormat().parse([COMMON, text, COMMON])
    assert records.unparsed.tolist() == [False, True, False]
    assert records.contents == [CONTENT, text, CONTENT]
    assert records.timestamp(1) is None


def test_fields_are_chosen_in_their_order() -> None:
    fields = ("status", "method", "path", "client", "user", "referer", "agent")
    expected = '200 GET /blog /tags /puppet 83.149.9.216 frank http://example.org/a?b Mozilla/5.0 (X11; \\"odd\\")'
    assert content(COMBINED, *fields) == expected
    assert content(COMMON, "agent", "user", "path") == "- frank /blog /tags /puppet"
    assert content("www.example.org:80 " + COMMON, "client", "user") == "83.149.9.216 frank"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (["path", "adress"], "the format access has no field 'adress'; it has method, path"),
        (["path", "path"], "the field 'path' is there twice"),
        ([], "needs a field"),
    ],
)
def test_fields_that_cannot_be(fields: List[str], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        AccessFormat(fields)


@pytest.mark.parametrize(
    ("text", "stamp"),
    [
        (COMBINED, "2015-05-17T10:05:03+02:00"),
        (COMBINED.replace(" +0200", ""), "2015-05-17T10:05:03"),
        (COMBINED.replace(" +0200", " -03:30"), "2015-05-17T10:05:03-03:30"),
        (COMBINED.replace("17/May", "31/Jun"), None),
        (COMMON.replace(f" {STAMP}", ""), None),
    ],
)
def test_time_stamps_keep_the_offset_of_the_log(text: str, stamp: Any) -> None:
    records = AccessFormat().parse([text])
    assert not records.unparsed[0]
    assert records.timestamp(0) == stamp


NGINX = {
    "time_local": "17/May/2015:10:05:03 +0200",
    "remote_addr": "::1",
    "remote_user": "frank",
    "request": "GET /blog/tags/puppet?flav=rss20&page=2 HTTP/1.1",
    "status": "200",
    "body_bytes_sent": "14872",
    "http_referer": "",
    "http_user_agent": 'a "b"',
}
PARTS = {
    "@timestamp": "2015-05-17T10:05:03+02:00",
    "request_method": "GET",
    "uri": "/blog/tags/puppet",
    "args": "flav=rss20&page=2",
    "server_protocol": "HTTP/1.1",
    "status": 200,
    "bytes_sent": 14872.0,
}
CADDY = {
    "ts": 1431849903.25,
    "request": {
        "remote_ip": "::1",
        "proto": "HTTP/1.1",
        "method": "GET",
        "uri": "/blog/tags/puppet?flav=rss20&page=2",
        "headers": {"User-Agent": ["curl"]},
    },
    "status": 200,
    "size": 14872,
}


@pytest.mark.parametrize(
    ("entry", "stamp"),
    [
        (NGINX, "2015-05-17T10:05:03+02:00"),
        (PARTS, "2015-05-17T10:05:03+02:00"),
        (CADDY, "2015-05-17T08:05:03.250000Z"),
    ],
)
@pytest.mark.parametrize("escape", [False, True])
def test_json(entry: Any, stamp: str, escape: bool) -> None:
    text = json.dumps(entry)
    if escape:
        text = text.replace("/", "\\/")
    records = AccessFormat().parse([text])
    assert records.contents == [CONTENT]
    assert records.timestamp(0) == stamp
    assert pieces_are_equal(records, 0, exactly=not escape)
    place = records.contents[0].index("/tags")
    assert "tags" in text[slice(*records.span_in_text(0, place, place + 5))]


def test_fields_of_json() -> None:
    assert content(json.dumps(NGINX), "client", "user", "agent", "referer") == '::1 frank a "b" -'
    assert content(json.dumps(CADDY), "client", "agent") == "::1 curl"
    no_http = {**PARTS, "server_protocol": "2.0", "args": "-"}
    assert content(json.dumps(no_http), "path", "query", "protocol") == "/blog /tags /puppet HTTP/2.0"


@pytest.mark.parametrize("moment", [1431849903, 1431849903000, 1431849903000000, 1431849903000000000])
def test_a_time_in_any_unit(moment: int) -> None:
    assert AccessFormat().parse([json.dumps({**CADDY, "ts": moment})]).timestamp(0) == "2015-05-17T08:05:03.000000Z"


def pieces_are_equal(records: Any, index: int, *, exactly: bool = True) -> bool:
    """Whether each piece of a content is what stands there in the text, but for what stands for something else."""
    text, found = records.texts[index], records.contents[index]
    for start, end, first, last in records.pieces_of(index):
        assert 0 <= start <= end <= len(found)
        assert 0 <= first <= last <= len(text)
        own = found[start:end] == "BROKEN" or (found[start : start + 1] == "b" and found[start + 1 : end].isdigit())
        if exactly and not own and found[start:end] != text[first:last]:
            return False
    return True


def test_a_reason_is_found_in_the_line() -> None:
    text = line("GET /blog/../etc/passwd?x=%27 HTTP/1.1", "404 226")
    records = AccessFormat().parse([text])
    assert records.contents == ["GET /blog /.. /etc /passwd ?x=%27 HTTP/1.1 404 b3"]
    for word, seen in {"/etc": "/etc", "/..": "/..", "?x=%27": "?x=%27", "404": "404", "b3": "226"}.items():
        start = records.contents[0].index(word)
        first, last = records.span_in_text(0, start, start + len(word))
        assert text[first:last] == seen
    start = records.contents[0].index("/..")
    first, last = records.span_in_text(0, start, start + len("/.. /etc"))
    assert text[first:last] == "/../etc"


def test_fields_of_a_line_whose_quotes_are_doubled() -> None:
    single = COMMON + ' "http://example.org/a?b" "Mozilla/5.0 (X11)"'
    text = '"{}"'.format(single.replace('"', '""'))
    wanted = ["referer", "agent", "client"]
    assert content(text, *wanted) == content(single, *wanted)
    before = len(content(text, "referer")) + 1
    start, end = AccessFormat(wanted).parse([text]).span_in_text(0, before, before + 7)
    assert text[start:end] == "Mozilla"


def test_a_broken_request_is_pointed_at() -> None:
    text = line(r"\x16\x03/x", "400 0")
    records = AccessFormat().parse([text])
    first, last = records.span_in_text(0, 0, len("BROKEN"))
    assert text[first:last] == r"\x16\x03/x"


_TARGETS = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\n"), max_size=40)
_LINES = st.one_of(
    st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\n"), max_size=80),
    st.builds(
        lambda before, request, status, size, after: f'{before}{STAMP} "{request}" {status} {size}{after}',
        st.sampled_from(["1.2.3.4 - - ", "", '"::1 - - ', "[x] ", "{", "\x1f"]),
        st.one_of(_TARGETS, st.builds("GET {} HTTP/1.1".format, _TARGETS), st.builds("a {}".format, _TARGETS)),
        st.sampled_from(["200", "404", "-", "20", "2000"]),
        st.sampled_from(["0", "-", "17", "999999999999", "x"]),
        st.sampled_from(["", ' "-" "agent"', '"', ' "', "x", "\x85"]),
    ),
    st.dictionaries(st.sampled_from(["request", "method", "uri", "status", "size", "ts"]), _TARGETS).map(json.dumps),
)


@given(st.lists(_LINES, max_size=8), st.sampled_from([None, FIELDS, ("query", "path")]))
def test_no_line_is_lost_and_pieces_point_at_equal_text(texts: List[str], fields: Any) -> None:
    records = AccessFormat(fields).parse(texts)
    assert records.texts == texts
    assert len(records.contents) == len(texts) == len(records.unparsed)
    for index, text in enumerate(texts):
        assert "\n" not in records.contents[index]
        assert not records.unparsed[index] or records.contents[index] == text
        assert pieces_are_equal(records, index, exactly=not text.startswith("{"))
        records.timestamp(index)


@given(st.lists(_LINES, max_size=8))
def test_a_line_by_itself_gives_what_it_gives_in_a_block(texts: List[str]) -> None:
    """Ordinary lines go a shorter way, which must lead to the same content."""
    for text, together in zip(texts, AccessFormat().parse(texts).contents):
        request = read_request(text)
        assert together == (text if request is None else content_of(request, DEFAULT_FIELDS))


@pytest.mark.parametrize(
    "text",
    [
        f"{STAMP} " * 20_000,
        f'{STAMP} "' + '" 200 x' * 30_000,
        f'{STAMP} "' + "GET " * 50_000,
        f'{STAMP} ""' + 'GET"" ' * 50_000,
        '"GET ' * 40_000,
        "1.2.3.4 " * 25_000,
        '{"a":"' + '\\"' * 50_000,
        f'{STAMP} "GET / HTTP/1.1" 200 5 "' + "\\" * 100_000,
    ],
)
def test_a_hostile_line_takes_no_time(text: str) -> None:
    began = time.perf_counter()
    AccessFormat().parse([text])
    assert time.perf_counter() - began < 1.0


@pytest.mark.parametrize(
    ("name", "lines", "unparsed"),
    [
        ("access_elastic/apache_logs.gz", 10_000, 0),
        ("access_elastic/nginxplus_json_logs.gz", 500, 500),
        ("access_attack_scans/acunetix.txt.gz", 6539, 0),
        ("access_attack_scans/netsparker.txt.gz", 7314, 0),
        ("access_spam_bots/hackers-access.log.gz", 3456, 0),
        ("messy_lnav/logfile_shop_access_log.0.gz", 1000, 0),
        ("messy_lnav/logfile_bad_access_log.0", 3, 0),
        ("messy_lnav/logfile_regexp_access_log.0", 2, 0),
        ("messy_lnav/logfile_syslog_with_access_log.0", 5, 3),
        ("messy_lnav/logfile_cloudflare.1", 15, 0),
        ("messy_lnav/logfile_caddy_log.1", 4, 0),
    ],
)
def test_real_logs(name: str, lines: int, unparsed: int, data_dir: Path) -> None:
    raw = (data_dir / name).read_bytes()
    texts = (gzip.decompress(raw) if name.endswith(".gz") else raw).decode("utf-8", "replace").rstrip("\n").split("\n")
    records = AccessFormat().parse([text.rstrip("\r") for text in texts])
    assert (len(records.contents), int(records.unparsed.sum())) == (lines, unparsed)
    assert all(pieces_are_equal(records, index) for index in range(0, lines, 7))
