"""The device's reader of ONNX models against the onnx package, on models that the package builds and accepts."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator, Set, Tuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.bundle.caps import TARGETS, check_caps, findings
from edge.bundle.manifest import TensorSpec
from edge.bundle.onnx_reader import ModelFacts, read_model_facts
from edge.bundle.onnx_values import Constant
from edge.errors import CapsError, IntegrityError

onnx = pytest.importorskip("onnx", reason="the onnx package belongs to the extra `export`")
helper, numpy_helper, TensorProto = onnx.helper, onnx.numpy_helper, onnx.TensorProto
DecodeError = pytest.importorskip("google.protobuf.message").DecodeError


def nodes_of(graph: Any) -> Iterator[Any]:
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in [*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs]:
                yield from nodes_of(inner)


def tensors_of(holder: Any) -> Iterator[Any]:
    """Every TensorProto below a message, found through protobuf's own reflection."""
    for field, content in holder.ListFields():
        if field.message_type is None:
            continue
        for message in [content] if hasattr(content, "ListFields") else content:
            if isinstance(message, TensorProto):
                yield message
            yield from tensors_of(message)


def spec(value: Any) -> TensorSpec:
    tensor = value.type.tensor_type
    dtype = (
        "float32" if tensor.elem_type == TensorProto.FLOAT else helper.tensor_dtype_to_np_dtype(tensor.elem_type).name
    )
    shape = [axis.dim_value if axis.HasField("dim_value") else axis.dim_param for axis in tensor.shape.dim]
    return TensorSpec(name=value.name, dtype=dtype, shape=shape if tensor.HasField("shape") else ["..."])


def constant_facts(tensor: Any) -> Constant:
    name = spec(helper.make_tensor_value_info("", tensor.data_type, [])).dtype
    zero, low, high = False, None, None
    if tensor.data_location != TensorProto.EXTERNAL:
        values = numpy_helper.to_array(tensor)
        stored = tensor.HasField("raw_data") or len(tensor.int32_data) or len(tensor.int64_data)
        zero = bool(stored) and not np.any(np.frombuffer(values.tobytes(), np.uint8))
        if name == "int64" and values.size:
            low, high = int(values.min()), int(values.max())
    return Constant(name, tuple(tensor.dims), zero, low, high)


def attribute_facts(attribute: Any) -> Any:
    kinds = onnx.AttributeProto
    value = None if attribute.type == kinds.UNDEFINED else helper.get_attribute_value(attribute)
    if attribute.type == kinds.TENSOR:
        return constant_facts(value)
    if attribute.type == kinds.STRING:
        return value.decode("utf-8", "replace")
    if attribute.type == kinds.STRINGS:
        return tuple(one.decode("utf-8", "replace") for one in value)
    if attribute.type in (kinds.INTS, kinds.FLOATS):
        return tuple(value)
    return value if attribute.type in (kinds.INT, kinds.FLOAT) else None


def assert_nodes_agree(facts: ModelFacts, model: Any) -> None:
    """Names, attributes and constants of every node, in the order in which both come to it."""
    expected = [node for holder in [model.graph, *model.functions] for node in nodes_of(holder)]
    assert len(facts.nodes) == len(expected)
    constants = {tensor.name: constant_facts(tensor) for tensor in model.graph.initializer}
    for found, node in zip(facts.nodes, expected):
        assert (found.operator, [value.name for value in found.inputs]) == (node.op_type, list(node.input))
        assert [value.name for value in found.outputs] == list(node.output)
        assert found.attributes == {one.name: attribute_facts(one) for one in node.attribute}
    made_in_graph = {name for node in expected for name in node.output}
    for node in facts.nodes:
        for value in node.inputs:
            if value.name in constants and value.name not in made_in_graph:
                assert value.constant == constants[value.name]


