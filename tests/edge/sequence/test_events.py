"""Ready event-id files."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import List

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.bundle.preprocessing import FormatSpec
from edge.errors import InputError
from edge.formats.records import Batch, read_all
from edge.reading import make_reader
from edge.sequence.events import EventsReader

SPEC = FormatSpec(name="events", layout=None, fields=None, header=None, skip_characters=0)


def read(*lines: str) -> Batch:
    return read_all(make_reader(SPEC, reference=datetime(2024, 1, 1)), lines)


def test_ids_with_and_without_a_session_name() -> None:
    batch = read("5 22  5 ", "blk_-7,5\t22", "", "blk_8,")
    assert batch.records.contents == ["5 22 5", "5 22", "", ""]
    assert batch.records.texts == ["5 22  5 ", "blk_-7,5\t22", "", "blk_8,"]
    assert batch.records.unparsed.tolist() == [False] * 4
    assert batch.lines.tolist() == [1, 2, 3, 4]
    assert batch.offsets.tolist() == [0, 9, 21, 22]


def test_a_table_with_labels_and_a_header_that_comes_again() -> None:
    reader = EventsReader()
    batch = reader.read(["Sequence,label", "5 22,0", '"9 11",Attack'], 1, np.arange(3))
    assert batch.records.contents == ["5 22", "9 11"]
    assert reader.labels == ["0", "Attack"]
    assert batch.lines.tolist() == [2, 3]
    batch = reader.read(["label,Sequence", "1,7 8"], 4, np.arange(2))
    assert (batch.records.contents, reader.labels, batch.lines.tolist()) == (["7 8"], ["1"], [5])


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_a_table_with_other_delimiters(delimiter: str) -> None:
    reader = EventsReader("x.csv", "Label")
    lines = [f"Job{delimiter}Sequence{delimiter}Label", f"j1{delimiter}5 22{delimiter}bad", "j2,5 22,good"]
    batch = reader.read(lines, 1, np.arange(3))
    assert batch.records.contents == ["5 22", "j2,5 22,good"]
    assert batch.records.unparsed.tolist() == [False, True]
    assert reader.labels == ["bad", None]


def test_what_does_not_fit_is_read_as_it_is() -> None:
    batch = read("5,22,5", "5 22,0", "7")
    assert batch.records.contents == ["5,22,5", "5 22,0", "7"]
    assert batch.records.unparsed.tolist() == [True, True, False]
    batch = read("Sequence,label", "5 22", "5,0")
    assert batch.records.contents == ["5 22", "5"]
    assert batch.records.unparsed.tolist() == [True, False]


def test_a_label_column_that_is_not_there_is_said() -> None:
    with pytest.raises(InputError, match="no column 'kind'; its columns are Sequence, label; give --label-column"):
        EventsReader("x.csv", "kind").read(["Sequence,label", "5,0"], 1, np.arange(2))
    with pytest.raises(InputError, match=r"x\.csv: its first line names no column 'kind'"):
        EventsReader("x.csv", "kind").read(["5 22"], 1, np.arange(1))
    reader = EventsReader("x.csv", "Kind")
    reader.read(["events,kind,label", "5,bad,0"], 1, np.arange(2))
    assert reader.labels == ["bad"]


@given(st.lists(st.text("ab1 \t", max_size=12), min_size=1, max_size=5))
def test_each_event_is_found_where_it_stands(lines: List[str]) -> None:
    records = read(*(f"key,{line}" for line in lines)).records
    for place, content in enumerate(records.contents):
        start = 0
        for word in content.split():
            first, last = records.span_in_text(place, start, start + len(word))
            assert records.texts[place][first:last] == word
            start += len(word) + 1


def test_the_longest_real_sequence(data_dir: Path) -> None:
    """A session of 390 kB, far more than any other: nothing of it is lost."""
    line = max(read_lines(data_dir / "hadoop_sequences" / "hadoop_test_abnormal.gz"), key=len)
    (content,) = read(line).records.contents
    assert len(line) > 300_000
    assert content.split() == line.split(",")[1].split()


def read_lines(path: Path) -> List[str]:
    import gzip

    with gzip.open(path, "rt") as file:
        return file.read().splitlines()
