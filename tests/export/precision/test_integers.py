"""int8: pairs of symmetric scales for TensorRT, scales of each batch for a CPU."""

from __future__ import annotations

from typing import Any, List

import numpy as np
import pytest
from small_network import operators, rows, run, small_network

from edge.bundle.caps import TARGETS
from export.graph.convert import finish
from export.precision.lower import find_layers, lower


@pytest.fixture(autouse=True)
def _needs_onnx(tensorflow: None) -> None:
    """The packages of the extra `export`."""


def lowered(target: str, names: List[str] | None = None) -> Any:
    model = small_network(TARGETS[target].opset)
    chosen = find_layers(model, precision="int8", target=target).able if names is None else names
    before = model.SerializeToString()
    made = lower(model, precision="int8", target=target, chosen=chosen, rows=rows())
    assert model.SerializeToString() == before, "what it is made from stays as it is"
    return made


def test_tensorrt_gets_pairs_with_the_zero_point_zero() -> None:
    from onnx import numpy_helper

    model = lowered("xavier-jp5")
    constants = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    pairs = [node for node in model.graph.node if node.op_type.endswith("uantizeLinear")]
    assert len(pairs) == 2 * 2 * 3, "the input and the weights of two Gemms and a Conv, each quantised and back"
    for node in pairs:
        zero = constants[node.input[2]]
        assert zero.dtype == np.int8
        assert not zero.any()
    made_by = {name: node for node in model.graph.node for name in node.output}
    for node in model.graph.node:
        if node.op_type in ("Gemm", "Conv"):
            assert [made_by[name].op_type for name in node.input[:2]] == ["DequantizeLinear"] * 2
            assert node.input[2] in constants, "biases stay float32"
            source = made_by[made_by[node.input[1]].input[0]]
            assert constants[source.input[0]].dtype == np.float32, "TensorRT 8 refuses weights that are int8 already"


def test_the_cpu_gets_integer_products_but_no_integer_convolution() -> None:
    found = operators(lowered("cpu"))
    assert found.count("MatMulInteger") == 2
    assert found.count("DynamicQuantizeLSTM") == 1
    assert found.count("Conv") == 1
    assert "ConvInteger" not in found
    assert "QLinearConv" not in found


@pytest.mark.parametrize("target", ["xavier-jp5", "cpu"])
def test_scores_stay_near(target: str) -> None:
    expected, found = run(small_network(), rows())[0], run(lowered(target), rows())[0]
    assert found.tolist() != expected.tolist()
    assert float(np.median(np.abs(found - expected) / np.abs(expected))) < 0.02


@pytest.mark.parametrize("target", ["xavier-jp5", "cpu"])
def test_only_the_chosen_layers_are_lowered(target: str) -> None:
    model = lowered(target, ["Gemm_2"])
    found = operators(model)
    if target == "cpu":
        assert found.count("MatMulInteger") == 1
        assert found.count("LSTM") == 1
    else:
        assert found.count("QuantizeLinear") == 2


@pytest.mark.parametrize("target", ["xavier-jp5", "cpu"])
def test_it_is_within_the_caps_and_equal_each_time(target: str) -> None:
    one, other = (finish(lowered(target), target=target, name="g") for _ in range(2))
    assert one.data == other.data


@pytest.mark.parametrize("target", ["xavier-jp5", "cpu"])
def test_weights_that_others_share_stay_theirs(target: str) -> None:
    """The tool would quantise them for all of their users, and undo it for those that are not to be lowered."""
    import onnx.parser

    model = onnx.parser.parse_model(
        f"""<ir_version: 8, opset_import: ["" : {TARGETS[target].opset}]>
        g (float[batch, 2] ids) => (float[batch, 2] score, float[batch, 2] parts)
        <float[2, 2] w = {{1, 2, 3, 4}}> {{
            score = MatMul (ids, w)
            bent = Exp (ids)
            parts = MatMul (bent, w)
        }}"""
    )
    model.graph.node[0].name, model.graph.node[2].name = "first", "second"
    inputs = {"ids": np.random.default_rng(0).normal(size=(100, 2)).astype(np.float32)}
    assert find_layers(model, precision="int8", target=target).all == ["first"], "the other one decides nothing"
    made = lower(model, precision="int8", target=target, chosen=["first"], rows=inputs)
    finish(made, target=target, name="g")
    expected, found = run(model, inputs), run(made, inputs)
    assert found[1] == pytest.approx(expected[1], rel=1e-6)
    assert found[0].tolist() != expected[0].tolist()


@pytest.mark.parametrize("target", ["xavier-jp5", "cpu"])
def test_nothing_chosen_is_nothing_lowered(target: str) -> None:
    assert operators(lowered(target, [])) == operators(small_network())


@pytest.mark.parametrize("attribute", ["transB=1", "alpha=2.0", "transA=1, alpha=1.0"])
def test_a_gemm_of_another_kind_is_no_layer(attribute: str) -> None:
    import onnx.parser

    model = onnx.parser.parse_model(
        f"""<ir_version: 8, opset_import: ["" : 16]>
        g (float[2, 2] x) => (float[2, 2] score)
        <float[2, 2] w = {{1, 2, 3, 4}}> {{ score = Gemm <{attribute}> (x, w) }}"""
    )
    model.graph.node[0].name = "layer"
    assert find_layers(model, precision="int8", target="cpu").all == []