def assert_agrees(model: Any) -> ModelFacts:
    facts = read_model_facts(model.SerializeToString())
    assert facts.ir_version == model.ir_version
    imports = [*model.opset_import, *(entry for function in model.functions for entry in function.opset_import)]
    assert set(facts.opsets) == {"" if entry.domain == "ai.onnx" else entry.domain for entry in imports}
    for domain, version in facts.opsets.items():
        assert version == max(entry.version for entry in imports if entry.domain == domain)
    operators: Set[Tuple[str, str]] = set()
    for holder in [model.graph, *model.functions]:
        operators |= {("" if node.domain == "ai.onnx" else node.domain, node.op_type) for node in nodes_of(holder)}
    assert facts.operators == operators
    assert_nodes_agree(facts, model)
    assert facts.functions == {(function.domain, function.name) for function in model.functions}
    external = [t for t in tensors_of(model) if t.external_data or t.data_location == TensorProto.EXTERNAL]
    assert sorted(facts.external_tensors) == sorted(tensor.name for tensor in external)
    constants = {tensor.name for tensor in model.graph.initializer}
    assert facts.inputs == tuple(spec(value) for value in model.graph.input if value.name not in constants)
    assert facts.outputs == tuple(spec(value) for value in model.graph.output)
    return facts


def made(nodes: list, *, opset: int = 16, ir: int = 8, inputs: Any = None, outputs: Any = None, **more: Any) -> Any:
    """A model whose graph gives `score` for `x`, float32 [batch, 4], unless told otherwise."""
    values = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "graph",
        inputs or [values("x", TensorProto.FLOAT, ["batch", 4])],
        outputs or [values("score", TensorProto.FLOAT, ["batch", 4])],
        initializer=more.pop("initializers", []),
    )
    imports = [helper.make_opsetid("", opset), *more.pop("imports", [])]
    model = helper.make_model(graph, opset_imports=imports, ir_version=ir, producer_name="test", **more)
    onnx.checker.check_model(model, full_check=True)
    return model


def relu() -> Any:
    return helper.make_node("Relu", ["x"], ["score"], name="relu")


def test_a_plain_model() -> None:
    facts = assert_agrees(made([relu()]))
    check_caps(facts, TARGETS["xavier-jp5"])


@pytest.mark.parametrize(("opset", "ir"), [(13, 7), (17, 8), (19, 9), (21, 10), (23, 11)])
def test_versions(opset: int, ir: int) -> None:
    facts = assert_agrees(made([relu()], opset=opset, ir=ir))
    if opset == 21:
        for target in TARGETS.values():
            with pytest.raises(CapsError, match="opset 21"):
                check_caps(facts, target)


@pytest.mark.parametrize("dtype", sorted(set(TensorProto.DataType.values()) - {0}))
def test_every_element_type_has_its_name(dtype: int) -> None:
    value = helper.make_tensor_value_info("v", dtype, ["batch", None, 3])
    graph = helper.make_graph([], "graph", [value], [value])
    (found,) = read_model_facts(helper.make_model(graph).SerializeToString()).inputs
    assert found.dtype == {"float": "float32", "double": "float64"}.get(
        TensorProto.DataType.Name(dtype).lower(), TensorProto.DataType.Name(dtype).lower()
    )
    assert found.shape == ["batch", "", 3]


def branch(operator: str, name: str) -> Any:
    output = helper.make_tensor_value_info(f"{name}_out", TensorProto.FLOAT, ["batch", 4])
    return helper.make_graph([helper.make_node(operator, ["x"], [f"{name}_out"])], name, [], [output])


def test_subgraphs_of_if() -> None:
    condition = numpy_helper.from_array(np.array(True), "condition")
    deeper = helper.make_graph(
        [
            helper.make_node(
                "If", ["condition"], ["inner_out"], then_branch=branch("Tanh", "t"), else_branch=branch("Abs", "a")
            )
        ],
        "inner",
        [],
        [helper.make_tensor_value_info("inner_out", TensorProto.FLOAT, ["batch", 4])],
    )
    node = helper.make_node(
        "If", ["condition"], ["score"], "choice", then_branch=deeper, else_branch=branch("Neg", "n")
    )
    facts = assert_agrees(made([node], initializers=[condition]))
    assert facts.operators == {("", name) for name in ("If", "Tanh", "Abs", "Neg")}
    with pytest.raises(CapsError, match="node 'choice' uses If"):
        check_caps(facts, TARGETS["xavier-jp5"])


