from __future__ import annotations

import hashlib
import json
from typing import Any, Dict, Optional

import msgspec
import pytest
import sample_bundle
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.bundle.manifest import decode_manifest, encode_manifest, outline_files
from edge.bundle.preprocessing import Feature, SessionSpec, StepEncoderSpec
from edge.errors import BundleError, IntegrityError, SchemaError

DATA = encode_manifest(sample_bundle.manifest())


def test_round_trip_fills_the_digest() -> None:
    read = decode_manifest(DATA, "m")
    assert len(read.digest) == 64
    assert read == sample_bundle.manifest(digest=read.digest)
    assert encode_manifest(read) == DATA
    assert encode_manifest(sample_bundle.manifest(digest="stale")) == DATA


def test_digest_is_the_hash_of_the_file_with_the_field_empty() -> None:
    stated = json.loads(DATA)["digest"]
    assert hashlib.sha256(DATA.replace(stated.encode(), b"")).hexdigest() == stated


def test_every_flipped_bit_is_found() -> None:
    for position in range(len(DATA)):
        for bit in range(8):
            damaged = bytearray(DATA)
            damaged[position] ^= 1 << bit
            with pytest.raises(BundleError):
                decode_manifest(bytes(damaged), "m")


@pytest.mark.parametrize(("version", "age"), [(3, "later"), (1, "earlier")])
def test_another_schema_version_is_named_even_when_its_fields_differ(version: int, age: str) -> None:
    data = json.dumps({"schema_version": version, "new_field": 1}).encode()
    with pytest.raises(SchemaError, match=f"schema version {version} is {age}") as caught:
        decode_manifest(data, "b/manifest.json")
    assert str(caught.value).startswith("b/manifest.json: ")
    assert caught.value.mend


@pytest.mark.parametrize("field", sorted(json.loads(DATA)))
def test_no_field_has_a_default(field: str) -> None:
    content = json.loads(DATA)
    del content[field]
    with pytest.raises(SchemaError, match=field):
        decode_manifest(json.dumps(content, indent=2).encode(), "m")


def test_an_unknown_field_is_refused() -> None:
    content = {**json.loads(DATA), "extra": 1}
    with pytest.raises(SchemaError, match="extra"):
        decode_manifest(json.dumps(content, indent=2).encode(), "m")


def test_a_changed_value_with_the_old_digest_is_refused() -> None:
    with pytest.raises(IntegrityError, match="digest"):
        decode_manifest(DATA.replace(b'"epochs": 3', b'"epochs": 4'), "m")


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfe", b"[]", b'{"a":' + b"[" * 100_000, b"null", b'{"schema_version":"1"}']
)
def test_what_is_not_a_manifest(data: bytes) -> None:
    with pytest.raises(SchemaError):
        decode_manifest(data, "m")
    assert outline_files(data) is None


@given(st.binary(max_size=300) | st.recursive(st.none() | st.text(), st.lists).map(lambda v: json.dumps(v).encode()))
@settings(max_examples=60, deadline=None)
def test_arbitrary_bytes_are_refused_in_our_own_words(data: Any) -> None:
    with pytest.raises(BundleError):
        decode_manifest(data, "m")


def test_outline_reads_other_versions_and_changed_manifests() -> None:
    files = json.dumps({"schema_version": 9, "detector": "line", "target": "cpu", "files": [{"path": "a", "new": 1}]})
    assert outline_files(files.encode()) == ["a"]
    assert outline_files(b'{"manifest_version": 3, "name": "an extension of a browser"}') is None


WRONG_NUMBERS = [
    ("preprocessing.encoder.max_segments", 0, "the encoder has no segments"),
    ("preprocessing.encoder.length", 0, "the encoder has no length"),
    ("preprocessing.encoder.pad_id", 1 << 40, "an encoder's id is no token id"),
    ("preprocessing.encoder.continuation_id", -1, "an encoder's id is no token id"),
    ("preprocessing.format.skip_characters", -3, "skip_characters is negative"),
    ("calibration.records", -1, "the calibration is empty"),
    ("calibration.at_least", [], "the calibration is empty"),
    ("calibration.scores", [2.0, 1.0], "the calibration"),
    ("parity.tolerance", 1e300, "the tolerance is not between 0 and 0.1"),
    ("parity.steps", [], "the parity has no step"),
    ("parity.records", 0, "the parity is of no record"),
    ("parity.max_flips", 1.5, "the share of flipped verdicts is not between 0 and 1"),
    ("precision", "fp8", "the precision is unknown"),
    ("conversion.batch_sizes", [], "the batch sizes do not ascend from 1"),
    ("conversion.batch_sizes", [8, 32], "the batch sizes do not ascend from 1"),
    ("conversion.batch_sizes", [1, 32, 8], "the batch sizes do not ascend from 1"),
    ("conversion.batch_sizes", [1, 1], "the batch sizes do not ascend from 1"),
]


@pytest.mark.parametrize(("path", "value", "what"), WRONG_NUMBERS)
def test_numbers_that_mean_nothing_are_refused(path: str, value: object, what: str) -> None:
    *parents, name = path.split(".")
    structs: Any = [sample_bundle.manifest()]
    for parent in parents:
        structs.append(getattr(structs[-1], parent))
    changed = msgspec.structs.replace(structs.pop(), **{name: value})
    for parent in reversed(parents):
        changed = msgspec.structs.replace(structs.pop(), **{parent: changed})
    with pytest.raises(SchemaError, match=rf"m: malformed manifest \({what}.*\); export it again"):
        decode_manifest(encode_manifest(changed), "m")


WINDOWS = SessionSpec(key=None, idle_records=None, length=4, step=1, seconds=None)
STEPS = StepEncoderSpec(steps=4, max_segments=2, features=[Feature(name="method", categories=["GET"])])


def with_steps(encoder: StepEncoderSpec, sessions: Optional[SessionSpec]) -> bytes:
    whole = sample_bundle.manifest()
    changed = msgspec.structs.replace(whole.preprocessing, encoder=encoder, sessions=sessions)
    return encode_manifest(msgspec.structs.replace(whole, preprocessing=changed))


def test_steps_are_read_as_they_were_written() -> None:
    found = decode_manifest(with_steps(STEPS, WINDOWS), "m").preprocessing
    assert (found.encoder, found.sessions) == (STEPS, WINDOWS)
    assert STEPS.width == 1


@pytest.mark.parametrize(
    ("changes", "sessions", "what"),
    [
        ({"steps": 0}, WINDOWS, "the encoder has no steps"),
        ({"max_segments": 0}, WINDOWS, "the encoder has no segments"),
        ({"features": []}, WINDOWS, "the encoder has no features"),
        ({"features": [Feature(name="a", categories=[])]}, WINDOWS, "the encoder has no features"),
        ({}, None, "steps belong to sessions"),
    ],
)
def test_steps_that_mean_nothing_are_refused(
    changes: Dict[str, Any], sessions: Optional[SessionSpec], what: str
) -> None:
    with pytest.raises(SchemaError, match=what):
        decode_manifest(with_steps(msgspec.structs.replace(STEPS, **changes), sessions), "m")
