"""BSD syslog, with and without priority, year and host, and rsyslog's ISO 8601 stamps."""

from __future__ import annotations

import gzip
import re
from datetime import datetime
from pathlib import Path
from typing import List, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.formats.records import Records
from edge.formats.syslog import SyslogFormat

MARCH_2006 = datetime(2006, 3, 1, 12, 0, 0)


def _parse(texts: List[str], year: Optional[int] = None) -> Records:
    return SyslogFormat(MARCH_2006, year).parse(texts)


@pytest.mark.parametrize(
    ("text", "content", "stamp"),
    [
        ("Jun  9 06:06:20 combo syslogd 1.4.1: restart.", "syslogd 1.4.1: restart.", "2005-06-09T06:06:20"),
        ("Jun 19 06:06:20 combo su(pam_unix)[7]: x: y", "su(pam_unix)[7]: x: y", "2005-06-19T06:06:20"),
        ("Jun 9 06:06:20 combo a: b", "a: b", "2005-06-09T06:06:20"),
        ("Jun 09 06:06:20 combo a: b", "a: b", "2005-06-09T06:06:20"),
        ("<34>Oct 11 22:14:15 mymachine su: 'su root' failed", "su: 'su root' failed", "2005-10-11T22:14:15"),
        ("Jun  9 2003 06:06:20 combo a: b", "a: b", "2003-06-09T06:06:20"),
        ("<5>Jun  9 06:06:20 2003 combo a: b", "a: b", "2003-06-09T06:06:20"),
        ("Jun  9 06:06:20.123456 combo a: b", "a: b", "2005-06-09T06:06:20.123456"),
        ("Jun  9 06:06:20: %PIX-6-302013: Built", "%PIX-6-302013: Built", "2005-06-09T06:06:20"),
        ("Jun  9 06:06:20 sshd[123]: no host", "sshd[123]: no host", "2005-06-09T06:06:20"),
        ("Jun  9 06:06:20 fe80::1 kernel: IPv6 host", "kernel: IPv6 host", "2005-06-09T06:06:20"),
        ("Jun  9 06:06:20 combo  kernel: two blanks", "kernel: two blanks", "2005-06-09T06:06:20"),
        ("Jun  9 06:06:20 combo last message repeated 2 times", "last message repeated 2 times", "2005-06-09T06:06:20"),
        ("Jun 30 23:59:60 combo a: leap second", "a: leap second", "2005-06-30T23:59:60"),
        ("2015-04-24T21:09:29.296+02:00 host prog[1]: x", "prog[1]: x", "2015-04-24T21:09:29.296+02:00"),
        ("2015-04-24T21:09:29Z host kernel: x", "kernel: x", "2015-04-24T21:09:29Z"),
        ("2015-04-24T21:09:29+0200 host systemd[1]:", "systemd[1]:", "2015-04-24T21:09:29+02:00"),
        ("<13>2015-04-24T21:09:29Z host -- MARK --", "-- MARK --", "2015-04-24T21:09:29Z"),
    ],
)
def test_headers(text: str, content: str, stamp: str) -> None:
    records = _parse([text])
    assert records.contents == [content]
    assert text[records.starts[0] :] == content
    assert not records.unparsed[0]
    assert records.timestamp(0) == stamp


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a stack trace:",
        "  at com.example.Main(Main.java:22)",
        "Jab  9 06:06:20 combo a: b",
        "août 19 11:08:37 laptop a: b",
        "Jun  9 combo a: b",
        "Jun  9 06:06:20",
        "2025-01-24T07:00:30,139 INFO [main ] Application : Starting",
        "2020-08-06T14:25:02.835618Z 0 [Note] [MY-012487] begin",
        "2022-06-22T10:20:33 Example foo",
        "<34>1 2003-10-11T22:14:15.003Z host su - ID47 - message",
    ],
)
def test_other_lines_are_whole_and_unparsed(text: str) -> None:
    records = _parse(["Jun  9 06:06:20 combo a: b", text, "Jun  9 06:06:21 combo c: d"])
    assert records.contents == ["a: b", text, "c: d"]
    assert records.unparsed.tolist() == [False, True, False]
    assert records.starts[1] == 0
    assert records.timestamp(1) is None


