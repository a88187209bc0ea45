"""float16 inside, float32 and int32 outside, and the score computed from float32."""

from __future__ import annotations

from typing import Any, Dict

import numpy as np
import pytest
from small_network import operators, rows, run, small_network

from export.precision.half import to_half
from export.precision.lower import layer_names

FLOAT, FLOAT16 = 1, 10


@pytest.fixture(autouse=True)
def _needs_onnx(tensorflow: None) -> None:
    """The packages of the extra `export`."""


def halved(model: Any, **without: bool) -> Any:
    import onnx

    names = [name for name in layer_names(model, precision="fp16", target="xavier-jp5") if name not in without]
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
    assert types(halved(model))["inner"] == FLOAT


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
