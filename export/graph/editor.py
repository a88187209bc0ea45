"""An ONNX graph with what is known of its values: shapes, dtypes, constants, and who makes and uses what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Shape = tuple[int | None, ...]
"""None is an axis whose size is not known, such as the batch."""


class Editor:
    """Changes an onnx.ModelProto in place; `refresh` after a change makes the facts true again.

    Only the nodes of the graph itself are seen, not those of graphs inside of a node (Loop, Scan, If).
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self.graph = model.graph
        self._made: set[str] = set()
        self.refresh()

    def refresh(self) -> None:
        """Infer all shapes anew.

        Raises:
            onnx.shape_inference.InferenceError: the graph is not well formed.
        """
        import onnx

        inferred = onnx.shape_inference.infer_shapes(self.model, strict_mode=True, data_prop=True).graph
        values = [*inferred.value_info, *inferred.input, *inferred.output]
        self._drop_unused()
        self._types = {value.name: value.type.tensor_type for value in values}
        self._initializers = {tensor.name: tensor for tensor in self.graph.initializer}
        self._arrays: dict[str, np.ndarray] = {}
        self.producers = {name: node for node in self.graph.node for name in node.output if name}
        self.consumers: dict[str, list[Any]] = {}
        for node in self.graph.node:
            for name in node.input:
                self.consumers.setdefault(name, []).append(node)
        self.outputs = {value.name for value in self.graph.output}
        # Their users cannot be seen from here.
        self._fixed = self.outputs.union(*(_seen_inside(node) for node in self.graph.node))
        self._given = {value.name for value in self.graph.input}

    def _drop_unused(self) -> None:
        wanted = {value.name for value in self.graph.output}
        for node in reversed(list(self.graph.node)):
            if wanted.isdisjoint(node.output):
                self.graph.node.remove(node)
            else:
                wanted.update(node.input)
                wanted.update(_seen_inside(node))

    def constant(self, name: str) -> np.ndarray | None:
        """The values of an initializer, None for anything else; one that an input may replace is none."""
        from onnx import numpy_helper

        if name not in self._arrays:
            if name not in self._initializers or name in self._given:
                return None
            self._arrays[name] = numpy_helper.to_array(self._initializers[name])
        return self._arrays[name]

    def shape(self, name: str) -> Shape | None:
        """None where not even the number of axes is known."""
        if name in self._initializers:
            return tuple(self._initializers[name].dims)
        kind = self._types.get(name)
        if kind is None or not kind.HasField("shape"):
            return None
        return tuple(axis.dim_value if axis.HasField("dim_value") else None for axis in kind.shape.dim)

    def element_type(self, name: str) -> int:
        """ONNX's number of a value's dtype, 0 where it is not known."""
        if name in self._initializers:
            return int(self._initializers[name].data_type)
        kind = self._types.get(name)
        return 0 if kind is None else int(kind.elem_type)

    def only_user(self, name: str) -> Any | None:
        """The one node that uses a value once, None when there are others, inside of a node or behind the graph."""
        users = self.consumers.get(name, [])
        return users[0] if len(users) == 1 and name not in self._fixed else None

    def new_name(self, wanted: str) -> str:
        """A name that no value has yet: the wanted one, or one that begins so."""
        while wanted in self._initializers or wanted in self._types or wanted in self._made:
            wanted += "_"
        self._made.add(wanted)
        return wanted

    def add_constant(self, array: np.ndarray) -> str:
        """A new initializer; its name."""
        from onnx import numpy_helper

        name = self.new_name(f"made_{len(self._made)}")
        self.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        self._initializers[name] = self.graph.initializer[-1]
        return name

    def use_instead(self, old: str, new: str) -> bool:
        """Let every user of the value `old` use `new`; False, and nothing done, where not all users can be seen."""
        if old in self._fixed:
            return False
        for node in self.consumers.get(old, []):
            node.input[:] = [new if name == old else name for name in node.input]
        self.consumers.setdefault(new, []).extend(self.consumers.pop(old, []))
        return True

    def remove(self, node: Any) -> None:
        """Take a node out of the graph."""
        self.graph.node.remove(node)

    def insert_before(self, place: Any, nodes: Sequence[Any]) -> None:
        """Put nodes into the graph where `place` stands, which comes after them."""
        index = next(number for number, node in enumerate(self.graph.node) if node is place)
        for offset, node in enumerate(nodes):
            self.graph.node.insert(index + offset, node)


def _seen_inside(node: Any) -> set[str]:
    """The names that graphs inside of a node use, their own ones too."""
    inside = [one.g for one in node.attribute if one.HasField("g")]
    inside += [graph for one in node.attribute for graph in one.graphs]
    nodes = [inner for graph in inside for inner in graph.node]
    names = {name for inner in nodes for name in inner.input} | {
        value.name for graph in inside for value in graph.output
    }
    return names.union(*(_seen_inside(inner) for inner in nodes))


def attribute(node: Any, name: str, default: Any) -> Any:
    """The value of a node's attribute."""
    from onnx import helper

    for one in node.attribute:
        if one.name == name:
            return helper.get_attribute_value(one)
    return default
