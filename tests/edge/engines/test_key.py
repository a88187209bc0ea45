"""The key of an engine: whatever differs, differs in it."""

from __future__ import annotations

import re
from typing import Any, Dict, List

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.bundle.manifest import TensorSpec
from edge.engines.key import EngineKey, differences, folder_name

KEY = EngineKey(
    model_sha256="a" * 64,
    gpu="Xavier",
    compute_capability="7.2",
    tensorrt="8.5.2",
    cuda="11.4.19",
    onnxruntime="1.16.3",
    precision="fp16",
    batch_sizes=[1, 8, 32],
    inputs=[TensorSpec(name="ids", dtype="int32", shape=["batch", 32])],
    recipe=1,
)
CHANGES: Dict[str, Any] = {
    "model_sha256": "b" * 64,
    "gpu": "Orin",
    "compute_capability": "8.7",
    "tensorrt": "8.6.1",
    "cuda": "12.2",
    "onnxruntime": "1.17.1",
    "precision": "fp32",
    "batch_sizes": [1, 8, 64],
    "inputs": [TensorSpec(name="ids", dtype="int32", shape=["batch", 64])],
    "recipe": 2,
}
TEXTS = st.text(max_size=8)
SPECS = st.builds(
    TensorSpec,
    name=TEXTS,
    dtype=st.sampled_from(["int32", "float32"]),
    shape=st.lists(st.one_of(st.integers(1, 99), TEXTS), max_size=3),
)
KEYS = st.builds(
    EngineKey,
    model_sha256=TEXTS,
    gpu=TEXTS,
    compute_capability=TEXTS,
    tensorrt=TEXTS,
    cuda=TEXTS,
    onnxruntime=TEXTS,
    precision=TEXTS,
    batch_sizes=st.lists(st.integers(1, 999), max_size=4),
    inputs=st.lists(SPECS, max_size=2),
    recipe=st.integers(0, 9),
)


def test_each_field_is_tried() -> None:
    assert set(CHANGES) == set(EngineKey.__struct_fields__)


@pytest.mark.parametrize("field", CHANGES)
def test_another_value_of_any_field_is_another_engine(field: str) -> None:
    other = msgspec.structs.replace(KEY, **{field: CHANGES[field]})
    assert other.digest() != KEY.digest()
    assert folder_name("sshd", other) != folder_name("sshd", KEY)
    assert len(differences(other, KEY)) == 1


@given(KEYS, KEYS)
def test_two_keys_have_one_name_only_when_they_are_equal(one: EngineKey, other: EngineKey) -> None:
    assert (one.digest() == other.digest()) == (one == other) == (differences(one, other) == [])


@given(KEYS, TEXTS)
def test_every_name_is_one_folder(key: EngineKey, bundle: str) -> None:
    name = folder_name(bundle, key)
    assert re.fullmatch(r"[a-z0-9][a-z0-9.-]*|-[0-9a-f]{16}", name)
    assert ".." not in name.split("/")
    assert len(name) < 100


def test_the_name_can_be_read() -> None:
    assert folder_name("sshd", KEY) == f"sshd-fp16-xavier-sm72-trt8.5.2-{KEY.digest()[:16]}"


def test_the_digest_stays_from_release_to_release() -> None:
    # Otherwise every device builds all its engines again after an update.
    assert KEY.digest()[:16] == "169493647c4f6a74"


def test_differences_are_told_in_words() -> None:
    told: List[str] = differences(msgspec.structs.replace(KEY, tensorrt="8.4.1", model_sha256="c" * 64), KEY)
    assert told == ["another model", "TensorRT 8.4.1 and not 8.5.2"]