def test_the_body_of_loop() -> None:
    values = helper.make_tensor_value_info
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["go_on"]),
            helper.make_node("Add", ["state", "state"], ["next"]),
        ],
        "body",
        [
            values("turn", TensorProto.INT64, []),
            values("go", TensorProto.BOOL, []),
            values("state", TensorProto.FLOAT, ["batch", 4]),
        ],
        [values("go_on", TensorProto.BOOL, []), values("next", TensorProto.FLOAT, ["batch", 4])],
    )
    turns = numpy_helper.from_array(np.array(3, np.int64), "turns")
    go = numpy_helper.from_array(np.array(True), "start")
    loop = helper.make_node("Loop", ["turns", "start", "x"], ["score"], "repeat", body=body)
    facts = assert_agrees(made([loop], initializers=[turns, go]))
    with pytest.raises(CapsError, match="node 'repeat' uses Loop"):
        check_caps(facts, TARGETS["xavier-jp5"])


def test_custom_domains() -> None:
    node = helper.make_node("Twice", ["x"], ["score"], domain="com.example")
    facts = assert_agrees(made([node], imports=[helper.make_opsetid("com.example", 3)]))
    with pytest.raises(CapsError, match=r"com\.example\.Twice"):
        check_caps(facts, TARGETS["cpu"])


def test_functions() -> None:
    function = helper.make_function(
        "mine",
        "Squash",
        ["a"],
        ["b"],
        [helper.make_node("Tanh", ["a"], ["t"]), helper.make_node("Abs", ["t"], ["b"])],
        [helper.make_opsetid("", 16)],
    )
    model = made(
        [helper.make_node("Squash", ["x"], ["score"], domain="mine")],
        imports=[helper.make_opsetid("mine", 1)],
        functions=[function],
    )
    facts = assert_agrees(model)
    assert facts.operators == {("mine", "Squash"), ("", "Tanh"), ("", "Abs")}
    with pytest.raises(CapsError, match=r"mine\.Squash"):
        check_caps(facts, TARGETS["cpu"])


def test_external_data_as_onnx_writes_it(tmp_path: Path) -> None:
    weight = numpy_helper.from_array(np.ones((4, 4), np.float32), "weight")
    model = made([helper.make_node("MatMul", ["x", "weight"], ["score"])], initializers=[weight])
    assert not assert_agrees(model).external_data
    onnx.save_model(
        model, tmp_path / "model.onnx", save_as_external_data=True, location="weights.bin", size_threshold=0
    )
    facts = assert_agrees(onnx.load(tmp_path / "model.onnx", load_external_data=False))
    assert facts.external_tensors == ("weight",)
    assert read_model_facts((tmp_path / "model.onnx").read_bytes()) == facts


def test_external_data_of_a_constant_and_of_a_sparse_tensor(tmp_path: Path) -> None:
    constant = helper.make_node("Constant", [], ["c"], value=numpy_helper.from_array(np.ones(4, np.float32), "inside"))
    model = made([constant, helper.make_node("Add", ["x", "c"], ["score"])])
    onnx.save_model(
        model,
        tmp_path / "model.onnx",
        save_as_external_data=True,
        location="weights.bin",
        size_threshold=0,
        convert_attribute=True,
    )
    assert assert_agrees(onnx.load(tmp_path / "model.onnx", load_external_data=False)).external_tensors == ("inside",)
    values = numpy_helper.from_array(np.ones(2, np.float32), "values")
    sparse = helper.make_sparse_tensor(values, numpy_helper.from_array(np.array([0, 2], np.int64), "indices"), [4])
    model = made([relu()])
    model.graph.sparse_initializer.append(sparse)
    assert not assert_agrees(model).external_data
    onnx.external_data_helper.set_external_data(model.graph.sparse_initializer[0].values, "weights.bin")
    assert assert_agrees(model).external_tensors == ("values",)


