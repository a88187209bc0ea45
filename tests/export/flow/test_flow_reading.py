"""Tables of flows to records for training."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
from flow_tables import HEADER, rows, write_table

from edge.errors import InputError
from edge.runtime.verifying import content_of
from export.dataset import LogData
from export.flow.reading import raw_rows, read_flows
from export.training.options import TrainOptions

LABELLED = "a,b,Label"


def read(*paths: Path, said: list[str] | None = None, drop_constant: bool = False, **options: Any) -> LogData:
    say = (lambda _: None) if said is None else said.append
    return read_flows(list(map(str, paths)), TrainOptions(**options), drop_constant=drop_constant, say=say)


def test_identities_are_no_features_and_labels_are_kinds(tmp_path: Path) -> None:
    data = read(write_table(tmp_path / "t.csv", rows("BENIGN", 3) + rows("DoS", 2)))
    assert data.format.fields == ["Duration", "Bytes", "Rate", "Proto", "Constant"]
    assert data.kinds == ["", "", "", "DoS", "DoS"]
    first = rows("BENIGN", 1)[0].split(",")
    assert data.contents[0].split(",") == first[2:7]


@pytest.mark.parametrize("name", ["Source IP", "dst_ip", "Src Port", "Destination Port", "Timestamp", "Flow ID", "id"])
def test_who_and_when_is_no_feature_unless_asked_for(tmp_path: Path, name: str) -> None:
    table = write_table(tmp_path / "t.csv", ["1,2,3,BENIGN", "4,5,6,DoS"], f"a,{name},b,Label")
    assert read(table).format.fields == ["a", "b"]
    assert read(table, fields=("b", name)).format.fields == ["b", name]


def test_held_out_rows_can_be_read_by_themselves(tmp_path: Path) -> None:
    table = write_table(tmp_path / "t.csv", ['1,"x, y",BENIGN', "2,z,DoS"], '"a, b","say ""c""",Label')
    data = raw_rows(read(table))
    for line, content in zip(data.lines, data.contents, strict=True):
        assert content_of(data.format, line.split("\n")) == content
    assert data.contents == ["1,x  y", "2,z"]


def test_files_of_other_orders_and_names_are_read_together(tmp_path: Path) -> None:
    one = write_table(tmp_path / "1.csv", ["1,2,BENIGN"], "Tot Fwd Pkts,Flow Duration,Label")
    two = tmp_path / "2.csv.gz"
    two.write_bytes(
        gzip.compress(
            b"Label,Extra,Flow Duration,Total Fwd Packets\nDoS,9,4,3\nLabel,Extra,Flow "
            b"Duration,Total Fwd Packets\nDoS,9,6,5\n"
        )
    )
    data = read(one, two)
    assert data.contents == ["1,2", "3,4", "5,6"]
    assert data.kinds == ["", "DoS", "DoS"]


def test_rows_that_could_not_be_scored_are_left_out_and_counted(tmp_path: Path) -> None:
    bad = ["inf,1,BENIGN", ",1,BENIGN", "1,nan,DoS", "1,x,DoS", "1e39,1,DoS", "1,2", "1,2,3,4"]
    said: list[str] = []
    data = read(write_table(tmp_path / "t.csv", ["1,2,BENIGN", "3,4,BENIGN", "5,6,DoS"] * 3 + bad, LABELLED), said=said)
    assert len(data) == 9
    ragged = f"the first at {tmp_path / 't.csv'}:16 (the row has 2 fields where the header has 3)"
    assert f"2 rows have another number of fields than their header, and are left out, {ragged}" in said
    assert "5 of 14 rows have missing or infinite values, and are left out: a 3, b 2 (such as 'x')" in said
    assert "6 of 9 rows equal an earlier one" in said


def test_columns_that_teach_nothing_are_named(tmp_path: Path) -> None:
    lines = [f"{i},7,host{i},,{'tcp' if i % 2 else 'udp'},BENIGN" for i in range(300)]
    table = write_table(tmp_path / "t.csv", lines, "a,same,name,empty,proto,Label")
    said: list[str] = []
    assert read(table, said=said, drop_constant=True).format.fields == ["a", "proto"]
    assert "same: the same in all rows, left out" in said
    assert "name: more than 256 different texts, no feature" in said
    assert "empty: no finite number in most rows, no feature" in said
    said.clear()
    assert read(table, said=said).format.fields == ["a", "same", "proto"]
    assert any(line.startswith("same: the same in all rows, so nothing is learnt") for line in said)


NSL_ROW = ["0", "tcp", "http", "SF", *(str(number) for number in range(37))]


