"""What must be known of an ONNX model before it is handed to a runtime, read without the onnx package.

The messages and field numbers are those of `onnx.proto` (ONNX 1.23, https://github.com/onnx/onnx, Apache-2.0):

    ModelProto      1 ir_version, 7 graph, 8 opset_import, 20 training_info, 25 functions
    GraphProto      1 node, 5 initializer, 11 input, 12 output, 15 sparse_initializer
    NodeProto       1 input, 2 output, 3 name, 4 op_type, 5 attribute, 7 domain
    AttributeProto  1 name, 2 f, 3 i, 4 s, 5 t, 6 g, 7 floats, 8 ints, 9 strings, 10 tensors, 11 graphs, 20 type,
                    22 sparse_tensor, 23 sparse_tensors
    TensorProto     1 dims, 2 data_type, 5 int32_data, 7 int64_data, 8 name, 9 raw_data, 13 external_data,
                    14 data_location
    FunctionProto   1 name, 7 node, 9 opset_import, 10 domain, 11 attribute_proto
    ValueInfoProto  1 name, 2 type
    TypeProto       1 tensor_type {1 elem_type, 2 shape {1 dim {1 dim_value, 2 dim_param}}}, 4 sequence_type, ...

Every node counts, wherever it stands: in the graph, in a subgraph that an attribute holds, in a function's body, in
what training would run. The time is linear in the size of the model, and nesting deeper than `MAX_DEPTH` is refused.
"""

from __future__ import annotations

from collections import ChainMap, Counter
from dataclasses import dataclass
from typing import ChainMap as Scope
from typing import Dict, FrozenSet, List, Optional, Tuple, Union

from edge.bundle.manifest import MODEL_NAME, GraphSpec, TensorSpec
from edge.bundle.onnx_types import output_types
from edge.bundle.onnx_values import Constant, Node, Value, constant_of, dtype_name, read_attributes, read_constant
from edge.bundle.wire import Message, WireError
from edge.errors import IntegrityError

MAX_DEPTH = 32
"""How deep subgraphs may nest; an exported detector has none, and protobuf itself stops at 33."""

UNKNOWN_RANK = "..."
"""The only entry of a shape when the model does not even say how many axes there are."""

Operator = Tuple[str, str]
"""Domain (the standard one is "") and operator type."""

_EXTERNAL = 1
_CONTAINERS = {4: "sequence", 5: "map", 7: "opaque", 8: "sparse_tensor", 9: "optional"}


@dataclass(frozen=True)
class ModelFacts:
    """A model's versions, operators and signature.

    `nodes` are all of them: a graph's in their order, each before those of the subgraphs that it holds, then those of
    training and of functions. `node_counts` maps each operator to how many nodes use it.
    `inputs` leave out initializers that older models list among the inputs. A `TensorSpec` holds numpy's name of the
    dtype (or what the value is instead of a tensor: "sequence"), and a shape in which a string is a dynamic axis: its
    name, "" when it has none, or a single `UNKNOWN_RANK`.
    `external_tensors` names the tensors whose values are in another file.
    """

    ir_version: int
    opsets: Dict[str, int]
    nodes: Tuple[Node, ...]
    functions: FrozenSet[Operator]
    external_tensors: Tuple[str, ...]
    inputs: Tuple[TensorSpec, ...]
    outputs: Tuple[TensorSpec, ...]

    @property
    def node_counts(self) -> Dict[Operator, int]:
        return dict(Counter((node.domain, node.operator) for node in self.nodes))

    @property
    def operators(self) -> FrozenSet[Operator]:
        return frozenset(self.node_counts)

    @property
    def external_data(self) -> bool:
        return bool(self.external_tensors)

    @property
    def opset(self) -> int:
        """The version of the standard domain."""
        return self.opsets[""]

    def graph_spec(self) -> GraphSpec:
        """The facts as the manifest states them."""
        return GraphSpec(
            opset=self.opset, ir_version=self.ir_version, inputs=list(self.inputs), outputs=list(self.outputs)
        )


def read_model_facts(data: bytes, where: str = MODEL_NAME) -> ModelFacts:
    """Read a serialized ModelProto; `where` names it in errors.

    Raises:
        IntegrityError: the bytes are no ONNX model, or a damaged one.
    """
    try:
        return _read_model(Message(data, 0, len(data)))
    except WireError as error:
        raise IntegrityError(
            f"not an ONNX model, or a damaged one ({error})", where=where, mend="copy or export the bundle again"
        ) from error


def _read_model(message: Message) -> ModelFacts:
    model = message.pick(1, 7, 8, 20, 25)
    graph = model.message(7)
    if graph is None:
        raise WireError("it holds no graph")
    opsets: Dict[str, int] = {}
    _add_opsets(opsets, model.messages(8))
    if "" not in opsets:
        raise WireError("it does not say which opset it uses")
    walk = _Walk()
    walk.graph(graph, 1, ChainMap())
    for training in model.messages(20):
        picked = training.pick(1, 2)
        for part in picked.messages(1) + picked.messages(2):
            walk.graph(part, 1, ChainMap())
    functions = set()
    for function in model.messages(25):
        picked = function.pick(1, 7, 9, 10, 11)
        functions.add((_domain(picked.text(10)), picked.text(1)))
        _add_opsets(opsets, picked.messages(9))
        walk.attributes(picked.messages(11), 1, ChainMap())
        walk.nodes(picked.messages(7), 1, ChainMap())
    signature = graph.pick(5, 11, 12)
    initializers = {tensor.pick(8).text(8) for tensor in signature.messages(5)}
    inputs = [_value(value) for value in signature.messages(11)]
    return ModelFacts(
        ir_version=model.integer(1),
        opsets=opsets,
        nodes=tuple(walk.found),
        functions=frozenset(functions),
        external_tensors=tuple(walk.external_tensors),
        inputs=tuple(spec for spec in inputs if spec.name not in initializers),
        outputs=tuple(_value(value) for value in signature.messages(12)),
    )


