"""Each rule of types, narrowing and conditions, broken by a model of one node."""

from __future__ import annotations

from typing import Any, Iterable, List, Sequence, Tuple

import onnx_writer as w
import pytest

from edge.bundle.caps import TARGETS, check_caps, findings
from edge.bundle.caps.conditions import AttributeLength, ConstantAtMost, OutputType
from edge.bundle.onnx_reader import ModelFacts, read_model_facts
from edge.bundle.onnx_values import Node, Value
from edge.errors import CapsError

XAVIER, ORIN, CPU = (TARGETS[name] for name in ("xavier-jp5", "orin-jp6", "cpu"))
TENSORRT = (XAVIER, ORIN)
INT64_MAX, INT32_MAX = (1 << 63) - 1, (1 << 31) - 1


def facts(
    operator: str,
    inputs: Sequence[str] = ("x",),
    outputs: Sequence[str] = ("y",),
    attributes: Iterable[bytes] = (),
    constants: Iterable[bytes] = (),
    before: Sequence[bytes] = (),
) -> ModelFacts:
    """A graph with float32 `x` and int32 `i`, the nodes before, and the node 'odd'."""
    node = w.node(operator, inputs, outputs, name="odd", attributes=attributes)
    graph = w.graph(
        [*before, node],
        [w.value("x", w.FLOAT, ["batch", 4]), w.value("i", w.INT32, ["batch", 4])],
        [w.value("score", w.FLOAT, ["batch"])],
        constants,
    )
    return read_model_facts(w.model(graph))


def int64s(name: str, *values: int, packed: bool = False) -> bytes:
    if packed:
        return w.tensor(name, w.INT64, [len(values)], int64s=values)
    raw = b"".join(value.to_bytes(8, "little", signed=True) for value in values)
    return w.tensor(name, w.INT64, [len(values)], raw=raw)


def refused(found: ModelFacts, target: Any) -> Tuple[str, str]:
    with pytest.raises(CapsError) as caught:
        check_caps(found, target, "b/model.onnx")
    assert caught.value.where == "b/model.onnx"
    assert caught.value.mend
    return caught.value.what, caught.value.mend


def whats(found: ModelFacts, target: Any) -> List[str]:
    return [finding.what for finding in findings(found, target)]


@pytest.mark.parametrize("packed", [True, False])
def test_the_end_of_a_slice_that_would_be_narrowed(packed: bool) -> None:
    def slice_to(end: int) -> ModelFacts:
        constants = [int64s("zero", 0, packed=packed), int64s("end", 5, end, packed=packed)]
        return facts("Slice", ["x", "zero", "end", "zero"], constants=constants)

    for target in TENSORRT:
        for end in (INT64_MAX, INT32_MAX + 1, -INT32_MAX - 2):
            what, mend = refused(slice_to(end), target)
            assert what == (
                f"node 'odd' (Slice) has {end} in the int64 constant 'end', its input 2, which {target.name} narrows "
                "to int32"
            )
            assert mend == "fold the shapes, and write the end of a Slice as 2147483647"
        for end in (INT32_MAX, -INT32_MAX - 1, 0):
            check_caps(slice_to(end), target)
    check_caps(slice_to(INT64_MAX), CPU)


def test_a_constant_node_that_would_be_narrowed() -> None:
    forms = [
        w.tensor_attribute("value", int64s("", 1, INT64_MAX)),
        w.int_attribute("value_int", INT64_MAX),
        w.ints_attribute("value_ints", [-1, INT64_MAX]),
    ]
    for form in forms:
        before = [w.node("Constant", (), ["c"], name="constant", attributes=[form])]
        what, _ = refused(facts("Add", ["c", "c"], before=before), XAVIER)
        assert what.startswith(f"node 'odd' (Add) has {INT64_MAX} in the int64 constant 'c'")


def test_int64_within_int32_counts_as_int32() -> None:
    check_caps(facts("Add", ["c", "c"], constants=[int64s("c", 1, -1)]), XAVIER)
    what, mend = refused(facts("MatMul", ["c", "c"], constants=[int64s("c", 1, -1)]), XAVIER)
    assert what == (
        "node 'odd' uses MatMul on 'c' in int64, which TensorRT 8.5 of xavier-jp5 has for float32, float16 only"
    )
    assert mend == "cast to float32 before it, or fold what is known before the graph runs"