@pytest.mark.parametrize("ends", [["neptune", "19"], ["neptune"]])
def test_nsl_kdd_has_a_header_of_its_own(tmp_path: Path, ends: list[str]) -> None:
    normal = [*NSL_ROW[:4], "5", *NSL_ROW[5:], "normal", *ends[1:]]
    lines = [",".join([*NSL_ROW, *ends]), ",".join(normal)]
    data = read(write_table(tmp_path / "KDDTrain+.txt", lines, None))
    assert data.kinds == ["neptune", ""]
    assert data.format.header is not None
    assert (data.format.header[0], data.format.header[41]) == ("duration", "label")
    assert data.format.fields is not None
    assert len(data.format.fields) == 41
    assert "difficulty" not in data.format.fields


def test_a_table_without_a_header_needs_one(tmp_path: Path) -> None:
    table = write_table(tmp_path / "t.csv", ["1,2,BENIGN", "3,4,DoS"], None)
    with pytest.raises(InputError, match=r"t\.csv: its first line does not name the columns; name them with --header"):
        read(table)
    data = read(table, header=("a", "b", "label"))
    assert (data.contents, data.kinds) == (["1,2", "3,4"], ["", "DoS"])
    assert data.format.header == ["a", "b", "label"]


def test_the_label_column(tmp_path: Path) -> None:
    lines = ["1,2,ok,normal", "3,4,bad,smurf"]
    table = write_table(tmp_path / "t.csv", lines, "a,b,verdict,Class")
    assert read(table).kinds == ["", "smurf"]
    assert read(table, label_column="VERDICT", labels="ok=0,*=1").kinds == ["", "bad"]
    last = write_table(tmp_path / "u.csv", ["1,2,normal", "3,4,smurf"], "a,b,what")
    assert read(last).kinds == ["", "smurf"]
    with pytest.raises(InputError, match=r"it has no column nix; --label-column is one of a, b, verdict, Class"):
        read(table, label_column="nix")


def test_without_labels_all_rows_are_normal_and_it_is_said(tmp_path: Path) -> None:
    said: list[str] = []
    data = read(write_table(tmp_path / "t.csv", ["1,2", "3,4"], "a,b"), said=said)
    assert data.kinds == ["", ""]
    assert said[0] == "no column says which rows are attacks: all are taken for normal; --label-column names one"


def test_labels_that_mean_nothing_are_named_with_their_counts(tmp_path: Path) -> None:
    table = write_table(tmp_path / "t.csv", ["1,2,Benign", "3,4,Bot", "5,6,Bot", "7,8,DDoS", "9,9,"], LABELLED)
    with pytest.raises(InputError) as error:
        read(table, labels="Benign=0,D*=1")
    assert "t.csv, column Label: --map says nothing of the labels 'Bot' (2); add them" in str(error.value)
    said: list[str] = []
    assert read(table, labels="Benign=0,D*=1,*=drop", said=said).kinds == ["", "DDoS"]
    assert {"1 rows have no label, and are left out", "2 rows are left out by their labels"} <= set(said)


def test_no_normal_row_is_an_error_with_the_labels(tmp_path: Path) -> None:
    table = write_table(tmp_path / "t.csv", ["1,2,Bot", "3,4,Bot", "5,6,DDoS"], LABELLED)
    many = write_table(tmp_path / "many.csv", [f"1,2,L{number}" for number in range(10)], LABELLED)
    with pytest.raises(InputError, match=r"'L6' \(1\), 'L7' \(1\) and 2 more; say which are"):
        read(many)
    with pytest.raises(InputError, match=r"no row is normal; the labels are 'Bot' \(2\), 'DDoS' \(1\); say which are"):
        read(table)


def test_what_is_asked_for_and_missing_is_named(tmp_path: Path) -> None:
    table = write_table(tmp_path / "t.csv", rows("BENIGN", 2))
    with pytest.raises(InputError, match=r"it has no column x, y; --fields are some of Flow ID, Src Port"):
        read(table, fields=("Bytes", "x", "y"))
    ids = write_table(tmp_path / "u.csv", ["1,BENIGN"], "Flow ID,Label")
    with pytest.raises(InputError, match=r"no column is left to be a feature; its first line has 'Flow ID, Label'"):
        read(ids)
    other = write_table(tmp_path / "v.csv", ["1,DoS"], "Duration,Label")
    with pytest.raises(InputError, match=r"v\.csv: it lacks 4 columns: Bytes, Rate, Proto, Constant;"):
        read(table, other)


def test_other_files_of_a_folder_are_passed_over(tmp_path: Path) -> None:
    write_table(tmp_path / "t.csv", rows("BENIGN", 2))
    (tmp_path / "README.md").write_text("# what this is\n", encoding="utf-8")
    said: list[str] = []
    assert len(read(tmp_path, said=said)) == 2
    assert any("README.md: passed over" in line for line in said)


