"""RFC 5424: examples of the RFC, structured data, byte order mark."""

from __future__ import annotations

from typing import List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.formats.rfc5424 import Rfc5424Format

DATA = '[exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"]'
MORE_DATA = '[examplePriority@32473 class="high"]'
HEADER = "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com"


@pytest.mark.parametrize(
    ("text", "readable"),
    [
        (f"{HEADER} su - ID47 - \ufeff'su root' failed", "su: 'su root' failed"),  # RFC 5424, example 1, with its BOM
        (f"{HEADER} myproc 8710 - - %% It's time", "myproc[8710]: %% It's time"),  # example 2
        (f"{HEADER} evntslog - ID47 {DATA} \ufeffAn event", f"evntslog: {DATA} An event"),  # example 3
        (
            f'{HEADER} evntslog - ID47 {DATA}[priority@32473 class="high"]',
            f'evntslog: {DATA}[priority@32473 class="high"]',
        ),
        (f"{HEADER} app - - [id] text", "app: [id] text"),
        (f"{HEADER} app - - " + r'[id p="a\"b\]c"] text', r'app: [id p="a\"b\]c"] text'),
        (f"{HEADER} app - - " + '[id p="a]c"] text', 'app: [id p="a]c"] text'),  # a bracket that should be escaped
        (f"{HEADER} - 17 - - text", "[17]: text"),
        (f"{HEADER} - - - - text", "text"),
        (f"{HEADER} app 1 ID47 -", "app[1]: ID47"),
        (f"{HEADER} app 1 - -", "app[1]: "),
        (f"{HEADER} app 1 - - ", "app[1]: "),
        (f"{HEADER} app - - - two  blanks ", "app: two  blanks "),
        (f"103 {HEADER} app 1 - - counted", "app[1]: counted"),  # RFC 6587
    ],
)
def test_examples(text: str, readable: str) -> None:
    records = Rfc5424Format().parse([text])
    assert records.texts == records.contents == [readable]
    assert records.starts == [0]
    assert not records.unparsed[0]
    assert records.timestamp(0) == "2003-10-11T22:14:15.003Z"


@pytest.mark.parametrize(
    ("stamp", "iso"),
    [
        ("-", None),
        ("2003-08-24T05:14:15.000003-07:00", "2003-08-24T05:14:15.000003-07:00"),
        ("2003-02-30T05:14:15Z", None),
        ("2003-08-24Tnoon", None),
    ],
)
def test_stamps(stamp: str, iso: object) -> None:
    records = Rfc5424Format().parse([f"<0>1 {stamp} h a - - - m"])
    assert not records.unparsed[0]
    assert records.timestamp(0) == iso


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<34>Oct 11 22:14:15 mymachine su: 'su root' failed",
        "<34>1 yesterday h a - - - m",
        f"{HEADER} app - - [id p=unquoted] text",
        f"{HEADER} app - - no structured data",
        f"{HEADER} app -",
    ],
)
def test_other_lines_are_whole_and_unparsed(text: str) -> None:
    good = f"{HEADER} app - - - message"
    records = Rfc5424Format().parse([good, text, good])
    assert records.contents == records.texts == ["app: message", text, "app: message"]
    assert records.unparsed.tolist() == [False, True, False]
    assert records.timestamp(1) is None


NEARLY = st.text(st.characters(blacklist_characters="\n"), max_size=40)


@given(
    st.lists(NEARLY.map(lambda rest: HEADER[:40] + rest) | NEARLY.map(lambda rest: HEADER + " a - - " + rest) | NEARLY)
)
def test_one_record_for_each_text(texts: List[str]) -> None:
    records = Rfc5424Format().parse(texts)
    assert len(records.texts) == len(records.unparsed) == len(texts)
    assert [text[start:] for text, start in zip(records.texts, records.starts)] == records.contents
    for i, text in enumerate(texts):
        stamp = records.timestamp(i)
        assert (records.texts[i], stamp) == (text, None) if records.unparsed[i] else text not in records.texts[i]
