"""Lines of separated values to fields."""

from __future__ import annotations

import csv
import io
from typing import List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.table.rows import DELIMITERS, field_spans, guess_delimiter, join_fields, join_row, split_fields, split_row

# Blanks at a field's ends are cut off here and kept by Python's module, and a row is a line.
FIELDS = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp", "Zs"))).map(str.strip)


@given(st.lists(FIELDS, min_size=2, max_size=6), st.sampled_from(DELIMITERS), st.booleans())
def test_rows_are_those_of_pythons_csv_module(fields: List[str], delimiter: str, quoted: bool) -> None:
    out = io.StringIO()
    quoting = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator="").writerow(fields)
    line = out.getvalue()
    assert split_row(line, delimiter) == next(csv.reader([line], delimiter=delimiter)) == fields


@given(st.text(st.sampled_from('ab,;" \t'), max_size=20), st.sampled_from(",;\t"))
def test_any_line_is_cut_without_an_error_and_spans_show_the_fields(line: str, delimiter: str) -> None:
    fields, spans = split_row(line, delimiter), field_spans(line, delimiter)
    assert len(fields) == len(spans)
    assert spans == sorted(spans)
    for field, (start, end) in zip(fields, spans):
        raw = line[start:end]
        if not raw.startswith('"'):
            assert field == raw == raw.strip()
            assert delimiter not in raw


@given(st.lists(st.text(st.sampled_from('ab,;" '), max_size=6).map(str.strip), min_size=1, max_size=6))
def test_a_content_has_as_many_fields_as_its_row(fields: List[str]) -> None:
    assert split_fields(join_fields(fields)) == [field.replace(",", " ") for field in fields]


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("", [""]),
        (",", ["", ""]),
        ('1, "a, b" ,3', ["1", "a, b", "3"]),
        ('"he said ""no""",2', ['he said "no"', "2"]),
        ('"never closed,2,3', ['"never closed', "2", "3"]),
        ('"closed"but more,2', ['"closed"but more', "2"]),
        ('5" disk,2', ['5" disk', "2"]),
        ('1,""', ["1", ""]),
    ],
)
def test_quotes(line: str, fields: List[str]) -> None:
    assert split_row(line, ",") == fields


@pytest.mark.parametrize(
    ("line", "delimiter"), [("a,b,c", ","), ("a;b;c,d", ";"), ("a\tb", "\t"), ("a|b|c", "|"), ("alone", ",")]
)
def test_the_delimiter_is_the_one_that_cuts_most(line: str, delimiter: str) -> None:
    assert guess_delimiter(line) == delimiter


@given(st.lists(FIELDS, min_size=2, max_size=6))
def test_a_joined_row_is_cut_into_its_fields(fields: List[str]) -> None:
    assert split_row(join_row(fields), ",") == fields
