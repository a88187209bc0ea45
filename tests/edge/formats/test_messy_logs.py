"""Every odd real log is read, decoded, detected and parsed, and no line or offset is lost."""

from __future__ import annotations

import gzip
import re
import time
from datetime import datetime
from pathlib import Path
from typing import List

import pytest

from edge.files.lines import read_blocks
from edge.files.paths import expand_paths
from edge.formats import LINE_FORMAT_NAMES, detect_format, make_format
from edge.text.clean import decode_block

FOLDERS = {"messy_lnav": 112, "messy_fluentbit": 6, "ossec_samples": 70}
REFERENCE = datetime(2026, 1, 1)


def _refuse(message: str) -> None:
    raise AssertionError(f"a real log was left out: {message}")


@pytest.mark.parametrize("folder", sorted(FOLDERS))
def test_every_file(folder: str, data_dir: Path) -> None:
    sources = expand_paths([str(data_dir / folder)], warn=_refuse)
    assert len(sources) == len([path for path in (data_dir / folder).rglob("*") if path.is_file()]) >= FOLDERS[folder]
    for source in sources:
        assert source.path is not None
        raw = source.path.read_bytes()
        if source.name.endswith(".gz"):
            raw = gzip.decompress(raw)
        expected = [
            (match.start(), re.sub(rb"\r?\n\Z", b"", match[0])) for match in re.finditer(rb"[^\n]*\n|[^\n]+\Z", raw)
        ]

        lines: List[bytes] = []
        texts: List[str] = []
        offsets: List[int] = []
        for block in read_blocks(source, max_lines=100):
            lines += block.lines
            offsets += block.offsets.tolist()
            texts += decode_block(block.lines)
        assert list(zip(offsets, lines)) == expected, source.name
        assert len(texts) == raw.count(b"\n") + (raw[-1:] not in (b"", b"\n")), source.name

        detected = detect_format(texts).name
        for name in LINE_FORMAT_NAMES:
            layout = "<Date> <Time> <Component>: <Content>" if name == "layout" else None
            records = make_format(name, layout=layout, reference=REFERENCE).parse(texts)
            assert len(records.texts) == len(texts), (source.name, name)
            if records.pieces is None:
                assert [text[start:] for text, start in zip(records.texts, records.starts)] == records.contents
            assert [records.texts[i] for i in records.unparsed.nonzero()[0]] == [
                texts[i] for i in records.unparsed.nonzero()[0]
            ]
            if name == detected:
                assert int(records.unparsed.sum()) * 2 <= len(texts) + texts.count(""), source.name
            for i in range(len(texts)):
                records.timestamp(i)


@pytest.mark.parametrize("name", ["syslog", "rfc5424", "journald", "plain"])
def test_hostile_lines_do_not_stall(name: str) -> None:
    fill = 1 << 20
    lines = [
        "Jun  9 06:06:20 " + ":" * fill,
        "Jun  9 06:06:20 " + " " * fill,
        "Jun  9 06:06:20 " + "a:" * fill,
        "2015-04-24T21:09:29Z h " + "a[" * fill,
        "2015-04-24T21:09:29Z h " + " " * fill,
        "<1>1 - h a - - [" + 'a b="' * fill,
        "<1>1 - h a - - " + "[a]" * fill,
        "<1>1 - h a - - [a" + ' b="\\\\"' * fill,
        "9" * fill,
        '{"MESSAGE": ' + "[" * fill,
        '{"MESSAGE": "' + "\\u001b" * fill + '"}',
    ]
    begin = time.perf_counter()
    assert len(make_format(name, layout=None, reference=REFERENCE).parse(lines).contents) == len(lines)
    assert time.perf_counter() - begin < 20
