"""Time stamps to ISO 8601."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.formats.stamps import iso_local, leading_stamp, to_iso


@pytest.mark.parametrize(
    ("written", "iso"),
    [
        ("2005-06-09T06:06:20", "2005-06-09T06:06:20"),
        ("2005-06-09 06:06:20.5", "2005-06-09T06:06:20.5"),
        ("2005/06/09 06:06:20,500", "2005-06-09T06:06:20.500"),
        ("2005.06.09 06:06:20 UTC", "2005-06-09T06:06:20Z"),
        ("2005-06-09T06:06:20.123456789Z", "2005-06-09T06:06:20.123456789Z"),
        ("2005-06-09T06:06:20-0730", "2005-06-09T06:06:20-07:30"),
        ("2005-06-09 06:06:20 +02:00", "2005-06-09T06:06:20+02:00"),
        ("Sun Dec 04 04:47:44 2005", "2005-12-04T04:47:44"),
        ("Sun Dec  4 04:47:44 2005", "2005-12-04T04:47:44"),
        ("04/Dec/2005:04:47:44 +0100", "2005-12-04T04:47:44+01:00"),
        ("2005-06/09 06:06:20", None),
        ("2005-13-09 06:06:20", None),
        ("2005-02-29 06:06:20", None),
        ("2005-06-09 24:06:20", None),
        ("2005-06-09 06:06:61", None),
        ("0000-06-09 06:06:20", None),
        ("2005-06-09", None),
        ("09/06/2005 06:06:20", None),
        ("", None),
    ],
)
def test_full_stamps(written: str, iso: Optional[str]) -> None:
    assert to_iso(written) == iso


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2012-07-02 10:22:40,672:DEBUG:foo1", "2012-07-02T10:22:40.672"),
        ("[2023-05-15 18:19:32] local.ERROR: x", "2023-05-15T18:19:32"),
        ("2015-04-24T21:08:10.313913FOO err", "2015-04-24T21:08:10.313913"),
        ("2025-08-13 01:45:01.123 PDT [12345] LOG", "2025-08-13T01:45:01.123"),
        ("2025-08-13 01:45:01 +0200 text", "2025-08-13T01:45:01+02:00"),
        ("2025-08-13 01:45:01 -5000 items", "2025-08-13T01:45:01"),
        ("at 2025-08-13 01:45:01", None),
        ("10.0.0.1 - - [04/Dec/2005:04:47:44 +0100]", None),
        ("", None),
    ],
)
def test_leading_stamps(text: str, iso: Optional[str]) -> None:
    assert leading_stamp(text) == iso


@given(st.datetimes(timezones=st.sampled_from([None, timezone.utc, timezone(timedelta(hours=-3, minutes=-30))])))
def test_python_reads_its_own_stamps_back(moment: datetime) -> None:
    written = moment.isoformat()
    expected = written.replace("+00:00", "Z") if "Z" in (to_iso(written) or "") else written
    assert to_iso(written) == expected


def test_local_stamps() -> None:
    assert iso_local(2016, 12, 31, "23:59:60") == "2016-12-31T23:59:60"
    assert iso_local(2015, 2, 29, "00:00:00") is None
    assert iso_local(99, 1, 1, "00:00:00.25") == "0099-01-01T00:00:00.25"
