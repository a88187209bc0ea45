"""Formats by name."""

from __future__ import annotations

from datetime import datetime
from typing import Optional

import pytest

from edge.errors import FormatError
from edge.formats import LINE_FORMAT_NAMES, make_format

NOW = datetime(2006, 3, 1)


@pytest.mark.parametrize("name", LINE_FORMAT_NAMES)
def test_each_name_makes_its_format(name: str) -> None:
    made = make_format(name, layout="<Content>" if name == "layout" else None, reference=NOW)
    assert made.name == name
    assert made.parse([]).texts == []
    assert len(made.parse([]).unparsed) == 0


def test_a_year_is_handed_on() -> None:
    made = make_format("syslog", layout=None, reference=NOW, year=1999)
    assert made.parse(["Jun  9 06:06:20 combo a: b"]).timestamp(0) == "1999-06-09T06:06:20"


@pytest.mark.parametrize(
    ("name", "layout", "message"),
    [
        (
            "csv",
            None,
            "there is no format 'csv'; choose one of syslog, rfc5424, journald, layout, access, requests, plain",
        ),
        ("layout", None, "needs a layout"),
        ("syslog", "<Content>", "does not go with the format syslog"),
        ("layout", "<Date>", "does not end in <Content>"),
    ],
)
def test_what_cannot_be_made_is_said(name: str, layout: Optional[str], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        make_format(name, layout=layout, reference=NOW)
