"""Every detector and preset, converted for every target, keeps the caps of all that it may be meant for."""

from __future__ import annotations

from typing import Any, Dict, Tuple

import pytest
from untrained import GRAPHS

from edge.bundle.caps import TARGETS, findings
from edge.bundle.onnx_reader import ModelFacts, read_model_facts
from export.graph.convert import to_onnx

onnx = pytest.importorskip("onnx", reason="the onnx package belongs to the extra `export`")


@pytest.fixture(scope="module")
def converted(tensorflow: None) -> Dict[Tuple[str, str], Tuple[bytes, ModelFacts]]:
    from export.extra import require_extra

    require_extra()
    return {}


def conversion(kept: Dict[Any, Any], graph: str, target: str) -> Tuple[bytes, ModelFacts]:
    if (graph, target) not in kept:
        kept[graph, target] = to_onnx(GRAPHS[graph](), target=target, name="graph")
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
