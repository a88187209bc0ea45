"""Records as JSON lines, CSV and text for people."""

from __future__ import annotations

import csv
import io
import json
from typing import Any, List

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from edge.reason import Reason
from edge.runtime.records import Record
from edge.sinks.render import OUTPUT_FORMATS, CsvRenderer, JsonlRenderer, TextRenderer, make_renderer, mark_spans

TEXT = "Jun 14 combo sshd[17]: s\u00e9ssion \u6e29 stolen by \x1b]0;x\x07"
RECORD = Record(
    source="logs/messages",
    line=3,
    offset=120,
    timestamp="2005-06-14T15:16:01",
    score=9.5,
    p_value=0.25,
    threshold=5.0,
    anomalous=True,
    unscored=None,
    found_by=[],
    template_id=None,
    new_template=None,
    reasons=[Reason("stolen", 33, 39, 9.5), Reason("sshd[17]:", 13, 22, 4.0)],
    text=TEXT,
)
NORMAL = msgspec.structs.replace(RECORD, line=4, timestamp=None, score=0.125, anomalous=False, reasons=[], text="")


def any_record(text: SearchStrategy[str]) -> SearchStrategy[Record]:
    return st.builds(
        Record,
        source=text,
        line=st.integers(1, 2**40),
        offset=st.integers(0, 2**60),
        timestamp=st.none() | text,
        score=st.floats(-1e6, 1e6, width=32),
        p_value=st.floats(0, 1),
        threshold=st.floats(-1e6, 1e6),
        unscored=st.none() | text,
        found_by=st.lists(text, max_size=2),
        anomalous=st.booleans(),
        template_id=st.none() | st.integers(0, 1000),
        reasons=st.lists(st.builds(Reason, text, st.integers(0, 9), st.integers(9, 30), st.floats(0, 9)), max_size=3),
        text=text,
    )


