"""Plain text."""

from __future__ import annotations

from edge.formats.plain import PlainFormat


def test_every_line_is_content() -> None:
    texts = ["2012-07-02 10:22:40,672:DEBUG:foo", "", "Jun  9 06:06:20 combo a: b"]
    records = PlainFormat().parse(texts)
    assert records.texts == records.contents == texts
    assert records.starts == [0, 0, 0]
    assert not records.unparsed.any()
    assert [records.timestamp(i) for i in range(3)] == ["2012-07-02T10:22:40.672", None, None]


def test_no_lines() -> None:
    records = PlainFormat().parse([])
    assert (records.contents, len(records.unparsed)) == ([], 0)
