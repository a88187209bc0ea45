"""Custom layouts in loghub's notation, against loghub's own parsed files."""

from __future__ import annotations

import csv
import gzip
import time
from pathlib import Path
from typing import List, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import FormatError
from edge.formats.layout import LayoutFormat

SIMPLE = "<Date> <Time> <Component>: <Content>"

# The layouts that loghub publishes for its own files.
LOGHUB = {
    "Android": r"<Date> <Time>  <Pid>  <Tid> <Level> <Component>: <Content>",
    "Apache": r"\[<Time>\] \[<Level>\] <Content>",
    "BGL": r"<Label> <Timestamp> <Date> <Node> <Time> <NodeRepeat> <Type> <Component> <Level> <Content>",
    "HDFS": r"<Date> <Time> <Pid> <Level> <Component>: <Content>",
    "HPC": r"<LogId> <Node> <Component> <State> <Time> <Flag> <Content>",
    "Linux": r"<Month> <Date> <Time> <Level> <Component>(\[<PID>\])?: <Content>",
    "Mac": r"<Month>  <Date> <Time> <User> <Component>\[<PID>\]( \(<Address>\))?: <Content>",
    "Proxifier": r"\[<Time>\] <Program> - <Content>",
    "Spark": r"<Date> <Time> <Level> <Component>: <Content>",
    "Zookeeper": r"<Date> <Time> - <Level>  \[<Node>:<Component>@<Id>\] - <Content>",
}


@pytest.mark.parametrize("system", sorted(LOGHUB))
def test_contents_equal_those_of_loghub(system: str, data_dir: Path) -> None:
    raw = (data_dir / "loghub_2k" / f"{system}_2k.log").read_bytes().decode("utf-8")
    texts = raw.replace("\r\n", "\n").rstrip("\n").split("\n")
    packed = data_dir / "loghub_2k" / f"{system}_2k.log_structured.csv.gz"
    with gzip.open(packed, "rt", encoding="utf-8", newline="") as file:
        truth = [row["Content"].strip() for row in csv.DictReader(file)]
    records = LayoutFormat(LOGHUB[system]).parse(texts)
    assert [content.strip() for content in records.contents] == truth
    assert not records.unparsed.any()
    assert [text[start:] for text, start in zip(texts, records.starts)] == records.contents


@pytest.mark.parametrize(
    ("layout", "text", "stamp"),
    [
        (SIMPLE, "2015-07-29 17:41:44,747 a: b", "2015-07-29T17:41:44.747"),
        (SIMPLE, "2015/07/29 17:41:44 a: b", "2015-07-29T17:41:44"),
        (SIMPLE, "03-17 16:13:38.811 a: b", "03-17 16:13:38.811"),
        (r"\[<Time>\] <Content>", "[Sun Dec 04 04:47:44 2005] b", "2005-12-04T04:47:44"),
        (r"\[<Time>\] <Content>", "[04/Dec/2005:04:47:44 +0100] b", "2005-12-04T04:47:44+01:00"),
        ("<Timestamp> <Date> <Content>", "1117838570 2005.06.03 b", "1117838570 2005.06.03"),
        ("<Time> <Date> <Content>", "x 2005-06-03T15:42:50Z b", "2005-06-03T15:42:50Z"),
        ("<Level> <Content>", "INFO b", None),
        (r"(<Date> )?<Level>: <Content>", "INFO: b", None),
    ],
)
def test_stamps(layout: str, text: str, stamp: Optional[str]) -> None:
    records = LayoutFormat(layout).parse([text])
    assert records.contents == ["b"]
    assert records.timestamp(0) == stamp


def test_other_lines_are_whole_and_unparsed() -> None:
    texts = ["2015-07-29 17:41:44 a: b", "\tat Main.java", "", "2015-07-29 17:41:44 a:  b:  c"]
    records = LayoutFormat(SIMPLE).parse(texts)
    assert records.contents == ["b", "\tat Main.java", "", "b:  c"]
    assert records.unparsed.tolist() == [False, True, True, False]
    assert records.timestamp(1) is None


def test_layout_of_the_content_alone_fits_all() -> None:
    records = LayoutFormat("<Content>").parse(["a", ""])
    assert records.contents == ["a", ""]
    assert not records.unparsed.any()


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        ("", "does not end in <Content>"),
        ("<Date> <Time>", "does not end in <Content>"),
        ("<Content> <Date>", "does not end in <Content>"),
        (r"\[<Content>\]", "does not end in <Content>"),
        ("<Date> <Date> <Content>", "<Date> is there twice"),
        ("<Content> <Content>", "<Content> is there twice"),
        ("<log level> <Content>", "cannot name a field"),
        ("[<Time>] <Content>", "<Time> is lost in a set of characters"),
        ("<Time>a{99999999999} <Content>", "no regular expression"),
        ("(<Time> <Content>", "no regular expression"),
        ("*<Time> <Content>", "no regular expression"),
    ],
)
def test_wrong_layouts_say_what_is_wrong(layout: str, message: str) -> None:
    with pytest.raises(FormatError, match=message) as caught:
        LayoutFormat(layout)
    assert caught.value.mend
    assert caught.value.where == f"layout {layout!r}"


def test_a_hostile_line_does_not_stall() -> None:
    texts = ["a b " * (1 << 18), "[" * (1 << 20), ": - [@] " * (1 << 17)]
    begin = time.perf_counter()
    for layout in (SIMPLE, LOGHUB["Linux"], LOGHUB["BGL"], LOGHUB["Android"]):
        records = LayoutFormat(layout).parse(texts)
        assert len(records.contents) == 3
    assert time.perf_counter() - begin < 10


@given(st.lists(st.text(st.sampled_from("2015-07-29 17:41,[]ab \t\r\0"), max_size=40)), st.sampled_from(sorted(LOGHUB)))
def test_contents_are_suffixes(texts: List[str], system: str) -> None:
    records = LayoutFormat(LOGHUB[system]).parse(texts)
    assert records.texts == texts
    assert [text[start:] for text, start in zip(texts, records.starts)] == records.contents
    for i in range(len(texts)):
        records.timestamp(i)