ANY_RECORD = any_record(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\n"), max_size=30))
# Python's own csv reads no NUL before 3.11; it writes one on all versions.
WITHOUT_NUL = any_record(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\n\0"), max_size=30))


def test_the_reasons_of_the_sample_are_in_its_text() -> None:
    assert [TEXT[reason.start : reason.end] for reason in RECORD.reasons] == ["stolen", "sshd[17]:"]


def test_jsonl_has_the_fields_of_the_design_in_their_order() -> None:
    data = JsonlRenderer().render([RECORD, NORMAL])
    first, second = data.decode("utf-8").splitlines()
    found = json.loads(first)
    assert list(found) == [
        "source", "line", "offset", "timestamp", "score", "p_value", "threshold", "anomalous", "unscored",
        "found_by", "template_id", "new_template", "reasons", "text",
    ]  # fmt: skip
    assert found == {
        "source": "logs/messages",
        "line": 3,
        "offset": 120,
        "timestamp": "2005-06-14T15:16:01",
        "score": 9.5,
        "p_value": 0.25,
        "threshold": 5.0,
        "anomalous": True,
        "unscored": None,
        "found_by": [],
        "template_id": None,
        "new_template": None,
        "reasons": [
            {"text": "stolen", "start": 33, "end": 39, "score": 9.5},
            {"text": "sshd[17]:", "start": 13, "end": 22, "score": 4.0},
        ],
        "text": TEXT,
    }
    assert (json.loads(second)["timestamp"], json.loads(second)["reasons"]) == (None, [])
    assert JsonlRenderer().header() == JsonlRenderer().render([]) == b""
    assert not set(data) & set(range(32)) - {10}, "control characters of a log are escaped"


@given(st.lists(ANY_RECORD, max_size=4))
def test_jsonl_comes_back(records: List[Record]) -> None:
    data = JsonlRenderer().render(records)
    assert data.count(b"\n") == len(records)
    assert [msgspec.json.decode(line, type=Record) for line in data.splitlines()] == records


def read_csv(data: bytes) -> List[List[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8"), newline="")))


def test_csv_has_a_header_and_the_same_columns() -> None:
    renderer = CsvRenderer()
    header, first, second = read_csv(renderer.header() + renderer.render([RECORD, NORMAL]))
    assert dict(zip(header, first)) == {
        "source": "logs/messages",
        "line": "3",
        "offset": "120",
        "timestamp": "2005-06-14T15:16:01",
        "score": "9.5",
        "p_value": "0.25",
        "threshold": "5.0",
        "anomalous": "true",
        "unscored": "",
        "found_by": "",
        "new_template": "",
        "template_id": "",
        "reasons": "stolen; sshd[17]:",
        "text": TEXT,
    }
    assert second == ["logs/messages", "4", "120", "", "0.125", "0.25", "5.0", "false", "", "", "", "", "", ""]
    assert renderer.header().endswith(b"text\r\n"), "RFC 4180 ends lines so"


@given(st.lists(WITHOUT_NUL, max_size=4))
def test_csv_comes_back(records: List[Record]) -> None:
    rows = read_csv(CsvRenderer().render(records))
    assert len(rows) == len(records)
    for row, record in zip(rows, records):
        found = dict(zip([*CsvRenderer.fields, "reasons", "text"], row))
        assert (found["source"], found["text"]) == (record.source, record.text)
        assert (int(found["line"]), int(found["offset"])) == (record.line, record.offset)
        assert (float(found["score"]), float(found["p_value"])) == (record.score, record.p_value)
        assert found["anomalous"] == str(record.anomalous).lower()
        assert found["template_id"] == ("" if record.template_id is None else str(record.template_id))


def test_csv_keeps_quotes_commas_and_line_ends_in_their_field() -> None:
    text = 'say "no", twice\r and\x00 \u2028'
    (row,) = CsvRenderer().render([msgspec.structs.replace(RECORD, text=text)]).decode("utf-8").split("\r\n")[:-1]
    assert row.endswith(',"say ""no"", twice\r and\x00 \u2028"')


def test_text_marks_the_odd_parts() -> None:
    data = TextRenderer(colour=False).render([RECORD, NORMAL]).decode("utf-8")
    assert data == (
        "!     9.500  logs/messages:3  Jun 14 combo «sshd[17]:» s\u00e9ssion \u6e29 «stolen» by \\x1b]0;x\\x07\n"
        "      0.125  logs/messages:4  \n"
    )
    assert TextRenderer(colour=False).header() == b""


def test_text_marks_with_colour_on_a_terminal() -> None:
    data = TextRenderer(colour=True).render([RECORD]).decode("utf-8")
    assert "combo \x1b[1;31msshd[17]:\x1b[0m s\u00e9ssion" in data
    assert data.count("\x1b") == 4, "the log's own escape is written out"
    assert "by \\x1b]0;x\\x07\n" in data


@pytest.mark.parametrize(
    ("character", "escape"),
    [
        ("\x1b", "\\x1b"),
        ("\u202e", "\\u202e"),
        ("\u2066", "\\u2066"),
        ("\n", "\\n"),
        ("\r", "\\r"),
        ("\t", "\\t"),
        ("\x00", "\\x00"),
        ("\x7f", "\\x7f"),
        ("\x9b", "\\x9b"),
        ("\u2028", "\\u2028"),
        ("\ud800", "\\ud800"),
        ("\U000e0001", "\\U000e0001"),
    ],
)
def test_text_cannot_steer_the_terminal(character: str, escape: str) -> None:
    odd = f"a{character}b"
    record = msgspec.structs.replace(
        RECORD, source=f"x{character}.log", text=f"{odd} {odd}", reasons=[Reason(odd, 4, 7, 1.0)]
    )
    data = TextRenderer(colour=False).render([record]).decode("utf-8")
    assert data == f"!     9.500  x{escape}.log:3  a{escape}b «a{escape}b»\n"


@given(st.lists(ANY_RECORD, max_size=4))
def test_text_is_one_printable_line_for_each_record(records: List[Record]) -> None:
    plain = [msgspec.structs.replace(record, reasons=[]) for record in records]
    lines = TextRenderer(colour=False).render(plain).decode("utf-8").split("\n")
    assert lines.pop() == ""
    assert len(lines) == len(records)
    assert all(line.isprintable() for line in lines)


def test_spans_may_touch_and_come_in_any_order() -> None:
    assert mark_spans("abcdef", [(4, 6), (0, 2), (2, 3)], ("<", ">")) == "<ab><c>d<ef>"
    assert mark_spans("abc", [], ("<", ">")) == "abc"


@pytest.mark.parametrize("name", OUTPUT_FORMATS)
def test_renderers_by_name(name: str) -> None:
    expected: Any = {"jsonl": JsonlRenderer, "csv": CsvRenderer, "text": TextRenderer}[name]
    assert type(make_renderer(name)) is expected


def test_colour_is_for_those_who_asked() -> None:
    assert b"\x1b" not in make_renderer("text").render([RECORD])
    assert b"\x1b[1;31m" in make_renderer("text", terminal=True).render([RECORD])


@pytest.mark.parametrize("name", OUTPUT_FORMATS)
def test_nothing_of_a_log_steers_a_terminal(name: str) -> None:
    hostile = msgspec.structs.replace(RECORD, text="a\x1bc \x9b2J \u202egnp\tb", reasons=[])
    renderer = make_renderer(name, terminal=True)
    shown = (renderer.header() + renderer.render([hostile, hostile])).decode("utf-8")
    lines = shown.split("\n")
    assert lines.pop() == ""
    assert len(lines) == 2 + (name == "csv")
    assert all(line.isprintable() for line in lines)
    assert "gnp" in lines[-1]
