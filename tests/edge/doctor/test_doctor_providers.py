from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Dict, List, Sequence

import numpy as np
import pytest
import recorded
from small_bundle import WEIGHTS

from edge.bundle.folder import load_bundle
from edge.doctor.machine import read_machine
from edge.doctor.probe import Probe, bundle_probe, disagreement, tiny_probe
from edge.doctor.providers import ProviderCheck, built_in, check_providers, open_session, unused
from edge.doctor.report import Report, make_report, report_sections
from edge.errors import ProviderError
from edge.runtime.session import PROVIDERS

WORKING_CPU = ProviderCheck("cpu", works=True, why=None, load_seconds=0.0125, run_seconds=0.00025)


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
        checks = {check.name: check for check in check_providers(built_in(), probe)}
        assert checks["cpu"].works, checks["cpu"].why
        assert checks["cpu"].why is None
        assert (checks["cpu"].load_seconds or 0) > 0
        assert (checks["cpu"].run_seconds or 0) > 0


def test_the_probe_of_a_bundle_is_its_first_golden_line(small_bundle: Path) -> None:
    probe = bundle_probe(load_bundle(small_bundle))
    assert probe.inputs["ids"].dtype == np.int32
    assert probe.inputs["ids"].tolist() == [[3, 5, 6, 8, 9, 10, 0, 0]]
    assert probe.expected.tolist() == [WEIGHTS[10]]


def test_each_provider_of_the_build_is_tried_and_judged() -> None:
    probe = tiny_probe()
    right = probe.expected

    def opener(model: bytes, provider: str) -> Answers:
        if provider == "tensorrt":
            raise ProviderError("no session could be created (libnvinfer.so.8 is missing)")
        return Answers(RuntimeError("CUDA failure 35\nstack") if provider == "cuda" else right)

    ticks = count()
    built = [*PROVIDERS.values(), "AzureExecutionProvider"]
    checks = check_providers(built, probe, opener, lambda: float(next(ticks)))
    assert checks == [
        ProviderCheck("tensorrt", False, "no session could be created (libnvinfer.so.8 is missing)", None, None),
        ProviderCheck("cuda", False, "the inference failed (CUDA failure 35)", 1.0, None),
        ProviderCheck("cpu", True, None, 1.0, 1.0),
    ]
    assert unused(built) == ["AzureExecutionProvider"]
    assert [check.name for check in check_providers(["CPUExecutionProvider"], probe, opener)] == ["cpu"]


@pytest.mark.parametrize("wrong", [[[2.0, -4.0, 1.0, 2001.0]], [[2.0, -4.0, float("nan"), 2000.0]], [[0.0] * 4]])
def test_a_provider_that_computes_something_else_does_not_work(wrong: List[List[float]]) -> None:
    (check,) = check_providers(["CPUExecutionProvider"], tiny_probe(), lambda model, provider: Answers(wrong))
    assert not check.works
    assert (check.why or "").startswith("it computes something else")


def test_of_several_rows_the_highest_score_counts() -> None:
    probe = Probe("p", b"", {}, "score", np.array([3.0]), tolerance=1e-6, threshold=1.0)
    assert disagreement(probe, np.array([1.0, 3.0, 2.0])) == 0.0
    assert disagreement(probe, np.array([3.0])) == 0.0
    assert disagreement(probe, np.array([1.0, 2.0])) > 0.3


def test_a_damaged_model_gives_no_session() -> None:
    with pytest.raises(ProviderError, match="no session could be created"):
        open_session(b"not a model", "cpu")


def report(providers: List[ProviderCheck], **changes: object) -> Report:
    machine = read_machine(recorded.xavier, {"onnxruntime": "1.16.3", **changes}.get)  # type: ignore[arg-type]
    return make_report(machine, "a model of one node", providers, unused=["AzureExecutionProvider"])


def lines(found: Report) -> List[str]:
    return ["|".join(row) for _, rows in report_sections(found) for row in rows]


def test_a_report_tells_what_works() -> None:
    failed = ProviderCheck("cuda", works=False, why="no driver", load_seconds=None, run_seconds=None)
    found = report([failed, WORKING_CPU])
    assert found.works
    assert "cuda|does not work: no driver" in lines(found)
    assert "cpu|works, loaded in 12.5 ms, first inference 0.25 ms" in lines(found)
    assert "AzureExecutionProvider|not used by oddline" in lines(found)
    assert lines(found)[-1].startswith("this onnxruntime was built with cuda, which does not work: no driver; mend: ")
    works = ProviderCheck("cuda", works=True, why=None, load_seconds=0.1, run_seconds=0.1)
    assert lines(report([works, WORKING_CPU]))[-1] == "none found"
    assert not report([failed]).works
    assert not report([]).works


def test_a_report_tells_the_problems() -> None:
    both = report([WORKING_CPU], **{"onnxruntime-gpu": "1.16.3"})
    assert any("pip uninstall onnxruntime onnxruntime-gpu" in problem for problem in both.problems)
    (problem,) = report([WORKING_CPU]).problems
    assert "built without CUDA and TensorRT" in problem, "the machine is a Jetson"
    assert "JetPack 5.1.2" in problem
    ordinary = make_report(read_machine(recorded.nothing, {}.get), "", [WORKING_CPU], unused=[])
    assert ordinary.problems == []
