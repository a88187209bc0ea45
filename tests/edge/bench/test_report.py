from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_report import sample_end_to_end, sample_offline, sample_report, sample_stream

from edge.bench.conditions import Energy
from edge.bench.report import SCHEMA_VERSION, Report, encode_report, read_report
from edge.errors import InputError, SchemaError


def whole() -> Report:
    energy = Energy({"VDD_IN": 30.0}, 30.0, 3.0)
    return sample_report(
        single_stream=sample_stream(energy=energy), offline=sample_offline(), end_to_end=sample_end_to_end()
    )


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    path.write_bytes(encode_report(whole()))
    assert read_report(path) == whole()
    assert path.read_text().startswith('{\n  "schema_version": 3,\n  "kind": "bench",\n')


@pytest.mark.parametrize("version", [0, 1, SCHEMA_VERSION + 1])
def test_another_schema_version_is_refused(tmp_path: Path, version: int) -> None:
    path = tmp_path / "b.json"
    # As much of an older or newer file as is certain: its other fields may be any.
    path.write_text(f'{{"schema_version": {version}, "else": true}}')
    with pytest.raises(SchemaError, match=f"b.json: is of schema version {version}, and this oddline reads 3; run"):
        read_report(path)


def test_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    path.write_bytes(encode_report(msgspec.structs.replace(whole(), kind="providers")))
    with pytest.raises(SchemaError, match="is of the kind 'providers', not 'bench'"):
        read_report(path)


@pytest.mark.parametrize("text", ["", "no JSON", "[]", "{}", '{"schema_version": 3, "kind": "bench"}', "\xff"])
def test_what_is_no_report_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "b.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(SchemaError, match="is damaged, or not written by oddline bench"):
        read_report(path)


def test_a_field_that_is_not_known_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    path.write_bytes(encode_report(whole()).replace(b'"peak_resident_bytes"', b'"more": 1, "peak_resident_bytes"'))
    with pytest.raises(SchemaError, match="more"):
        read_report(path)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.json: cannot be read"):
        read_report(tmp_path / "none.json")


@given(cut=st.integers(0, 3000), flipped=st.integers(0, 255))
def test_damage_is_an_error_of_ours(tmp_path_factory: pytest.TempPathFactory, cut: int, flipped: int) -> None:
    data = bytearray(encode_report(sample_report()))
    data[cut % len(data)] = flipped
    path = tmp_path_factory.mktemp("damaged") / "b.json"
    path.write_bytes(bytes(data))
    said = None
    try:
        found = read_report(path).schema_version
    except SchemaError as error:
        found, said = None, error.mend
    assert (found == sample_report().schema_version) != bool(said), "read as it was written, or refused with the mend"
