from __future__ import annotations

from typing import Any

import onnx_writer as w
import pytest

from edge.bundle.caps import TARGETS, check_caps, find_target, findings
from edge.bundle.onnx_reader import ModelFacts, read_model_facts
from edge.errors import CapsError

XAVIER, ORIN, CPU = (TARGETS[name] for name in ("xavier-jp5", "orin-jp6", "cpu"))


def with_node(operator: str, domain: str = "", **more: Any) -> ModelFacts:
    return read_model_facts(w.model(w.scoring_graph([w.node(operator, name="odd", domain=domain)]), **more))


def with_values(*inputs: bytes, outputs: tuple = (w.value("score"),)) -> ModelFacts:
    return read_model_facts(w.model(w.graph([w.node("Relu")], inputs, outputs)))


def versions(opset: int, ir_version: int) -> ModelFacts:
    return read_model_facts(w.model(w.scoring_graph(), opsets=[("", opset)], ir_version=ir_version))


def test_the_table() -> None:
    assert [(t.name, t.opset, t.max_opset, t.max_ir_version) for t in TARGETS.values()] == [
        ("xavier-jp5", 16, 17, 8),
        ("orin-jp6", 17, 19, 9),
        ("cpu", 17, 17, 8),
    ]
    assert find_target("cpu") is CPU
    with pytest.raises(CapsError, match="no target is named 'nano'") as caught:
        find_target("nano")
    assert caught.value.mend == "the targets are xavier-jp5, orin-jp6, cpu"


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_what_export_writes_is_accepted(target: Any) -> None:
    check_caps(versions(target.opset, target.max_ir_version), target)
    check_caps(versions(target.max_opset, target.max_ir_version), target)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize(
    ("opset", "ir_version", "words"),
    [(21, 8, "opset 21 is over"), (16, 10, "IR version 10"), (0, 8, "opset 0"), (16, 0, "version 0")],
)
def test_versions_over_the_caps(target: Any, opset: int, ir_version: int, words: str) -> None:
    with pytest.raises(CapsError, match=words) as caught:
        check_caps(versions(opset, ir_version), target, "b/model.onnx")
    assert str(caught.value).startswith("b/model.onnx: ")
    assert caught.value.mend


def test_one_version_over_is_over() -> None:
    for target in TARGETS.values():
        with pytest.raises(CapsError, match="opset"):
            check_caps(versions(target.max_opset + 1, 8), target)
        with pytest.raises(CapsError, match="IR"):
            check_caps(versions(16, target.max_ir_version + 1), target)


INTEGER = ("DynamicQuantizeLinear", "MatMulInteger", "ConvInteger", "QLinearConv", "QLinearMatMul", "QLinearAdd")


@pytest.mark.parametrize("operator", [*INTEGER, "Loop", "Scan", "If", "LayerNormalization"])
def test_operators_refused_on_xavier(operator: str) -> None:
    with pytest.raises(CapsError, match=f"node 'odd' uses {operator}, which xavier-jp5") as caught:
        check_caps(with_node(operator), XAVIER)
    assert caught.value.mend


@pytest.mark.parametrize("operator", ["LSTM", "Conv", "MatMul", "Gather", "ConvTranspose"])
def test_operators_allowed_everywhere(operator: str) -> None:
    for target in TARGETS.values():
        check_caps(with_node(operator), target)


@pytest.mark.parametrize("operator", INTEGER)
def test_tensorrt_has_no_integer_arithmetic(operator: str) -> None:
    for target in (XAVIER, ORIN):
        with pytest.raises(CapsError, match=f"node 'odd' uses {operator}"):
            check_caps(with_node(operator), target)


@pytest.mark.parametrize("operator", ["DynamicQuantizeLinear", "MatMulInteger"])
def test_what_dynamic_quantisation_writes_is_for_the_cpu(operator: str) -> None:
    check_caps(with_node(operator), CPU)


@pytest.mark.parametrize(
    "operator", ["ConvInteger", "QLinearConv", "QLinearMatMul", "QuantizeLinear", "DequantizeLinear"]
)
def test_other_integer_arithmetic_is_refused_on_the_cpu(operator: str) -> None:
    with pytest.raises(CapsError, match=f"node 'odd' uses {operator}, which cpu does not allow") as caught:
        check_caps(with_node(operator), CPU)
    assert caught.value.mend == "quantise MatMul, Gemm and LSTM dynamically, and leave the rest in float32"


@pytest.mark.parametrize("operator", ["IsInf", "Unique", "Hardmax", "GroupNormalization", "CenterCropPad", "NoSuch"])
def test_an_operator_that_tensorrt_has_not(operator: str) -> None:
    expected = f"node 'odd' uses {operator}, which TensorRT 8.5 of xavier-jp5 does not have"
    with pytest.raises(CapsError, match=expected) as caught:
        check_caps(with_node(operator), XAVIER)
    assert caught.value.mend == "write the model with other operators"


