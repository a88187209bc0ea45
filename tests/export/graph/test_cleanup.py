"""The clean-up of a converted graph: what goes, what stays, and that the results are the same."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from edge.runtime.session import Session
from export.graph.cleanup import clean_up

HEAD = '<ir_version: 8, opset_import: ["" : 16]>\n'


@pytest.fixture(autouse=True)
def _needs_onnx(tensorflow: None) -> None:
    """The packages of the extra `export`."""


def parse(text: str) -> Any:
    import onnx.parser

    return onnx.parser.parse_model(HEAD + text)


def operators(model: Any) -> List[str]:
    return [node.op_type for node in model.graph.node]


def inputs_of(model: Any, batch: int) -> Dict[str, np.ndarray]:
    random = np.random.default_rng(batch)
    made = {}
    for value in model.graph.input:
        kind = value.type.tensor_type
        shape = [axis.dim_value or batch for axis in kind.shape.dim]
        made[value.name] = (
            random.integers(0, 4, shape).astype(np.int32) if kind.elem_type == 6 else random.normal(size=shape)
        ).astype(np.int32 if kind.elem_type == 6 else np.float32)
    return made


def cleaned(text: str, *, exactly: bool = True) -> Any:
    """The cleaned model of a text; its outputs are compared with those of the model as it was."""
    import onnx

    before, after = parse(text), parse(text)
    clean_up(after)
    onnx.checker.check_model(after, full_check=True)
    names = [value.name for value in before.graph.output]
    for batch in (1, 3):
        inputs = inputs_of(before, batch)
        one, other = (
            Session(model.SerializeToString(), provider="cpu", threads=1).run(names, inputs)
            for model in (before, after)
        )
        for expected, found in zip(one, other):
            assert found.shape == expected.shape
            if exactly:
                assert found.tolist() == expected.tolist()
            else:
                assert found == pytest.approx(expected, rel=1e-5, abs=1e-6)
    return after


def test_a_shape_that_is_computed_becomes_a_constant() -> None:
    """What tf2onnx makes of a dense layer on three axes: the product is then one Gemm."""
    model = cleaned(
        """
        g (float[batch, 6, 4] x) => (float[batch, 6, 3] y)
        <int64[2] flat = {-1, 4}, float[4, 3] w = {1,2,3,4,5,6,7,8,9,10,11,12}, float[3] b = {1,-2,3},
         int32[2] places = {0, 1}, int32[1] n = {3}> {
            rows = Reshape (x, flat)
            product = MatMul (rows, w)
            sizes = Shape (x)
            small = Cast <to = 6> (sizes)
            front = Gather <axis = 0> (small, places)
            whole = Concat <axis = 0> (front, n)
            target = Cast <to = 7> (whole)
            back = Reshape (product, target)
            sum = Add (back, b)
            y = Relu (sum)
        }""",
        exactly=False,
    )
    assert operators(model) == ["Reshape", "Gemm", "Relu", "Reshape"]


def test_a_product_without_a_bias_is_a_gemm_too() -> None:
    """A MatMul of float16 behind a Transpose crashes some releases of onnxruntime."""
    model = cleaned(
        """
        g (float[2, batch, 2] x) => (float[batch, 2, 2] y)
        <float[2, 2] w = {1,2,3,4}> {
            rows = Transpose <perm = [1, 0, 2]> (x)
            product = MatMul (rows, w)
            y = Tanh (product)
        }""",
        exactly=False,
    )
    assert operators(model) == ["Transpose", "Reshape", "Gemm", "Tanh", "Reshape"]


def test_a_product_of_two_axes_without_a_bias_stays() -> None:
    model = cleaned(
        """
        g (float[batch, 2] x) => (float[batch, 2] y)
        <float[2, 2] w = {1,2,3,4}> {
            product = MatMul (x, w)
            y = Tanh (product)
        }""",
        exactly=False,
    )
    assert operators(model) == ["MatMul", "Tanh"]


def test_rows_that_are_laid_out_anew_stay_flattened() -> None:
    """[batch, 4, 3] as rows of two numbers is another product."""
    model = cleaned(
        """
        g (float[batch, 4, 3] x) => (float[batch, 6, 2] y)
        <int64[2] flat = {-1, 2}, float[2, 2] w = {1,2,3,4}, int64[3] back = {-1, 6, 2}> {
            rows = Reshape (x, flat)
            product = MatMul (rows, w)
            y = Reshape (product, back)
        }""",
        exactly=False,
    )
    assert operators(model) == ["Reshape", "MatMul", "Reshape"]


@pytest.mark.parametrize("ends", ["2147483647, 9223372036854775807", "1000000000, 5"])
def test_a_slice_of_everything_goes(ends: str) -> None:
    model = cleaned(
        f"""
        g (float[batch, 5] x) => (float[batch, 5] y)
        <int64[2] starts = {{0, 0}}, int64[2] ends = {{{ends}}}, int64[2] axes = {{0, 1}}> {{
            part = Slice (x, starts, ends, axes)
            y = Relu (part)
        }}"""
    )
    assert operators(model) == ["Relu"]


def test_a_slice_of_the_batch_stays() -> None:
    model = cleaned(
        """
        g (float[batch, 5] x) => (float[n, 5] y)
        <int64[1] starts = {0}, int64[1] ends = {1}, int64[1] axes = {0}> {
            part = Slice (x, starts, ends, axes)
            y = Relu (part)
        }"""
    )
    assert operators(model) == ["Slice", "Relu"]


@given(st.integers(-8, 8), st.integers(-8, 8), st.integers(1, 3), st.sampled_from([None, 2**31 - 1, 2**63 - 1]))
def test_slices_take_what_they_took(start: int, end: int, step: int, far: Optional[int]) -> None:
    assume(len(range(6)[start : end if far is None else None : step]))
    model = cleaned(
        f"""
        g (float[batch, 6] x) => (float[batch, n] y)
        <int64[2] starts = {{0, {start}}}, int64[2] ends = {{2147483647, {end if far is None else far}}},
         int64[2] axes = {{0, -1}}, int64[2] steps = {{1, {step}}}> {{
            part = Slice (x, starts, ends, axes, steps)
            y = Relu (part)
        }}"""
    )
    from onnx import numpy_helper

    used = {name for node in model.graph.node for name in node.input}
    values = [numpy_helper.to_array(one) for one in model.graph.initializer if one.name in used]
    assert all(((one >= 0) & (one <= 6)).all() for one in values), "no end beyond the axis, which int32 could not hold"


def test_casts_to_and_fro_go() -> None:
    model = cleaned(
        """
        g (int32[batch, 3] ids) => (float[batch, 3] y, float[batch, 3] z)
        <float[5] table = {0, 1, 4, 9, 16}> {
            same = Cast <to = 6> (ids)
            long = Cast <to = 7> (same)
            short = Cast <to = 6> (long)
            y = Cast <to = 1> (short)
            index = Cast <to = 7> (ids)
            z = Gather <axis = 0> (table, index)
        }"""
    )
    assert operators(model) == ["Cast", "Gather"]
    assert all(list(node.input).count("ids") == 1 for node in model.graph.node)


def test_a_cast_that_loses_something_stays() -> None:
    model = cleaned(
        """
        g (float[batch, 3] x) => (float[batch, 3] y)
        {
            whole = Cast <to = 6> (x)
            y = Cast <to = 1> (whole)
        }"""
    )
    assert operators(model) == ["Cast", "Cast"]


def test_not_of_not_goes() -> None:
    model = cleaned(
        """
        g (float[batch, 3] x) => (float[batch, 3] y)
        <float zero = {0}> {
            above = Greater (x, zero)
            below = Not (above)
            again = Not (below)
            y = Cast <to = 1> (again)
        }"""
    )
    assert operators(model) == ["Greater", "Cast"]


def test_constants_are_computed_once() -> None:
    model = cleaned(
        """
        g (float[batch, 2] x) => (float[batch, 2] y)
        <float[2] a = {1, 2}, float[2] b = {3, 4}> {
            sum = Add (a, b)
            root = Sqrt (sum)
            y = Mul (x, root)
        }"""
    )
    assert operators(model) == ["Mul"]


def test_the_index_of_a_gather_may_be_int32() -> None:
    model = cleaned(
        """
        g (float[batch, 3, 4] logits, int32[batch, 3] ids) => (float[batch, 3, 1] y)
        <int64[1] second = {2}, int64[1] last = {-1}> {
            places = Unsqueeze (ids, second)
            long = Cast <to = 7> (places)
            index = Unsqueeze (long, last)
            y = GatherND <batch_dims = 2> (logits, index)
        }"""
    )
    assert operators(model) == ["Unsqueeze", "GatherElements"]


def test_transposes_of_transposes_are_joined() -> None:
    model = cleaned(
        """
        g (float[batch, 3, 4] x) => (float[batch, 3, 4] y, float[4, 3, batch] z)
        {
            first = Transpose <perm = [1, 0, 2]> (x)
            back = Transpose <perm = [1, 0, 2]> (first)
            y = Relu (back)
            z = Transpose <perm = [2, 0, 1]> (first)
        }"""
    )
    assert sorted(operators(model)) == ["Relu", "Transpose"]


def test_a_maximum_is_no_pooling() -> None:
    model = cleaned(
        """
        g (float[batch, 3, 4] x) => (float[batch, 3, 1] y)
        { y = GlobalMaxPool (x) }"""
    )
    assert operators(model) == ["ReduceMax"]


LSTM = """
        g (float[5, batch, 1] x) => (float[5, 1, batch, 1] y)
        <float[1, 4, 1] w = {1, 2, 3, 4}, float[1, 4, 1] r = {1, -1, 1, -1}, float[1, 8] b = {0,0,0,0,1,1,1,1},
         float start = {%s}, int64[1] place = {1}, int64[1] one = {1}, int64[1] front = {0}> {
            sizes = Shape (x)
            batch_size = Gather <axis = 0> (sizes, place)
            state_shape = Concat <axis = 0> (batch_size, one)
            filled = Expand (start, state_shape)
            state = Unsqueeze (filled, front)
            y, h, c = LSTM <hidden_size = 1> (x, w, r, b, , state, state)
        }"""


def test_zeros_that_are_made_for_an_lstm_go() -> None:
    assert operators(cleaned(LSTM % "0")) == ["LSTM"]


def test_another_first_state_stays() -> None:
    assert operators(cleaned(LSTM % "0.5"))[-2:] == ["Unsqueeze", "LSTM"]


def test_what_no_output_needs_goes() -> None:
    model = cleaned(
        """
        g (float[batch, 3] x) => (float[batch, 3] y)
        {
            unused = Exp (x)
            y = Relu (x)
        }"""
    )
    assert operators(model) == ["Relu"]


def test_an_output_keeps_its_name() -> None:
    """What would be dropped there makes the output itself."""
    model = cleaned(
        """
        g (float[batch, 3] x) => (float[batch, 3] y)
        <int64[2] same = {-1, 3}> { y = Reshape (x, same) }"""
    )
    assert [value.name for value in model.graph.output] == ["y"]


def test_a_graph_with_a_loop_is_left_in_order() -> None:
    model = cleaned(
        """
        g (float[batch, 3] x) => (float[batch, 3] y)
        <int64 often = {3}, bool go = {1}, float[3] step = {1, 2, 3}> {
            unused = Exp (x)
            y = Loop (often, go, x) <body = inner (int64 i, bool c, float[batch, 3] v) => (bool d, float[batch, 3] u) {
                d = Identity (c)
                u = Add (v, step)
            }>
        }"""
    )
    assert operators(model) == ["Loop"]


def test_what_a_branch_uses_stays() -> None:
    model = cleaned(
        """
        g (float[batch, 3] x) => (float[n, 3] y)
        <bool go = {1}, int64[2] same = {-1, 3}> {
            kept = Reshape (x, same)
            y = If (go) <
                then_branch = then () => (float[n, 3] a) { a = Relu (kept) },
                else_branch = other () => (float[n, 3] b) { b = Neg (kept) }
            >
        }"""
    )
    assert operators(model) == ["Reshape", "If"]


def test_names_that_are_taken_are_not_taken_again() -> None:
    model = cleaned(
        """
        g (float[batch, 2] x) => (float[batch, 2] y)
        <float[2, 2] w = {1, 2, 3, 4}, float[2] b = {1, 2}> {
            p = MatMul (x, w)
            p_product = Tanh (x)
            sum = Add (p, b)
            y = Mul (sum, p_product)
        }""",
        exactly=False,
    )
    assert sorted(operators(model)) == ["Gemm", "Mul", "Tanh"]


def test_products_of_integers_stay() -> None:
    model = cleaned(
        """
        g (int32[batch, 2] x) => (int32[batch, 2] y)
        <int32[2, 2] w = {1, 2, 3, 4}, int32[2] b = {1, 2}> {
            p = MatMul (x, w)
            y = Add (p, b)
        }"""
    )
    assert operators(model) == ["MatMul", "Add"]


def test_long_chains_of_sums_take_no_time() -> None:
    """Looked at from both sides at each step, they would take 2 to the power of 40."""
    sums = "".join(f"s{n + 1} = Add (s{n}, s{n})\n" for n in range(40))
    model = parse(
        f"""
        g (int64[batch, 2] s0) => (int32[batch, 2] y)
        {{
            {sums}
            y = Cast <to = 6> (s40)
        }}"""
    )
    clean_up(model)
    assert operators(model)[-1] == "Cast"
