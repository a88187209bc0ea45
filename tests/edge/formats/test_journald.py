"""The journal as JSON lines."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any, List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.formats.journald import JournaldFormat

TIME = "1615280779886606"
ISO = "2021-03-09T09:06:19.886606Z"


def _entry(**fields: Any) -> str:
    return json.dumps({"__REALTIME_TIMESTAMP": TIME, **fields})


@pytest.mark.parametrize(
    ("fields", "readable"),
    [
        ({"MESSAGE": "text", "SYSLOG_IDENTIFIER": "sshd", "_PID": "7", "_COMM": "x"}, "sshd[7]: text"),
        ({"MESSAGE": "text", "SYSLOG_IDENTIFIER": "sshd", "SYSLOG_PID": "8", "_PID": "7"}, "sshd[8]: text"),
        ({"MESSAGE": "text", "_COMM": "cron"}, "cron: text"),
        ({"MESSAGE": "text"}, "text"),
        ({"MESSAGE": [72, 195, 164, 255], "_COMM": "a"}, "a: Hä\ufffd"),
        ({"MESSAGE": [27, 91, 51, 49, 109, 114, 101, 100], "_COMM": "a"}, "a: red"),
        ({"MESSAGE": [], "_COMM": "a"}, "a: "),
        ({"MESSAGE": ["twice", [104, 105]], "_COMM": "a"}, "a: twice hi"),
        ({"MESSAGE": None, "_COMM": "a"}, "a: "),
        ({"_COMM": "a"}, "a: "),
        ({"MESSAGE": "one\ntwo\r\nthree\tfour", "_COMM": "a"}, "a: one two three\tfour"),
        ({"MESSAGE": "\x1b[1mbold\x1b[0m", "_COMM": "a"}, "a: bold"),
        ({"MESSAGE": 17, "_COMM": "a", "_PID": 5}, "a[5]: 17"),
        ({"MESSAGE": [256, -1], "_COMM": "a"}, "a: 256 -1"),
        ({"MESSAGE": "日本語", "SYSLOG_IDENTIFIER": "multi\nline"}, "multi line: 日本語"),
    ],
)
def test_entries(fields: Any, readable: str) -> None:
    records = JournaldFormat().parse([_entry(**fields)])
    assert records.texts == records.contents == [readable]
    assert records.starts == [0]
    assert not records.unparsed[0]
    assert records.timestamp(0) == ISO


@pytest.mark.parametrize("time", [None, "soon", "9" * 40, "", [1]])
def test_odd_times_give_none(time: Any) -> None:
    assert JournaldFormat().parse([json.dumps({"MESSAGE": "a", "__REALTIME_TIMESTAMP": time})]).timestamp(0) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain",
        "[1]",
        "17",
        '{"log": "another kind of JSON"}',
        '{"MESSAGE": "cut of',
        _entry(MESSAGE="x") + "}",
        '{"MESSAGE": "\\ud800"}',
        '{"MESSAGE": ' + "[" * 5000 + "]" * 5000 + "}",
    ],
)
def test_other_lines_are_whole_and_unparsed(text: str) -> None:
    good = _entry(MESSAGE="m", _COMM="a")
    records = JournaldFormat().parse([good, text, good])
    assert records.contents == ["a: m", text, "a: m"]
    assert records.unparsed.tolist() == [False, True, False]
    assert records.timestamp(1) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=8,
)
FIELDS = st.dictionaries(
    st.sampled_from(["MESSAGE", "SYSLOG_IDENTIFIER", "_COMM", "_PID", "SYSLOG_PID", "__REALTIME_TIMESTAMP"]), JSON
)


@given(st.lists(FIELDS.map(json.dumps) | st.text()))
def test_any_field_may_hold_anything(texts: List[str]) -> None:
    records = JournaldFormat().parse(texts)
    assert len(records.contents) == len(records.starts) == len(records.unparsed) == len(texts)
    for i, content in enumerate(records.contents):
        assert "\n" not in content or records.unparsed[i]
        records.timestamp(i)


def test_the_real_journal(data_dir: Path) -> None:
    raw = gzip.decompress((data_dir / "journald_json" / "journal.log.gz").read_bytes())
    texts = raw.decode().split("\n")[:-1]
    records = JournaldFormat().parse(texts)
    assert len(texts) == 887
    assert not records.unparsed.any()
    for text, content in zip(texts, records.contents):
        entry = json.loads(text)
        assert content.endswith(entry["MESSAGE"].replace("\n", " "))
        assert content.startswith(entry.get("SYSLOG_IDENTIFIER", entry.get("_COMM", "")))
    assert records.timestamp(0) == ISO


def test_the_real_byte_array(data_dir: Path) -> None:
    text = (data_dir / "journald_json" / "bytearray_message.json").read_text("utf-8").rstrip("\n")
    records = JournaldFormat().parse([text])
    assert records.contents == [
        "pulseaudio[3728]: Unable to parse indicator of AT+BIA command: AT+BIA=1,1,0,0,0\rAT+BCS=2"
    ]
    assert records.timestamp(0) == "2024-07-01T18:42:46.807141Z"


def test_a_message_that_nests_too_deep_is_plain_text() -> None:
    deep = '{"MESSAGE":' + "[" * 900 + "]" * 900 + "}"
    records = JournaldFormat().parse([deep, '{"MESSAGE":"fine"}'])
    assert records.unparsed.tolist() == [True, False]
    assert records.contents == [deep, "fine"]
