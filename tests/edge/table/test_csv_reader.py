"""Rows of a table as records."""

from __future__ import annotations

from datetime import datetime
from typing import List, Optional, Sequence

import numpy as np
import pytest

from edge.bundle.preprocessing import FormatSpec
from edge.errors import FormatError, InputError
from edge.formats.records import Batch, read_all
from edge.reading import make_reader
from edge.table.reader import FAULT, CsvReader

WANTED = ["Duration", "Packets", "Bytes/s"]


def read(lines: Sequence[str], header: Optional[List[str]] = None, wanted: Sequence[str] = WANTED) -> Batch:
    return read_all(CsvReader(wanted, header, "flows.csv"), lines)


def contents(lines: Sequence[str], header: Optional[List[str]] = None, wanted: Sequence[str] = WANTED) -> List[str]:
    return read(lines, header, wanted).records.contents


def test_columns_are_found_by_name_in_any_order_and_others_are_left_out() -> None:
    assert contents(["Label,bytes/s,Id,DURATION,Packets", "BENIGN,2.5,77,10,3"]) == ["10,3,2.5"]


def test_a_repeated_header_is_no_row_and_may_be_another() -> None:
    batch = read(
        [
            "Duration,Packets,Bytes/s",
            "1,2,3",
            "Duration,Packets,Bytes/s",
            "4,5,6",
            "Timestamp,Bytes/s,Packets,Duration",
            "2017-07-07 19:02:39,9,8,7",
        ]
    )
    records = batch.records
    assert records.contents == ["1,2,3", "4,5,6", "7,8,9"]
    assert batch.lines.tolist() == [2, 4, 6]
    # What stood before another header is still shown by its own columns.
    assert [records.span_in_text(index, 0, 1) for index in range(3)] == [(0, 1), (0, 1), (24, 25)]
    assert [records.timestamp(index) for index in range(3)] == [None, None, "2017-07-07T19:02:39"]


def test_a_row_of_text_is_no_header() -> None:
    assert contents(["proto,state", "tcp,SF", "proto,state", "udp,state"], wanted=["proto", "state"]) == [
        "tcp,SF",
        "udp,state",
    ]


@pytest.mark.parametrize("row", ["1,2", "1,2,3,4", "truncated", '1,"2,3'])
def test_a_ragged_row_is_unparsed_and_says_so(row: str) -> None:
    records = read(["Duration,Packets,Bytes/s", row, "1,2,3"]).records
    if row == '1,"2,3':
        # A quote that is never closed is a character: the row has its three fields, and one of them is no number.
        assert records.contents[0] == '1,"2,3'
        return
    fields = row.count(",") + 1
    counted = "1 field" if fields == 1 else f"{fields} fields"
    assert records.contents == [f"{FAULT}the row has {counted} where the header has 3", "1,2,3"]
    assert records.unparsed.tolist() == [True, False]
    assert records.texts[0] == row


def test_no_field_can_look_like_a_fault() -> None:
    assert contents(["a,b", "!x,2"], wanted=["a", "b"]) == ["!x,2"]
    assert FAULT.startswith("\n"), "what no line holds"


def test_empty_lines_are_passed_over_and_lines_keep_their_numbers() -> None:
    batch = read(["", "Duration,Packets,Bytes/s", "  ", "1,2,3", "", "4,5,6"])
    assert batch.lines.tolist() == [4, 6]
    assert batch.offsets.tolist() == [29, 36]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("Duration,Packets,Label", "flows.csv: it has no column Bytes/s;"),
        ("Label,Id", "flows.csv: it lacks 3 columns: Duration, Packets, Bytes/s;"),
        ("1,2,3", "flows.csv: it lacks 3 columns: Duration, Packets, Bytes/s;"),
    ],
)
def test_a_missing_column_is_one_clear_error(header: str, words: str) -> None:
    with pytest.raises(InputError) as error:
        read([header, "1,2,3"])
    assert str(error.value).startswith(words)
    assert "the first line must name them" in str(error.value)


def test_very_many_missing_columns_are_not_all_named() -> None:
    with pytest.raises(InputError, match=r"it lacks 30 columns: c0, c1, c2, c3, c4, \.\.\.;"):
        read(["x,y"], wanted=[f"c{i}" for i in range(30)])


HEADER = ["Duration", "Packets", "Bytes/s", "Label", "Difficulty"]


def test_a_file_without_a_header_has_the_bundles() -> None:
    assert contents(["1,2,3,normal,20", "4,5,6,teardrop,9"], HEADER) == ["1,2,3", "4,5,6"]


def test_the_last_columns_may_be_missing_where_the_bundle_names_them() -> None:
    assert contents(["1,2", "1,2,3", "4,5,6", "7,8,9,"], HEADER) == [
        f"{FAULT}the row has 2 fields where the header has 3",
        "1,2,3",
        "4,5,6",
        f"{FAULT}the row has 4 fields where the header has 3",
    ]


def test_a_header_in_the_file_comes_before_the_bundles() -> None:
    assert contents(["Bytes/s,Packets,Duration", "1,2,3"], HEADER) == ["3,2,1"]


def test_a_file_that_is_too_narrow_for_the_bundles_header_is_refused() -> None:
    with pytest.raises(InputError, match=r"it has no column Bytes/s"):
        read(["1,2", "3,4"], HEADER)


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters(delimiter: str) -> None:
    assert contents([delimiter.join(WANTED), delimiter.join(["1", "2,5", "3"])]) == ["1,2 5,3"]


def test_spans_are_those_of_the_row() -> None:
    text = 'x, "12" ,  34,5'
    records = read(["id,Duration,Packets,Bytes/s", text]).records
    assert records.contents == ["12,34,5"]
    starts_ends = [records.span_in_text(0, *span) for span in ((0, 2), (3, 5), (6, 7))]
    assert [text[start:end] for start, end in starts_ends] == ['"12"', "34", "5"]


def test_time_stamps_are_read_where_they_are_understood() -> None:
    lines = ["Timestamp,Duration,Packets,Bytes/s", "2017-07-07 19:02:39.18,1,2,3", "7/7/2017 3:30,1,2,3", ",1,2,3", "1"]
    records = read(lines).records
    assert [records.timestamp(index) for index in range(4)] == ["2017-07-07T19:02:39.18", "7/7/2017 3:30", None, None]


def test_blocks_go_on_where_the_last_one_ended() -> None:
    reader = CsvReader(WANTED, None, "flows.csv")
    first = reader.read(["Duration,Packets,Bytes/s", "1,2,3"], 1, np.array([0, 25]))
    second = reader.read(["4,5,6", "7,8"], 3, np.array([31, 37]))
    assert first.records.contents + second.records.contents == [
        "1,2,3",
        "4,5,6",
        f"{FAULT}the row has 2 fields where the header has 3",
    ]
    assert (second.lines.tolist(), second.offsets.tolist()) == ([3, 4], [31, 37])
    assert len(reader.finish()) == 0


def test_a_table_without_fields_is_refused() -> None:
    spec = FormatSpec(name="csv", layout=None, fields=None, header=None, skip_characters=0)
    with pytest.raises(FormatError, match="needs fields"):
        make_reader(spec, reference=datetime(2000, 1, 1))