@pytest.mark.parametrize("dtype", [w.FLOAT64, 8, 16, 4, 12, 14, 17], ids=str)
def test_types_that_no_target_computes_with(dtype: int) -> None:
    found = facts("Cast", attributes=[w.int_attribute("to", dtype)])
    for target in TARGETS.values():
        what, mend = refused(found, target)
        assert what.startswith("node 'odd' (Cast) works with 'y' in ")
        assert what.endswith(f", which {target.name} does not compute with")
        assert mend == "compute in float32 or int32"


def test_a_constant_of_float64() -> None:
    found = facts("Mul", ["x", "c"], constants=[w.tensor("c", w.FLOAT64, [1], raw=b"\0" * 8)])
    for target in TARGETS.values():
        assert refused(found, target)[0].startswith("node 'odd' (Mul) works with 'c' in float64")


def test_float16_inside_of_the_graph_is_taken() -> None:
    before = [
        w.node("Cast", ["x"], ["h"], attributes=[w.int_attribute("to", w.FLOAT16)]),
        w.node("MatMul", ["h", "c"], ["hh"]),
    ]
    found = facts(
        "Cast",
        ["hh"],
        attributes=[w.int_attribute("to", w.FLOAT)],
        before=before,
        constants=[w.tensor("c", w.FLOAT16, [4, 4], raw=b"\0" * 32)],
    )
    for target in TARGETS.values():
        check_caps(found, target)


def test_types_follow_from_node_to_node() -> None:
    """ArgMax of int32 is not in 8.5, whose own result, int64, counts as int32."""
    for inner in (["i"], ["Identity of i"]):
        before = [w.node("Identity", ["i"], ["Identity of i"])]
        what, _ = refused(facts("ArgMax", inner, before=before), XAVIER)
        assert f"uses ArgMax on '{inner[0]}' in int32" in what
        check_caps(facts("ArgMax", inner, before=before), ORIN)
    before = [w.node("ArgMax", ["x"], ["place"]), w.node("Add", ["place", "place"], ["twice"])]
    check_caps(facts("Cast", ["twice"], attributes=[w.int_attribute("to", w.FLOAT)], before=before), XAVIER)
    assert "uses Sigmoid on 'place' in int64" in refused(facts("Sigmoid", ["place"], before=before), XAVIER)[0]


SCALE = w.tensor("s", w.FLOAT, [], raw=b"\0\0\x80?")
SCALES = w.tensor("s", w.FLOAT, [2], raw=b"\0\0\x80?" * 2)


def zero_point(dtype: int = w.INT8, raw: bytes = b"\0", dims: Sequence[int] = ()) -> bytes:
    return w.tensor("zp", dtype, dims, raw=raw)


def quantise(*constants: bytes, inputs: Sequence[str] = ("x", "s", "zp")) -> ModelFacts:
    return facts("QuantizeLinear", inputs, constants=constants)


def test_symmetric_quantisation_is_taken() -> None:
    back = w.node("QuantizeLinear", ["x", "s", "zp"], ["q"])
    for target in TENSORRT:
        check_caps(facts("DequantizeLinear", ["q", "s", "zp"], constants=[SCALE, zero_point()], before=[back]), target)
        check_caps(quantise(SCALES, zero_point(raw=b"\0\0", dims=[2])), target)


@pytest.mark.parametrize("target", TENSORRT, ids=lambda target: target.name)
@pytest.mark.parametrize(
    ("found", "words", "mend"),
    [
        (quantise(SCALE, zero_point(raw=b"\1")), "has a zero point that is not the constant 0", "symmetric"),
        (quantise(SCALE), "has a zero point that is not the constant 0", "symmetric"),
        (quantise(SCALE, zero_point(w.UINT8)), "works with 'zp' in uint8", "float32 or int32"),
        (quantise(SCALE, inputs=["x", "s"]), "works with 'y' in uint8", "float32 or int32"),
        (quantise(zero_point()), "computes its scale", "write the scale as a constant"),
        (quantise(SCALES, zero_point()), "has 2 numbers as its scale and 1 as its zero point", "as many"),
        (
            facts("DequantizeLinear", ["i", "s", "zp"], constants=[SCALE, zero_point()]),
            r"uses DequantizeLinear on 'i' in int32, which TensorRT [\d.]+ of [\w-]+ has for int8 only",
            "cast",
        ),
    ],
    ids=["offset", "computed", "uint8", "no zero point", "computed scale", "sizes", "int32"],
)
def test_quantisation_that_is_refused(found: ModelFacts, words: str, mend: str, target: Any) -> None:
    with pytest.raises(CapsError, match=words) as caught:
        check_caps(found, target)
    assert "node 'odd'" in caught.value.what
    assert mend in str(caught.value.mend)