class _Walk:
    """Goes through every node and every tensor, and gathers what `ModelFacts` says of them.

    `scope` holds what is known of each name that a node can see, its own graph's and those of the graphs around it.
    """

    def __init__(self) -> None:
        self.found: List[Node] = []
        self.external_tensors: List[str] = []

    def graph(self, message: Message, depth: int, scope: Scope[str, Value]) -> None:
        if depth > MAX_DEPTH:
            raise WireError(f"subgraphs nest deeper than {MAX_DEPTH}")
        graph = message.pick(1, 5, 11, 15)
        scope = scope.new_child()
        for value in graph.messages(11):
            picked = value.pick(1, 2)
            scope[picked.text(1)] = Value(picked.text(1), _element_type(picked.message(2)))
        for tensor in graph.messages(5):
            name = self.tensor(tensor)
            constant = read_constant(tensor)
            scope[name] = Value(name, constant.dtype, constant)
        for sparse in graph.messages(15):
            self.sparse_tensor(sparse)
        self.nodes(graph.messages(1), depth, scope)

    def nodes(self, messages: List[Message], depth: int, scope: Scope[str, Value]) -> None:
        """Nodes in their order, which ONNX requires to be one in which a value is made before it is used."""
        for message in messages:
            node = message.pick(1, 2, 3, 4, 5, 7)
            domain, operator = _domain(node.text(7)), node.text(4)
            if not operator:
                raise WireError(f"the node at byte {message.start} names no operator")
            names = node.texts(2)
            label = f"node '{node.text(3)}'" if node.text(3) else f"the node that makes '{''.join(names[:1])}'"
            inputs = tuple(scope.get(name) or Value(name) for name in node.texts(1))
            attributes = read_attributes(node.messages(5))
            types = output_types(domain, operator, inputs, attributes, len(names))
            made: Optional[Constant] = None
            if (domain, operator) == ("", "Constant"):
                made = constant_of(attributes)
            outputs = tuple(Value(name, dtype, made) for name, dtype in zip(names, types))
            self.found.append(Node(domain, operator, label, inputs, outputs, attributes))
            self.attributes(node.messages(5), depth, scope)
            scope.update({value.name: value for value in outputs if value.name})

    def attributes(self, messages: List[Message], depth: int, scope: Scope[str, Value]) -> None:
        for message in messages:
            attribute = message.pick(5, 6, 10, 11, 22, 23)
            for tensor in attribute.messages(5) + attribute.messages(10):
                self.tensor(tensor)
            for sparse in attribute.messages(22) + attribute.messages(23):
                self.sparse_tensor(sparse)
            for graph in attribute.messages(6) + attribute.messages(11):
                self.graph(graph, depth + 1, scope)

    def tensor(self, message: Message) -> str:
        """The name of a tensor, after a look at where its values are."""
        tensor = message.pick(8, 13, 14)
        if tensor.all(13) or tensor.integer(14) == _EXTERNAL:
            self.external_tensors.append(tensor.text(8))
        return tensor.text(8)

    def sparse_tensor(self, message: Message) -> None:
        sparse = message.pick(1, 2)
        for tensor in sparse.messages(1) + sparse.messages(2):
            self.tensor(tensor)


def _domain(name: str) -> str:
    return "" if name == "ai.onnx" else name


def _add_opsets(opsets: Dict[str, int], imports: List[Message]) -> None:
    """Add imports of operator sets; of several for one domain the highest counts, as the most demanding."""
    for message in imports:
        picked = message.pick(1, 2)
        domain, version = _domain(picked.text(1)), picked.integer(2)
        opsets[domain] = max(version, opsets.get(domain, version))


def _element_type(message: Optional[Message]) -> str:
    """The element type of a TypeProto, "" for what is no tensor."""
    tensor = None if message is None else message.pick(1).message(1)
    return "" if tensor is None else dtype_name(tensor.pick(1).integer(1))


def _value(message: Message) -> TensorSpec:
    """A graph's input or output."""
    value = message.pick(1, 2)
    kind = value.message(2)
    picked = None if kind is None else kind.pick(1, *_CONTAINERS)
    tensor = None if picked is None else picked.message(1)
    if tensor is None:
        present = [name for number, name in _CONTAINERS.items() if picked is not None and picked.all(number)]
        return TensorSpec(name=value.text(1), dtype=present[0] if present else "untyped", shape=[UNKNOWN_RANK])
    fields = tensor.pick(1, 2)
    return TensorSpec(name=value.text(1), dtype=dtype_name(fields.integer(1)), shape=_shape(fields.message(2)))


def _shape(message: Optional[Message]) -> List[Union[int, str]]:
    if message is None:
        return [UNKNOWN_RANK]
    shape: List[Union[int, str]] = []
    for dimension in message.pick(1).messages(1):
        axis = dimension.pick(1, 2)
        fixed = axis.one(1)
        if fixed is not None and axis.all(2):
            raise WireError(f"the axis at byte {dimension.start} has both a size and a name")
        shape.append(axis.text(2) if fixed is None else fixed.integer())
    return shape
