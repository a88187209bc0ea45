"""Models of every detector, preset, target and precision, made on a workstation, run by this machine's onnxruntime."""

from __future__ import annotations

import os
from pathlib import Path
from typing import List

import numpy as np
import pytest

from edge.bundle.caps import TARGETS, check_caps
from edge.bundle.onnx_reader import read_model_facts
from edge.runtime.session import Session

FOLDER = Path(__file__).resolve().parents[3] / ".cache" / "test-models"
# How far onnxruntime's releases may be apart: rounding, and where a scale is found for each batch, its rounding too.
TOLERANCES = {"fp32": 1e-5, "fp16": 5e-3, "int8": 2e-2}


def names() -> List[str]:
    found = sorted(path.stem for path in FOLDER.glob("*.onnx"))
    if not found and "ODDLINE_TEST_BUNDLE" in os.environ:
        return ["missing"]
    return found


@pytest.mark.skipif(not names(), reason="there are no models of a workstation (make test-workstation leaves them)")
@pytest.mark.parametrize("name", names() or ["none"])
def test_it_scores_as_on_the_workstation(name: str) -> None:
    if name == "missing":
        pytest.skip("there are no models of a workstation (make test-workstation leaves them)")
    data = (FOLDER / f"{name}.onnx").read_bytes()
    *_, precision = name.split("-")
    target = next(one for one in TARGETS if f"-{one}-" in name)
    check_caps(read_model_facts(data), TARGETS[target])
    with np.load(FOLDER / f"{name}.npz") as kept:
        inputs = {key: kept[key] for key in kept.files if key != "scores"}
        expected = kept["scores"]
    (scores,) = Session(data, provider="cpu", threads=1).run(["score"], inputs)
    tolerance = TOLERANCES[precision]
    assert scores == pytest.approx(expected, rel=tolerance, abs=tolerance * float(np.abs(expected).max()))
