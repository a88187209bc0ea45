"""Which format a log is in."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import List

import pytest

from edge.formats import Detection, detect_format

SYSLOG = "Jun  9 06:06:20 combo a: b"
RFC5424 = "<34>1 2003-10-11T22:14:15.003Z host su - ID47 - message"
JOURNALD = '{"MESSAGE": "text", "__REALTIME_TIMESTAMP": "1"}'


@pytest.mark.parametrize(
    ("texts", "detection"),
    [
        ([], Detection("plain", 0, 0)),
        (["", "  ", "\t"], Detection("plain", 0, 0)),
        (["no format"], Detection("plain", 1, 1)),
        ([SYSLOG, ""], Detection("syslog", 1, 1)),
        ([RFC5424], Detection("rfc5424", 1, 1)),
        ([JOURNALD], Detection("journald", 1, 1)),
        ([SYSLOG, "  at Main.java"], Detection("syslog", 1, 2)),
        ([SYSLOG, "  at Main.java", "  at Other.java"], Detection("plain", 3, 3)),
        ([SYSLOG, RFC5424, JOURNALD], Detection("plain", 3, 3)),
        ([SYSLOG] * 2 + [RFC5424] * 3, Detection("rfc5424", 3, 5)),
        ([SYSLOG] * 1000 + ["plain"] * 9000, Detection("syslog", 1000, 1000)),
        ([""] * 5000 + [SYSLOG], Detection("syslog", 1, 1)),
    ],
)
def test_detection(texts: List[str], detection: Detection) -> None:
    assert detect_format(texts) == detection


@pytest.mark.parametrize(
    ("name", "format_name"),
    [
        ("linux_messages_full/Linux.log.gz", "syslog"),
        ("auth_elastic/auth.log.gz", "syslog"),
        ("journald_json/journal.log.gz", "journald"),
        ("messy_lnav/logfile_journald.json", "journald"),
        ("messy_lnav/logfile_syslog.0", "syslog"),
        ("messy_lnav/logfile_java.0", "plain"),
        ("messy_lnav/logfile_vpxd.0", "plain"),
        ("messy_lnav/logfile_muxed_syslog.0", "plain"),
        ("messy_lnav/logfile_bunyan.0", "plain"),
        ("messy_fluentbit/multiline_001.log", "plain"),
        ("loghub_2k/Mac_2k.log", "syslog"),
        ("loghub_2k/HDFS_2k.log", "plain"),
        ("loghub_2k/Zookeeper_2k.log", "plain"),
    ],
)
def test_real_logs(name: str, format_name: str, data_dir: Path) -> None:
    raw = (data_dir / name).read_bytes()
    text = (gzip.decompress(raw) if name.endswith(".gz") else raw).decode("utf-8", "replace")
    assert detect_format(text.split("\n")).name == format_name
