"""What the onnx package says of a model, as the device's reader should: the facts and the comparison."""

from __future__ import annotations

from typing import Any, Iterator, Set, Tuple

import numpy as np
import pytest

from edge.bundle.manifest import TensorSpec
from edge.bundle.onnx_reader import ModelFacts, read_model_facts
from edge.bundle.onnx_values import Constant

onnx = pytest.importorskip("onnx", reason="the onnx package belongs to the extra `export`")
helper, numpy_helper, TensorProto = onnx.helper, onnx.numpy_helper, onnx.TensorProto


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