def test_tensorrt_8_wants_the_zero_point_written_out() -> None:
    back = w.node("QuantizeLinear", ["x", "s", "zp"], ["q"])
    found = facts("DequantizeLinear", ["q", "s"], constants=[SCALE, zero_point()], before=[back])
    assert whats(found, XAVIER) == [
        "node 'odd' uses DequantizeLinear in a way that TensorRT 8.5 of xavier-jp5 does not take: it leaves the zero "
        "point out"
    ]


WEIGHTS = ["x", "W", "R"]
BIDIRECTIONAL = w.text_attribute("direction", "bidirectional")


@pytest.mark.parametrize("operator", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ([w.int_attribute("layout", 1)], "has 1 as layout, and not 0"),
        ([w.text_attribute("direction", "sideways")], "has 'sideways' as direction"),
        ([w.texts_attribute("activations", ["Sigmoid", "Affine", "Tanh"])], "has 'Affine' as activations"),
        (
            [BIDIRECTIONAL, w.texts_attribute("activations", ["Sigmoid", "Tanh", "Relu", "Sigmoid", "Tanh", "Tanh"])],
            "is bidirectional, and the halves of its activations differ",
        ),
        (
            [BIDIRECTIONAL, w.floats_attribute("activation_alpha", [0.5, 0.25])],
            "is bidirectional, and the halves of its activation_alpha differ",
        ),
    ],
    ids=["layout", "direction", "activation", "halves", "alphas"],
)
def test_recurrent_layers(operator: str, attributes: list, words: str) -> None:
    for target in TENSORRT:
        what, _ = refused(facts(operator, WEIGHTS, attributes=attributes), target)
        assert what.startswith(f"node 'odd' uses {operator} in a way that TensorRT ")
        assert f" of {target.name} does not take: it {words}" in what
    check_caps(facts(operator, WEIGHTS, attributes=attributes), CPU)


def test_the_lstm_that_is_taken() -> None:
    attributes = [
        w.text_attribute("direction", "reverse"),
        w.texts_attribute("activations", ["Sigmoid", "Tanh", "Tanh"]),
        w.int_attribute("layout", 0),
    ]
    peepholes = [*WEIGHTS, "B", "", "h", "c", "P"]
    for target in TARGETS.values():
        check_caps(facts("LSTM", peepholes, ["Y", "Y_h", "Y_c"], attributes=attributes), target)
    coupled = facts("LSTM", WEIGHTS, attributes=[w.int_attribute("input_forget", 1)])
    assert "has 1 as input_forget, and not 0" in refused(coupled, XAVIER)[0]


@pytest.mark.parametrize(
    ("operator", "inputs", "name"),
    [
        ("Slice", ["x", "zero", "zero", "computed"], "axes"),
        ("Squeeze", ["x", "computed"], "axes"),
        ("Unsqueeze", ["x", "computed"], "axes"),
        ("ReduceSum", ["x", "computed"], "axes"),
        ("CumSum", ["x", "computed"], "axis"),
        ("TopK", ["x", "computed"], "k"),
    ],
)
def test_what_must_be_a_constant(operator: str, inputs: list, name: str) -> None:
    before = [w.node("Shape", ["x"], ["computed"])]
    what, mend = refused(facts(operator, inputs, before=before, constants=[int64s("zero", 0)]), XAVIER)
    expected = f"node 'odd' uses {operator} in a way that TensorRT 8.5 of xavier-jp5 does not take: it "
    assert what == f"{expected}computes its {name} ('computed'), which must be a constant"
    assert "folds" in mend
    known = [name if name != "computed" else "zero" for name in inputs]
    check_caps(facts(operator, known, constants=[int64s("zero", 0)]), XAVIER)
    check_caps(facts(operator, inputs, before=before, constants=[int64s("zero", 0)]), CPU)


