"""On a GPU the next batch is encoded while this one is computed: with the same results, in the same order."""

from __future__ import annotations

import random
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence

import numpy as np
import pytest
from fake_gpu import CPU, CUDA, LOST, FakeGpu, install
from hypothesis import given
from hypothesis import strategies as st
from small_bundle import WORDS

from edge.bundle.folder import load_bundle
from edge.encoders import Encoded
from edge.encoders.base import Encoder
from edge.errors import ProviderError
from edge.runtime.detector import Detector
from edge.runtime.scorer import CHUNK_CONTENTS, Scorer


def contents(count: int, seed: int = 0) -> List[str]:
    """Distinct contents of one to three rows."""
    choose = random.Random(seed)
    return [" ".join(choose.choices(WORDS[2:], k=choose.randint(0, 20))) + f" {number:x}x" for number in range(count)]


def on_gpu(bundle: Path, **options: Any) -> Detector:
    return Detector(load_bundle(bundle), cache_texts=0, **options)


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> FakeGpu:
    return install(monkeypatch, FakeGpu([CPU, CUDA]))


@pytest.mark.parametrize("count", [1, CHUNK_CONTENTS, CHUNK_CONTENTS + 1, 3 * CHUNK_CONTENTS + 17])
@pytest.mark.parametrize("batch_rows", [1, 7, 32, 500])
def test_scores_are_those_of_the_cpu(small_bundle: Path, gpu: FakeGpu, count: int, batch_rows: int) -> None:
    texts = contents(count)
    detector = on_gpu(small_bundle, provider="cuda", batch_rows=batch_rows)
    found = detector.score(texts)
    plain = on_gpu(small_bundle, provider="cpu")
    assert found.tolist() == plain.score(texts).tolist()
    assert detector.cut == plain.cut
    assert detector.scorer.computed == count