@pytest.mark.parametrize("zero", [0, 3])
@pytest.mark.parametrize("packed", [True, False], ids=["int32_data", "raw_data"])
def test_zero_points_as_onnx_writes_them(zero: int, packed: bool) -> None:
    scale = numpy_helper.from_array(np.array(0.1, np.float32), "scale")
    if packed:
        point = helper.make_tensor("point", TensorProto.INT8, [], [zero])
    else:
        point = numpy_helper.from_array(np.array(zero, np.int8), "point")
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "scale", "point"], ["q"], "quantise"),
        helper.make_node("DequantizeLinear", ["q", "scale", "point"], ["score"], "dequantise"),
    ]
    facts = assert_agrees(made(nodes, initializers=[scale, point]))
    found = [finding.what for finding in findings(facts, TARGETS["xavier-jp5"])]
    uses = ["node 'quantise' uses QuantizeLinear", "node 'dequantise' uses DequantizeLinear"]
    broken = "in a way that TensorRT 8.5 of xavier-jp5 does not take: it has a zero point that is not the constant 0"
    assert found == ([f"{use} {broken}" for use in uses] if zero else [])


def test_a_recurrent_model_with_fixed_and_unnamed_axes() -> None:
    values = helper.make_tensor_value_info
    weights = [
        numpy_helper.from_array(np.zeros(shape, np.float32), name)
        for name, shape in {"W": (1, 32, 4), "R": (1, 32, 8)}.items()
    ]
    model = made(
        [helper.make_node("LSTM", ["x", "W", "R"], ["all", "last"], "lstm", hidden_size=8)],
        inputs=[values("x", TensorProto.FLOAT, [10, "batch", 4])],
        outputs=[values("last", TensorProto.FLOAT, [1, None, 8]), values("all", TensorProto.FLOAT, [10, 1, None, 8])],
        initializers=weights,
    )
    model.graph.output[1].type.tensor_type.ClearField("shape")
    facts = assert_agrees(model)
    assert facts.outputs[1].shape == ["..."]


@given(
    st.lists(st.sampled_from(["Abs", "Neg", "Relu", "Sigmoid", "Tanh"]), min_size=1, max_size=8),
    st.integers(7, 21),
    st.integers(3, 10),
    st.lists(st.none() | st.integers(0, 2**40) | st.text(max_size=5), max_size=4),
    st.text(max_size=12),
)
@settings(max_examples=100, deadline=None)
def test_models_of_all_kinds(chain: list, opset: int, ir: int, shape: list, name: str) -> None:
    values = helper.make_tensor_value_info
    nodes = [helper.make_node(op, [f"v{i}"], [f"v{i + 1}"], f"{name}{i}") for i, op in enumerate(chain)]
    graph = helper.make_graph(
        nodes,
        name,
        [values("v0", TensorProto.INT32, shape)],
        [values(f"v{len(chain)}", TensorProto.DOUBLE, shape)],
        doc_string=name * 50,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir, doc_string=name)
    assert_agrees(model)


def arrays() -> st.SearchStrategy[Any]:
    """Tensors of every type that numpy has too, as raw data or as a list of numbers."""
    types = [np.float32, np.uint8, np.int8, np.int32, np.int64, np.bool_, np.float16, np.float64, np.uint64]
    shapes = st.lists(st.integers(0, 3), max_size=3)
    bits = st.integers(0, 2**64 - 1)

    def array(dtype: Any, shape: list, seed: int, raw: bool) -> Any:
        wide = np.random.default_rng(seed).integers(0, 2**64, shape, np.uint64) * np.uint64(seed % 3 > 0)
        values = np.asarray(wide.astype(np.int64) if dtype == np.int64 else wide % np.uint64(200)).astype(dtype)
        if raw:
            return numpy_helper.from_array(values, "c")
        return helper.make_tensor(
            "c", helper.np_dtype_to_tensor_dtype(values.dtype), shape, values.reshape(-1).tolist()
        )

    return st.builds(array, st.sampled_from(types), shapes, bits, st.booleans())


