from __future__ import annotations

from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Dict, List, Sequence, cast

import msgspec
import numpy as np
import pytest
from fake_gpu import CPU, CUDA, TENSORRT, FakeGpu, install
from small_bundle import WEIGHTS

from edge.bundle.folder import Bundle, load_bundle
from edge.bundle.golden import decode_golden, encode_golden
from edge.device.needed import Missing
from edge.doctor.probe import Probe, bundle_probe, disagreement, tiny_probe
from edge.doctor.providers import (
    ProviderCheck,
    built_for_cuda,
    built_in,
    check_provider,
    check_providers,
    missing_for,
    open_session,
    unused,
)
from edge.engines.options import tensorrt_options
from edge.errors import IntegrityError, ProviderError
from edge.runtime.session import PROVIDERS


class Answers:
    """A session that gives one answer, or fails."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def run(self, outputs: Sequence[str], inputs: Dict[str, np.ndarray]) -> List[np.ndarray]:
        if isinstance(self.answer, Exception):
            raise self.answer
        return [np.asarray(self.answer, np.float32)]


def test_the_cpu_of_this_machine_really_computes(small_bundle: Path) -> None:
    for probe in (tiny_probe(), bundle_probe(load_bundle(small_bundle))):
        checks = {check.name: check for check in check_providers(built_in(), probe, check_provider)}
        assert checks["cpu"].works, checks["cpu"].why
        assert checks["cpu"].why is None
        assert (checks["cpu"].load_seconds or 0) > 0
        assert (checks["cpu"].run_seconds or 0) > 0


def test_the_probe_of_a_bundle_is_its_first_golden_line(small_bundle: Path) -> None:
    probe = bundle_probe(load_bundle(small_bundle))
    assert probe.inputs["ids"].dtype == np.int32
    assert probe.inputs["ids"].tolist() == [[3, 5, 6, 8, 9, 10, 0, 0]]
    assert probe.expected.tolist() == [WEIGHTS[10]]


def test_a_bundle_without_a_golden_line_that_can_be_scored_is_refused(small_bundle: Path) -> None:
    class Unscored:
        """A bundle whose golden lines are all too long, or in no format, to be scored."""

        root = small_bundle
        manifest = load_bundle(small_bundle).manifest
        model = b""

        def read(self, name: str) -> bytes:
            golden = decode_golden(load_bundle(small_bundle).read(name), name)
            return encode_golden([msgspec.structs.replace(one, score=None, anomalous=False) for one in golden])

    with pytest.raises(IntegrityError, match="none of its golden lines can be scored"):
        bundle_probe(cast(Bundle, Unscored()))


def test_each_provider_of_the_build_is_tried_and_judged() -> None:
    probe = tiny_probe()
    right = probe.expected

    def opener(probe: Probe, provider: str) -> Answers:
        if provider == "tensorrt":
            raise ProviderError("no session could be created (libnvinfer.so.8 is missing)")
        return Answers(RuntimeError("CUDA failure 35\nstack") if provider == "cuda" else right)

    ticks = count()

    def check(name: str, probe: Probe) -> ProviderCheck:
        return check_provider(name, probe, opener, lambda: float(next(ticks)), lambda provider: [])

    built = [*PROVIDERS.values(), "AzureExecutionProvider"]
    checks = check_providers(built, probe, check)
    assert checks == [
        ProviderCheck("tensorrt", False, "no session could be created (libnvinfer.so.8 is missing)", None, None, []),
        ProviderCheck("cuda", False, "the inference failed (CUDA failure 35)", 1.0, None, kind="other"),
        ProviderCheck("cpu", True, None, 1.0, 1.0),
    ]
    assert unused(built) == ["AzureExecutionProvider"]
    assert [one.name for one in check_providers(["CPUExecutionProvider"], probe, check)] == ["cpu"]


@pytest.mark.parametrize("wrong", [[[2.0, -4.0, 1.0, 2001.0]], [[2.0, -4.0, float("nan"), 2000.0]], [[0.0] * 4]])
def test_a_provider_that_computes_something_else_does_not_work(wrong: List[List[float]]) -> None:
    check = check_provider("cpu", tiny_probe(), lambda probe, provider: Answers(wrong))
    assert not check.works
    assert (check.why or "").startswith("it computes something else")


def test_of_several_rows_the_highest_score_counts() -> None:
    probe = replace(tiny_probe(), expected=np.array([3.0]))
    assert disagreement(probe, np.array([1.0, 3.0, 2.0])) == 0.0
    assert disagreement(probe, np.array([3.0])) == 0.0
    assert disagreement(probe, np.array([1.0, 2.0])) > 0.3


def test_a_damaged_model_gives_no_session() -> None:
    with pytest.raises(ProviderError, match="no session could be created"):
        open_session(replace(tiny_probe(), model=b"not a model"), "cpu")


def test_tensorrt_is_tried_with_what_score_would_give_it(small_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the switch of its precision, an int8 or fp16 graph fails on a board where nothing is wrong."""
    runtime = install(monkeypatch, FakeGpu([CPU, CUDA, TENSORRT]))
    monkeypatch.setattr("edge.doctor.providers.import_onnxruntime", lambda: runtime)
    runtime.__version__ = "1.16.3"
    bundle = load_bundle(small_bundle)
    probe = replace(bundle_probe(bundle), precision="int8", batch_sizes=[1, 4])
    check = check_provider("tensorrt", probe, missing=lambda name: [])
    assert (check.works, check.why) == (True, None)
    assert runtime.options[0][TENSORRT] == tensorrt_options(
        "1.16.3", precision="int8", batch_sizes=[1, 4], inputs=bundle.manifest.graph.inputs, folder=None
    )
    assert runtime.rows_run(TENSORRT) == [1, 4, 1], "its batch sizes, and the golden line"


def test_a_probe_has_what_the_bundle_says(small_bundle: Path) -> None:
    manifest = load_bundle(small_bundle).manifest
    probe = bundle_probe(load_bundle(small_bundle))
    assert probe.precision == manifest.precision
    assert probe.batch_sizes == manifest.conversion.batch_sizes
    assert probe.graph_inputs == manifest.graph.inputs


def test_the_libraries_that_a_provider_lacks_are_named() -> None:
    absent = "libcublasLt.so.11: cannot open shared object file: No such file or directory"

    def opener(probe: Probe, provider: str) -> Answers:
        raise ProviderError(f"no session could be created (cuda: {absent})")

    of_the_file = [Missing("libcublasLt.so.11", "again"), Missing("libcudnn.so.8", "not there")]
    check = check_provider("cuda", tiny_probe(), opener, missing=lambda name: of_the_file)
    assert check.missing == [Missing("libcublasLt.so.11", absent), of_the_file[1]]


def test_a_library_that_is_missed_only_when_it_computes_is_named() -> None:
    why = (
        "Could not load library libcudnn_ops_infer.so.8. Error: libcudnn_ops_infer.so.8: cannot open shared object file"
    )
    check = check_provider("cuda", tiny_probe(), lambda probe, provider: Answers(RuntimeError(why)))
    assert [one.name for one in check.missing] == ["libcudnn_ops_infer.so.8"]


def test_nothing_is_said_of_a_build_without_cuda() -> None:
    told = built_for_cuda()
    assert told is None or told[0].isdigit()


def test_a_provider_without_a_library_of_its_own_lacks_none() -> None:
    assert missing_for("no-such-provider") == []