def test_batches_are_full_across_chunks(small_bundle: Path, gpu: FakeGpu) -> None:
    """Rows that do not fill a batch wait for those of the next chunk; the inference has a thread of its own."""
    detector = on_gpu(small_bundle, provider="cuda", batch_rows=32)
    gpu.runs.clear()
    texts = contents(3 * CHUNK_CONTENTS)
    rows = len(detector.scorer.encode(texts).owners)
    detector.score(texts)
    assert gpu.rows_run(CUDA)[:-1] == [32] * (rows // 32)
    assert {name for _, _, name in gpu.runs} == {"oddline-inference_0"}


def test_on_the_cpu_nothing_overlaps(small_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = install(monkeypatch, FakeGpu([CPU]))
    on_gpu(small_bundle).score(contents(2 * CHUNK_CONTENTS))
    assert {name for _, _, name in runtime.runs} == {threading.current_thread().name}


def test_few_rows_are_not_worth_a_thread(small_bundle: Path, gpu: FakeGpu) -> None:
    on_gpu(small_bundle, provider="cuda").score(contents(CHUNK_CONTENTS))
    assert {name for _, _, name in gpu.runs} == {threading.current_thread().name}


def test_a_chunk_is_encoded_while_another_is_computed(small_bundle: Path, gpu: FakeGpu) -> None:
    detector = on_gpu(small_bundle, provider="cuda", batch_rows=32)
    encoder, second = detector.scorer.encoder, threading.Event()
    encoded = 0

    class Watched:
        def __getattr__(self, name: str) -> Any:
            return getattr(encoder, name)

        def encode(self, keys: Sequence[str]) -> Encoded:
            nonlocal encoded
            encoded += 1
            if encoded == 2:
                second.set()
            return encoder.encode(keys)

    waited: List[bool] = []

    def failing(provider: str, rows: int) -> None:
        waited.append(second.wait(10))  # no batch of the first chunk ends before the second one is taken up

    gpu.runs.clear()
    gpu.failing = failing
    detector.scorer.encoder = Watched()  # type: ignore[assignment]
    detector.score(contents(2 * CHUNK_CONTENTS))
    assert waited
    assert all(waited)


def test_the_gpu_is_lost_in_the_middle_of_a_block(small_bundle: Path, gpu: FakeGpu) -> None:
    said: List[str] = []
    detector = on_gpu(small_bundle, batch_rows=32, say=said.append)
    texts = contents(4 * CHUNK_CONTENTS)
    gpu.failing = lambda provider, rows: RuntimeError(LOST) if provider == CUDA and len(gpu.runs) > 9 else None
    found = detector.score(texts)
    assert len(said) == 1
    assert "the GPU was lost" in said[0]
    assert found.tolist() == on_gpu(small_bundle, provider="cpu").score(texts).tolist()
    assert detector.session.provider == "cpu"
    gpu.runs.clear()
    detector.score(contents(2 * CHUNK_CONTENTS, seed=1))
    assert {name for _, _, name in gpu.runs} == {threading.current_thread().name}, "on the CPU nothing overlaps"


def test_a_failure_in_the_thread_is_raised_to_the_caller(small_bundle: Path, gpu: FakeGpu) -> None:
    detector = on_gpu(small_bundle, provider="cuda")
    gpu.failing = lambda provider, rows: RuntimeError(LOST)
    with pytest.raises(ProviderError, match="an inference on cuda failed"):
        detector.score(contents(2 * CHUNK_CONTENTS))
    gpu.failing = lambda provider, rows: None
    assert len(detector.score(contents(2 * CHUNK_CONTENTS))) == 2 * CHUNK_CONTENTS


class Faulty:
    """An encoder of numbers, in rows of their digits; words have a fault."""

    reason_output = "none"

    def keys(self, texts: Sequence[str]) -> List[str]:
        return list(texts)

    def encode(self, keys: Sequence[str]) -> Encoded:
        rows = [[int(digit) for digit in key] if key.isdigit() else [0] for key in keys]
        return Encoded(
            inputs={"x": np.asarray([digit for row in rows for digit in row], np.float32)},
            owners=np.repeat(np.arange(len(keys)), [len(row) for row in rows]),
            faults={place: f"{key} is no number" for place, key in enumerate(keys) if not key.isdigit()},
            cut=sum(len(key) > 3 for key in keys),
        )


@given(
    st.lists(st.integers(0, 10**5).map(str) | st.just("word"), max_size=2 * CHUNK_CONTENTS, min_size=CHUNK_CONTENTS),
    st.integers(1, 300),
)
def test_faults_and_rows_stay_with_their_contents(texts: List[str], batch_rows: int) -> None:
    encoder: Encoder = Faulty()  # type: ignore[assignment]

    def double(outputs: Sequence[str], inputs: Dict[str, np.ndarray]) -> List[np.ndarray]:
        assert 0 < len(inputs["x"]) <= batch_rows
        return [inputs["x"] * 2]

    overlapped = Scorer(encoder, double, batch_rows=batch_rows, overlaps=lambda: True)
    plain = Scorer(encoder, double, batch_rows=batch_rows)
    keys = [f"{number}{key}" if key.isdigit() else f"{key}{number}" for number, key in enumerate(texts)]
    np.testing.assert_array_equal(overlapped.score(keys), plain.score(keys))
    assert overlapped.cut == plain.cut


def test_what_is_left_to_wait_for_counts_as_the_model(small_bundle: Path, gpu: FakeGpu) -> None:
    stages: List[str] = []

    class Watch:
        @contextmanager
        def stage(self, name: str) -> Iterator[None]:
            assert threading.current_thread() is threading.main_thread(), "a stopwatch is of one thread"
            stages.append(name)
            yield

    on_gpu(small_bundle, provider="cuda", watch=Watch()).score(contents(2 * CHUNK_CONTENTS))
    assert stages == ["mask", "look-up", "model", "encode", "encode", "look-up"]