attribute_values = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(width=32, allow_nan=False),
    st.text(max_size=8),
    st.binary(max_size=8),
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=5),
    st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=5),
    st.lists(st.text(max_size=8), min_size=1, max_size=5),
    arrays(),
)


@given(st.lists(st.dictionaries(st.text(max_size=6), attribute_values, max_size=4), max_size=5), arrays(), st.data())
@settings(max_examples=150, deadline=None)
def test_attributes_and_constants_of_all_kinds(attributes: list, tensor: Any, data: st.DataObject) -> None:
    nodes = []
    names = ["c", "x", ""]
    for number, given_here in enumerate(attributes):
        inputs = data.draw(st.lists(st.sampled_from(names), max_size=4))
        operator = data.draw(st.sampled_from(["Add", "Cast", "Constant", "LSTM", "TopK", "Made", "QuantizeLinear"]))
        node = helper.make_node(operator, inputs, [f"v{number}", f"w{number}"])
        node.attribute.extend(helper.make_attribute(name, value) for name, value in given_here.items())
        nodes.append(node)
        names += [f"v{number}", f"w{number}"]
    values = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "g", [values("x", TensorProto.FLOAT, ["batch"])], [values("x", TensorProto.FLOAT, ["batch"])]
    )
    graph.initializer.append(tensor)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)])
    facts = assert_agrees(model)
    for target in TARGETS.values():
        list(findings(facts, target))


@pytest.mark.parametrize(
    ("node", "rule"),
    [
        (helper.make_node("LSTM", ["x", "w", "r"], ["score"], "odd", hidden_size=4, layout=1), "layout"),
        (helper.make_node("Pad", ["x", "ends"], ["score"], "odd", mode="wrap"), "mode"),
        (helper.make_node("Slice", ["x", "ends", "ends", "axes"], ["score"], "odd"), "narrows to int32"),
        (helper.make_node("Cast", ["x"], ["score"], "odd", to=TensorProto.DOUBLE), "float64"),
        (helper.make_node("Unique", ["x"], ["score"], "odd"), "does not have"),
        (helper.make_node("ReduceMax", ["ends"], ["score"], "odd"), "int64"),
    ],
    ids=["LSTM", "Pad", "Slice", "Cast", "Unique", "ReduceMax"],
)
def test_rules_on_models_as_onnx_writes_them(node: Any, rule: str) -> None:
    values = helper.make_tensor_value_info
    constants = {
        "ends": np.array([1, 2**63 - 1 if rule == "narrows to int32" else 2], np.int64),
        "axes": np.array([0, 1], np.int64),
        "w": np.zeros((1, 16, 4), np.float32),
        "r": np.zeros((1, 16, 4), np.float32),
    }
    graph = helper.make_graph(
        [node],
        "g",
        [values("x", TensorProto.FLOAT, ["batch", 4])],
        [values("score", TensorProto.FLOAT, ["batch"])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)], ir_version=8)
    with pytest.raises(CapsError, match=rule) as caught:
        check_caps(read_model_facts(model.SerializeToString()), TARGETS["xavier-jp5"])
    assert caught.value.what.startswith("node 'odd'")


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_changed_byte_is_refused_or_read_as_onnx_reads_it(data: st.DataObject) -> None:
    serialized = bytearray(made([relu()]).SerializeToString())
    position = data.draw(st.integers(0, len(serialized) - 1))
    serialized[position] = data.draw(st.integers(0, 255))
    try:
        facts = read_model_facts(bytes(serialized))
    except IntegrityError:
        return
    try:
        model = onnx.load_model_from_string(bytes(serialized))
    except DecodeError:  # damage in a field that says nothing of what is asked here
        return
    assert facts.ir_version == model.ir_version
    assert facts.operators == {("" if n.domain == "ai.onnx" else n.domain, n.op_type) for n in model.graph.node}
    assert [value.name for value in facts.inputs] == [value.name for value in model.graph.input]