def test_days_that_do_not_exist_have_no_stamp() -> None:
    assert _parse(["Feb 30 06:06:20 combo a: b"]).timestamp(0) is None
    assert _parse(["Jun  9 26:06:20 combo a: b"]).timestamp(0) is None


NEARLY_SYSLOG = st.lists(
    st.sampled_from(
        [
            "Jun",
            "Jab",
            " ",
            "  ",
            "9",
            "19",
            "06:06:20",
            ".5",
            ":",
            "2005",
            "host",
            "fe80::1",
            "prog[1]:",
            "é",
            "\r",
            "\0",
        ]
    ),
    max_size=12,
).map("".join)
TEXTS = st.lists(
    NEARLY_SYSLOG
    | NEARLY_SYSLOG.map(lambda rest: "Jun  9 06:06:20" + rest)
    | st.text(st.characters(blacklist_characters="\n", blacklist_categories=["Cs"]), max_size=30),
    max_size=8,
)


@given(TEXTS)
def test_contents_are_suffixes(texts: List[str]) -> None:
    records = _parse(texts)
    assert records.texts == texts
    assert len(records.contents) == len(records.starts) == len(records.unparsed) == len(texts)
    for i, text in enumerate(texts):
        assert records.contents[i] == text[records.starts[i] :]
        assert (records.starts[i] == 0) == records.unparsed[i]
        records.timestamp(i)


@given(TEXTS)
def test_a_priority_changes_nothing_else(texts: List[str]) -> None:
    """With a priority no line takes the shortcut for common headers: both ways must agree."""
    plain, prioritised = _parse(texts), _parse(["<13>" + text for text in texts])
    for i in range(len(texts)):
        assert plain.unparsed[i] == prioritised.unparsed[i]
        if not plain.unparsed[i]:
            assert plain.contents[i] == prioritised.contents[i]
            assert plain.timestamp(i) == prioritised.timestamp(i)


def test_the_complete_linux_log_crosses_the_year(data_dir: Path) -> None:
    raw = gzip.decompress((data_dir / "linux_messages_full" / "Linux.log.gz").read_bytes())
    texts = raw.decode("utf-8", "replace").split("\n")[:25567]
    syslog = SyslogFormat(MARCH_2006)
    stamps: List[Optional[str]] = []
    for start in range(0, len(texts), 1000):
        records = syslog.parse(texts[start : start + 1000])
        assert not records.unparsed.any()
        stamps += [records.timestamp(i) for i in range(len(records.texts))]
    months = [text[:3] for text in texts]
    turn = months.index("Jan")
    expected = [
        datetime.strptime(f"{2005 if i < turn else 2006} {text[:15]}", "%Y %b %d %H:%M:%S").isoformat()
        for i, text in enumerate(texts)
    ]
    assert stamps == expected
    assert (stamps[0], stamps[-1]) == ("2005-06-09T06:06:20", expected[-1])
    assert expected[-1] < "2006-03"
    assert SyslogFormat(MARCH_2006, 1999).parse(texts[:1]).timestamp(0) == "1999-06-09T06:06:20"


def test_real_contents_begin_with_the_program(data_dir: Path) -> None:
    raw = gzip.decompress((data_dir / "auth_elastic" / "auth.log.gz").read_bytes())
    texts = raw.decode("utf-8", "replace").split("\n")[:-1]
    records = _parse(texts)
    assert len(texts) == 7121
    for text, content in zip(texts, records.contents):
        assert re.fullmatch(r"\S+ +\d+ [\d:]+ \S+ (.*)", text).group(1) == content  # type: ignore[union-attr]