def test_top_k() -> None:
    def top(k: int, *attributes: bytes) -> ModelFacts:
        return facts("TopK", ["x", "k"], ["y", "places"], attributes, [int64s("k", k)])

    check_caps(top(3839), ORIN)
    assert "has 3840 as its k, which must be at most 3839" in refused(top(3840), ORIN)[0]
    assert "has 0 as sorted, and not 1" in refused(top(3, w.int_attribute("sorted", 0)), ORIN)[0]
    integers = facts("TopK", ["i", "k"], ["y", "places"], (), [int64s("k", 2)])
    check_caps(integers, ORIN)
    assert "uses TopK on 'i' in int32" in refused(integers, XAVIER)[0]


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "wrap"])
def test_modes_of_pad(mode: str) -> None:
    found = facts("Pad", ["x", "pads"], attributes=[w.text_attribute("mode", mode)], constants=[int64s("pads", 0, 1)])
    if mode != "wrap":
        check_caps(found, XAVIER)
    else:
        what, _ = refused(found, XAVIER)
        assert "has 'wrap' as mode, and not 'constant', 'edge' or 'reflect'" in what


def test_pools() -> None:
    one, two = (w.ints_attribute("kernel_shape", [3] * axes) for axes in (1, 2))
    for operator in ("MaxPool", "AveragePool"):
        check_caps(facts(operator, attributes=[two]), XAVIER)
        assert "has 1 numbers as kernel_shape, and not 2 or 3" in refused(facts(operator, attributes=[one]), XAVIER)[0]
    places = facts("MaxPool", ["x"], ["y", "places"], [two])
    assert "makes the output 'places', which cannot be had" in refused(places, XAVIER)[0]
    dilated = facts("MaxPool", attributes=[two, w.ints_attribute("dilations", [1, 2])])
    assert "has 2 as dilations, and not 1" in refused(dilated, ORIN)[0]


@pytest.mark.parametrize("operator", ["Gather", "GatherND"])
def test_gather(operator: str) -> None:
    for dtype in (w.FLOAT, w.FLOAT16, w.INT32, w.BOOL):
        check_caps(facts(operator, ["table", "i"], constants=[w.tensor("table", dtype, [4])]), XAVIER)
    int8 = facts(operator, ["table", "i"], constants=[w.tensor("table", w.INT8, [4])])
    check_caps(int8, XAVIER)
    assert f"uses {operator} on 'table' in int8, which TensorRT 10.15" in refused(int8, ORIN)[0]


@pytest.mark.parametrize("operator", ["ReduceSum", "ReduceMax", "ReduceMean", "ReduceProd", "Gemm", "Softmax", "Relu"])
def test_operators_of_floats_only(operator: str) -> None:
    check_caps(facts(operator, ["x"]), XAVIER)
    assert f"node 'odd' uses {operator} on 'i' in int32" in refused(facts(operator, ["i"]), XAVIER)[0]


def test_constants_that_are_no_dense_numbers() -> None:
    text = facts("Constant", (), attributes=[w.text_attribute("value_string", "hello")])
    for target in TARGETS.values():
        assert "works with 'y' in string" in refused(text, target)[0]
    sparse = facts("Constant", (), attributes=[w.block(1, "sparse_value") + w.block(22, b"") + w.integer(20, 11)])
    assert "has the attribute sparse_value" in refused(sparse, XAVIER)[0]


def test_a_shape_that_is_filled_in_the_graph() -> None:
    def filled(dtype: int) -> ModelFacts:
        tensor = w.tensor("", dtype, [1], raw=b"\0" * 8)
        return facts("ConstantOfShape", ["n"], attributes=[w.tensor_attribute("value", tensor)])

    check_caps(filled(w.FLOAT), XAVIER)
    assert "makes bool, and not float32" in refused(filled(w.BOOL), XAVIER)[0]
    check_caps(filled(w.BOOL), CPU)


def test_modes_of_resize() -> None:
    cubic = facts("Resize", ["x", "", "s"], attributes=[w.text_attribute("mode", "cubic")])
    assert "has 'cubic' as mode, and not 'nearest' or 'linear'" in refused(cubic, XAVIER)[0]


def test_what_a_condition_cannot_see_does_not_break_it() -> None:
    node = Node("", "TopK", "node", (Value("x"), Value("k")), (), {})
    assert ConstantAtMost(mend="", input=1, name="k", most=3).broken(node) is None
    assert AttributeLength(mend="", name="kernel_shape", values=[2]).broken(node) is None
    assert OutputType(mend="", types=["float32"]).broken(node) is None
