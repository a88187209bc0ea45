"""Every detector and preset, converted for every target, keeps the caps of all that it may be meant for."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Dict, Tuple

import numpy as np
import pytest
from untrained import GRAPHS

from edge.bundle.caps import TARGETS, findings
from edge.bundle.onnx_reader import ModelFacts, read_model_facts
from edge.runtime.session import Session
from export.graph.canonical import canonicalise
from export.graph.convert import convert, finish, fold, to_onnx
from export.precision.lower import find_layers, lower

onnx = pytest.importorskip("onnx", reason="the onnx package belongs to the extra `export`")


# `make test-device` runs these models with the device's packages.
DEVICE_MODELS = Path(__file__).resolve().parents[2] / ".cache" / "test-models"


@pytest.fixture(scope="module")
def folder_of_models() -> Path:
    shutil.rmtree(DEVICE_MODELS, ignore_errors=True)
    DEVICE_MODELS.mkdir(parents=True)
    return DEVICE_MODELS


@pytest.fixture(scope="module")
def converted(tensorflow: None) -> Dict[Tuple[str, str], Tuple[bytes, ModelFacts]]:
    from export.extra import require_extra

    require_extra()
    return {}


def conversion(kept: Dict[Any, Any], graph: str, target: str) -> Tuple[bytes, ModelFacts]:
    if (graph, target) not in kept:
        finished = to_onnx(GRAPHS[graph](), target=target, name="graph")
        kept[graph, target] = finished.data, finished.facts
    return kept[graph, target]  # type: ignore[no-any-return]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("graph", GRAPHS)
def test_a_graph_keeps_the_caps_of_its_target(converted: Any, graph: str, target: str) -> None:
    data, facts = conversion(converted, graph, target)
    assert list(findings(read_model_facts(data), TARGETS[target])) == []
    assert [value.dtype for value in facts.outputs] == ["float32"] * len(facts.outputs)


@pytest.mark.parametrize("graph", GRAPHS)
def test_a_graph_for_the_xavier_runs_everywhere(converted: Any, graph: str) -> None:
    _, facts = conversion(converted, graph, "xavier-jp5")
    for target in TARGETS.values():
        assert list(findings(facts, target)) == []


@pytest.mark.parametrize("graph", GRAPHS)
def test_types_are_those_that_onnx_infers(converted: Any, graph: str) -> None:
    data, facts = conversion(converted, graph, "xavier-jp5")
    inferred = onnx.shape_inference.infer_shapes(onnx.load_from_string(data), check_type=True, strict_mode=True)
    types = {
        value.name: onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type).name
        for value in [*inferred.graph.value_info, *inferred.graph.output, *inferred.graph.input]
    }
    made = {value.name: value.dtype for node in facts.nodes for value in node.outputs if value.name in types}
    assert made == {name: types[name] for name in made}
    assert len(made) > len(facts.nodes) / 2


def some_inputs(facts: ModelFacts, rows: int) -> Dict[str, np.ndarray]:
    """Ids that every vocabulary here has, and numbers; of steps, all are there."""
    random = np.random.default_rng(7)
    made = {}
    for spec in facts.inputs:
        shape = (rows, *(int(axis) for axis in spec.shape[1:]))
        if spec.dtype == "int32":
            made[spec.name] = random.integers(0, 6, shape).astype(np.int32)
        else:
            made[spec.name] = random.normal(size=shape).astype(np.float32)
        if len(shape) == 3:
            made[spec.name][..., 0] = 1.0
    return made


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("graph", GRAPHS)
def test_it_keeps_them_in_every_precision(tensorflow: None, folder_of_models: Path, graph: str, target: str) -> None:
    """Each also runs, and stays for the device's packages to run it."""
    model = convert(GRAPHS[graph](), target=target)
    fold(model)
    canonicalise(model.graph)
    exact = finish(type(model).FromString(model.SerializeToString()), target=target, name="graph")
    inputs = some_inputs(exact.facts, 70)
    (expected,) = Session(exact.data, provider="cpu").run(["score"], inputs)
    for precision in ("fp32", "fp16", "int8"):
        data = exact.data
        if precision != "fp32":
            names = find_layers(model, precision=precision, target=target).able
            assert names, "every network has layers that the score depends on"
            lowered = lower(model, precision=precision, target=target, chosen=names, rows=inputs)
            finished = finish(lowered, target=target, name="graph")
            assert list(findings(finished.facts, TARGETS[target])) == []
            assert {spec.dtype for spec in (*finished.facts.inputs, *finished.facts.outputs)} <= {"float32", "int32"}
            data = finished.data
        (scores,) = Session(data, provider="cpu").run(["score"], inputs)
        assert scores.shape == expected.shape
        assert np.isfinite(scores).all()
        name = f"{graph}-{target}-{precision}".replace(" ", "_").replace(",", "")
        (folder_of_models / f"{name}.onnx").write_bytes(data)
        np.savez(folder_of_models / f"{name}.npz", scores=scores, **inputs)