def test_orin_takes_what_both_of_its_runtimes_have() -> None:
    check_caps(with_node("IsInf"), ORIN)
    with pytest.raises(CapsError, match=r"uses Hardmax, which TensorRT 8\.6 of orin-jp6"):
        check_caps(with_node("Hardmax"), ORIN)


@pytest.mark.parametrize("operator", ["Loop", "LayerNormalization"])
def test_orin_is_not_xavier(operator: str) -> None:
    check_caps(with_node(operator), ORIN)


def test_a_forbidden_operator_inside_of_a_subgraph() -> None:
    body = w.graph([w.node("LayerNormalization", name="deep")])
    node = w.node("Relu", attributes=[w.graph_attribute("body", body)])
    with pytest.raises(CapsError, match="node 'deep' uses LayerNormalization"):
        check_caps(read_model_facts(w.model(w.scoring_graph([node]))), XAVIER)


def test_foreign_domains() -> None:
    for target in TARGETS.values():
        with pytest.raises(CapsError, match=r"node 'odd' uses com\.example\.Relu"):
            check_caps(with_node("Relu", "com.example"), target)
    quantised = with_node("DynamicQuantizeLSTM", "com.microsoft")
    check_caps(quantised, CPU)
    for target in (XAVIER, ORIN):
        with pytest.raises(CapsError, match=r"com\.microsoft\.DynamicQuantizeLSTM"):
            check_caps(quantised, target)


def test_an_import_that_nothing_uses_is_harmless() -> None:
    check_caps(with_node("Relu", opsets=[("", 16), ("ai.onnx.ml", 2)]), XAVIER)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_functions(target: Any) -> None:
    with pytest.raises(CapsError, match=r"function mine\.Own"):
        check_caps(with_node("Relu", functions=[w.function("mine", "Own", [])]), target)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("dtype", [w.INT64, w.UINT8, 8, 9, 10, 11], ids=str)
def test_inputs_and_outputs_of_other_types(target: Any, dtype: int) -> None:
    with pytest.raises(CapsError, match=r"input 'ids' is \w+, and .* takes float32 or int32") as caught:
        check_caps(with_values(w.value("ids", dtype, ["batch", 4])), target)
    assert caught.value.mend == "cast it before the graph, and trace the graph with int32 or float32"
    with pytest.raises(CapsError, match=r"output 'flag' is \w+, and .* gives float32 or int32") as caught:
        check_caps(with_values(w.value("x"), outputs=(w.value("flag", dtype),)), target)
    assert caught.value.mend == "cast it to float32 or int32 at the end of the graph"


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize(
    "shape", [["batch", "length"], ["batch", None], ["batch", 4, -1], ["batch", 0], ["batch", "batch"]], ids=str
)
def test_a_second_dynamic_axis(target: Any, shape: list) -> None:
    with pytest.raises(CapsError, match=r"input 'ids' .* only the first axis may be dynamic"):
        check_caps(with_values(w.value("ids", w.INT32, shape)), target)
    with pytest.raises(CapsError, match=r"output 'parts' .* only the first axis may be dynamic"):
        check_caps(with_values(w.value("x"), outputs=(w.value("parts", w.FLOAT, shape),)), target)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("shape", [[], None, [1, 4], ["unk__17", 4], [None, 4], [4, "batch"]], ids=str)
def test_the_first_axis_is_the_batch(target: Any, shape: Any) -> None:
    with pytest.raises(CapsError, match="first axis is not 'batch'"):
        check_caps(with_values(w.value("ids", w.INT32, shape)), target)


def test_a_graph_without_values() -> None:
    with pytest.raises(CapsError, match="no input"):
        check_caps(with_values(), XAVIER)
    with pytest.raises(CapsError, match="no output"):
        check_caps(with_values(w.value("x"), outputs=()), XAVIER)


def test_a_sequence_is_no_input() -> None:
    for target in TARGETS.values():
        with pytest.raises(CapsError, match="input 's' is sequence"):
            check_caps(with_values(w.block(1, "s") + w.block(2, w.block(4, b""))), target)


def test_an_unknown_rank() -> None:
    with pytest.raises(CapsError, match=r"\[\.\.\.\]"):
        check_caps(with_values(w.value("ids", w.INT32, None)), CPU)


def test_findings_are_all_of_them_and_the_error_is_the_first() -> None:
    facts = read_model_facts(w.model(w.scoring_graph([w.node("IsInf", name="a"), w.node("Unique", name="b")])))
    found = list(findings(facts, XAVIER))
    assert [finding.what.split(",")[0] for finding in found] == ["node 'a' uses IsInf", "node 'b' uses Unique"]
    with pytest.raises(CapsError) as caught:
        check_caps(facts, XAVIER)
    assert (caught.value.what, caught.value.mend) == found[0]
