"""float16 inside, float32 and int32 outside, and the score computed from float32."""

from __future__ import annotations

from typing import Any, Dict

import numpy as np
import pytest
from small_network import operators, rows, run, small_network

from export.precision.half import emulate_half, to_half
from export.precision.lower import find_layers

FLOAT, FLOAT16 = 1, 10


@pytest.fixture(autouse=True)
def _needs_onnx(tensorflow: None) -> None:
    """The packages of the extra `export`."""


def halved(model: Any, **without: bool) -> Any:
    import onnx

    able = find_layers(model, precision="fp16", target="xavier-jp5").able
    names = [name for name in able if name not in without]
    to_half(model, names)
    onnx.checker.check_model(model, full_check=True)
    return model


def types(model: Any) -> Dict[str, int]:
    import onnx

    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph
    values = [*inferred.value_info, *inferred.input, *inferred.output]
    return {value.name: value.type.tensor_type.elem_type for value in values}


def test_all_layers_and_what_lies_between_are_half() -> None:
    model = halved(small_network())
    found = types(model)
    for name in ("embedded", "inner", "active", "more", "taken", "soft", "state"):
        assert found[name] == FLOAT16, name
    for name in ("grown", "parts", "score"):
        assert found[name] == FLOAT, name
    assert operators(model).count("Cast") == 1, "one border, behind the last layer"


def test_scores_are_nearly_those_of_float32() -> None:
    expected, found = run(small_network(), rows()), run(halved(small_network()), rows())
    for one, other in zip(expected, found):
        assert other.dtype == np.float32
        assert other == pytest.approx(one, rel=5e-3)
    assert found[0].tolist() != expected[0].tolist()


def test_weights_take_half_the_room() -> None:
    from export.graph.canonical import canonicalise

    before, after = small_network(), halved(small_network())
    for model in (before, after):
        canonicalise(model.graph)
    assert len(after.SerializeToString()) < 0.75 * len(before.SerializeToString())


def test_a_layer_that_is_not_chosen_stays() -> None:
    model = halved(small_network(), Conv_8=True)
    found = types(model)
    assert (found["taken"], found["inner"], found["state"]) == (FLOAT, FLOAT16, FLOAT16)
    assert run(model, rows())[0] == pytest.approx(run(small_network(), rows())[0], rel=5e-3)


def test_weights_beyond_the_range_of_float16_stay() -> None:
    from onnx import numpy_helper

    model = small_network()
    for tensor in model.graph.initializer:
        if tensor.name == "w1":
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) * 1e6, "w1"))
    found = find_layers(model, precision="fp16", target="xavier-jp5")
    assert set(found.all) - set(found.able) == {"Gemm_2"}
    assert types(halved(model))["inner"] == FLOAT


@pytest.mark.parametrize("name", ["table", "w1"])
def test_what_is_too_large_is_not_made_infinite(name: str) -> None:
    from onnx import numpy_helper

    model = small_network()
    for tensor in model.graph.initializer:
        if tensor.name == name:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) * 1e6, name))
    assert all(np.isfinite(one).all() for one in run(halved(model), rows()))


def test_a_layer_that_is_an_output_comes_out_in_float32() -> None:
    import onnx.parser

    model = onnx.parser.parse_model(
        """<ir_version: 8, opset_import: ["" : 16]>
        g (float[batch, 2] x) => (float[batch, 2] y, float[batch, 2] z)
        <float[2, 2] w = {1, 2, 3, 4}> {
            y = MatMul (x, w)
            z = Exp (y)
        }"""
    )
    model.graph.node[0].name = "layer"
    to_half(model, ["layer"])
    onnx.checker.check_model(model, full_check=True)
    assert types(model)["y"] == FLOAT


def chain(scale: float) -> Any:
    """x float32 [batch, 1] times 1.0004, rounded as float16 rounds it to 1, then times `scale` and back."""
    import onnx.parser

    model = onnx.parser.parse_model(
        f"""<ir_version: 8, opset_import: ["" : 16]>
        g (float[batch, 1] x) => (float[batch, 1] score)
        <float[1, 1] up = {{{scale}}}, float[1, 1] down = {{{1 / scale}}}> {{
            large = MatMul (x, up)
            positive = Relu (large)
            score = MatMul (positive, down)
        }}"""
    )
    for number, node in enumerate(model.graph.node):
        node.name = f"layer_{number}"
    return model


def emulated(model: Any, x: float) -> float:
    import onnx

    from edge.runtime.session import Session

    emulate_half(model, ["layer_0", "layer_2"])
    onnx.checker.check_model(model, full_check=True)
    session = Session(model.SerializeToString(), provider="cpu", threads=1)
    return float(session.run(["score"], {"x": np.float32([[x]])})[0][0, 0])


def test_values_are_rounded_between_layers() -> None:
    """A CPU computes float16 nodes in float32; a GPU does not."""
    assert emulated(chain(1.0), 1.0004) == np.float16(1.0004)
    assert emulated(chain(1.0), 1.0004) != np.float32(1.0004)


def test_a_value_beyond_float16_becomes_infinite() -> None:
    assert emulated(chain(4096.0), 100.0) == np.inf


def test_the_emulation_is_near_and_leaves_the_rest_in_float32() -> None:
    model = small_network()
    emulate_half(model, find_layers(model, precision="fp16", target="xavier-jp5").able)
    assert types(model)["inner"] == FLOAT
    for one, other in zip(run(small_network(), rows()), run(model, rows())):
        assert other == pytest.approx(one, rel=5e-3)
        assert other.tolist() != one.tolist()