def test_time_stamps_become_iso(tmp_path: Path) -> None:
    lines = ["1,16/02/2018 08:27:23,BENIGN", "2,17/02/2018 21:00:01,DoS"]
    table = write_table(tmp_path / "t.csv", lines, "a,Timestamp,Label")
    assert read(table).stamps == ["2018-02-16T08:27:23", "2018-02-17T21:00:01"]
    said: list[str] = []
    broken = write_table(tmp_path / "u.csv", [*lines, "3,yesterday,DoS"], "a,Timestamp,Label")
    assert read(broken, said=said).stamps == [None] * 3
    why = "1 of 3 rows have no time stamp that is understood (such as 'yesterday')"
    assert f"{why}: the order of the rows is taken for that of time" in said


def test_it_says_what_the_order_of_time_is(tmp_path: Path) -> None:
    lines = [f"{day},2018-02-{day:02d} 08:27:23,BENIGN" for day in (3, 1, 2, 4)]
    said: list[str] = []
    data = read(write_table(tmp_path / "t.csv", lines, "a,Timestamp,Label"), said=said)
    assert "1 of 4 rows are older than the one before: they are ordered by their time stamps" in said
    assert [stamp and stamp[8:10] for stamp in data.stamps] == ["03", "01", "02", "04"]
    said.clear()
    read(write_table(tmp_path / "u.csv", ["1,BENIGN", "2,BENIGN"], "a,Label"), said=said)
    assert "no column Timestamp was found: the order of the rows is taken for that of time" in said
    said.clear()
    empty = ["1,,BENIGN", "2,,BENIGN", "3,2018-02-03 08:27:23,BENIGN"]
    read(write_table(tmp_path / "w.csv", empty[:2], "a,Timestamp,Label"), said=said)
    assert "2 of 2 rows have no time stamp: the order of the rows is taken for that of time" in said
    said.clear()
    read(write_table(tmp_path / "x.csv", empty, "a,Timestamp,Label"), said=said)
    assert "2 of 3 rows have no time stamp: the order of the rows is taken for that of time" in said
    said.clear()
    read(write_table(tmp_path / "v.csv", sorted(lines), "a,Timestamp,Label"), said=said)
    assert not any("order" in line for line in said)


def test_kinds_of_attacks_are_named_with_their_counts(tmp_path: Path) -> None:
    table = write_table(tmp_path / "t.csv", ["1,2,BENIGN", "3,4,BENING", "5,6,DoS", "7,8,DoS"], LABELLED)
    said: list[str] = []
    read(table, said=said)
    assert "3 of 4 rows are labelled as attacks: 'DoS' (2), 'BENING' (1)" in said


def test_headers_in_between_are_counted_as_such(tmp_path: Path) -> None:
    said: list[str] = []
    table = write_table(tmp_path / "t.csv", ["1,2,BENIGN", LABELLED, "", "3,4,DoS", "b,Label,a", "6,DoS,5"], LABELLED)
    assert read(table, said=said).contents == ["1,2", "3,4", "5,6"]
    assert "2 further lines name the columns again, and are no rows" in said
    said.clear()
    read(write_table(tmp_path / "u.csv", ["1,2,BENIGN", "", "3,4,DoS"], None), said=said, header=("a", "b", "label"))
    assert not any("further lines" in line for line in said)


def test_a_table_without_rows_among_others_is_said(tmp_path: Path) -> None:
    said: list[str] = []
    bare = write_table(tmp_path / "bare.csv", [], LABELLED)
    assert len(read(bare, write_table(tmp_path / "t.csv", ["1,2,BENIGN"], LABELLED), said=said)) == 1
    assert said[0] == f"{bare}: holds no rows, only a header"


def test_decimal_commas_are_told(tmp_path: Path) -> None:
    lines = [f"{number},5;{number % 3},25;{number};BENIGN" for number in range(300)]
    said: list[str] = []
    data = read(write_table(tmp_path / "t.csv", lines, "much;few;c;Label"), said=said)
    assert data.format.fields == ["few", "c"]
    assert "much, few: numbers with a comma in them, which are not read as numbers; write 3.5 for 3,5" in said


def test_nothing_is_an_error(tmp_path: Path) -> None:
    said: list[str] = []
    with pytest.raises(InputError, match="there are no rows in it"):
        read(write_table(tmp_path / "t.csv", ["", " "], None), said=said)
    assert said == [f"{tmp_path / 't.csv'}: holds no lines"]
    with pytest.raises(InputError, match=r"w\.csv: none of the 2 rows has as many .*w\.csv:2 \(the row has 4 fields"):
        read(write_table(tmp_path / "w.csv", ["1,2,DoS,", "3,4,DoS,"], LABELLED))
    with pytest.raises(InputError, match=r"u\.csv: there are no rows in it"):
        read(write_table(tmp_path / "u.csv", [], HEADER))
    with pytest.raises(InputError, match="no row is normal; the labels are all empty"):
        read(write_table(tmp_path / "v.csv", ["1,2,"], LABELLED))
