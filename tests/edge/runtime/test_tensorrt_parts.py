"""Models of which TensorRT takes only parts, or nothing."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest
from engine_notes import Engines
from fake_gpu import CPU, CUDA, TENSORRT, FakeGpu, install

from edge.errors import ProviderError
from edge.runtime.session import Session

SIZES = [1, 8, 32]


@pytest.fixture(scope="module")
def model(small_bundle: Path) -> bytes:
    return (small_bundle / "model.onnx").read_bytes()


class Partitioned(FakeGpu):
    """Its TensorRT takes only parts of the graph: it wants shapes for what goes between them, or for nothing at all."""

    # As onnxruntime 1.16 and later say it (tensorrt_execution_provider.cc); 1.15 leaves out what follows.
    MESSAGE = (
        "[ONNXRuntimeError] : 11 : EP_FAIL : User needs to provide all the dynamic shape inputs with associated "
        "profiles if they want to explicitly set profiles through provider options.\nFollowing input(s) has no "
        "associated shape profiles provided: token_scores"
    )

    def InferenceSession(self, model: bytes, options: Any, providers: List[Any]) -> Any:  # noqa: N802
        given = {one[0]: one[1] for one in providers if not isinstance(one, str)}.get(TENSORRT, {})
        self.broken = {TENSORRT: self.MESSAGE} if any(name.startswith("trt_profile_") for name in given) else {}
        return super().InferenceSession(model, options, providers)


class Profiled(Engines):
    """Engines with fixed shapes."""

    @contextmanager
    def prepared(self) -> Iterator[Dict[str, str]]:
        with super().prepared() as options:
            yield {**options, "trt_profile_min_shapes": "ids:1x8", "trt_profile_max_shapes": "ids:32x8"}


def test_where_tensorrt_takes_only_parts_it_learns_the_shapes(monkeypatch: pytest.MonkeyPatch, model: bytes) -> None:
    runtime = install(monkeypatch, Partitioned([CPU, CUDA, TENSORRT]))
    said: List[str] = []
    engines = Profiled()
    session = Session(model, provider="tensorrt", say=said.append, batch_sizes=SIZES, engines=engines)
    assert session.provider == "tensorrt"
    assert [options.get(TENSORRT) for options in runtime.options] == [
        {
            "trt_fp16_enable": "1",
            "trt_profile_min_shapes": "ids:1x8",
            "trt_profile_max_shapes": "ids:32x8",
        },
        {"trt_fp16_enable": "1"},
    ]
    assert runtime.rows_run(TENSORRT) == SIZES, "the smallest first, so that each is built before it is needed"
    assert engines.notes == ["entered", "kept"]
    assert said == ["TensorRT takes only parts of the model: the rest runs on CUDA, and building takes longer"]


class TookNothing(Engines):
    """Engines that find none written when the session is there."""

    @contextmanager
    def prepared(self) -> Iterator[Dict[str, str]]:
        with super().prepared() as options:
            yield options
        raise ProviderError("TensorRT took no part of the model", mend="use --provider cuda")


def test_a_tensorrt_that_takes_no_part_is_no_tensorrt(monkeypatch: pytest.MonkeyPatch, model: bytes) -> None:
    install(monkeypatch, FakeGpu([CPU, CUDA, TENSORRT]))
    with pytest.raises(ProviderError, match="TensorRT took no part of the model"):
        Session(model, provider="tensorrt", batch_sizes=SIZES, engines=TookNothing())
    said: List[str] = []
    session = Session(model, say=said.append, batch_sizes=SIZES, engines=TookNothing())
    assert session.provider == "cuda"
    assert said == ["running on cuda, since tensorrt: TensorRT took no part of the model"]
