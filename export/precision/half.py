"""Layers in float16 (IEEE 754 binary16), everything else in float32.

What lies between two layers and only passes numbers on (activations, sums, concatenations, shifts) is float16 too, as
are embeddings; the score is computed from float32. So are the inputs and outputs of the graph: a TensorRT engine that
is built with its float16 flag takes such a graph as it is.

A CPU has no kernels for most of this: ONNX Runtime computes in float32 there and rounds the weights alone. So that a
comparison sees what a GPU makes of it, `emulate_half` writes the same in float32, with every value rounded to float16
where a GPU would keep it so.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from export.graph.editor import Editor, attribute
from export.precision.layers import CONVOLUTIONS, PRODUCTS, RECURRENT, layers

LAYERS = (*PRODUCTS, *CONVOLUTIONS, *RECURRENT)
_CARRIERS = {
    "Relu", "Elu", "Tanh", "Sigmoid", "Add", "Concat", "Pad", "Slice", "Reshape", "Transpose", "Squeeze", "Unsqueeze",
}  # fmt: skip
_FLOAT, _FLOAT16 = 1, 10  # TensorProto's numbers
_LARGEST = float(np.finfo(np.float16).max)


def fits_half(editor: Editor, node: Any) -> bool:
    """Whether the constants of a node are within the range of float16."""
    constants = [editor.constant(name) for name in node.input if name]
    return all(one is None or one.dtype.kind != "f" or np.abs(one).max(initial=0) <= _LARGEST for one in constants)


def to_half(model: Any, chosen: Collection[str]) -> None:
    """Make float16 of the layers with these names, in place; their constants must fit."""
    editor = Editor(model)
    half = _region(editor, chosen)
    produced = {name for node in half for name in node.output if name}
    casts: dict[str, str] = {}
    for node in list(editor.graph.node):
        inside = _is_in(node, half)
        for place, name in enumerate(node.input):
            if not name or ((name in produced) == inside and name in produced):
                continue
            if inside and editor.element_type(name) == _FLOAT:
                node.input[place] = _lowered(editor, casts, node, name)
            elif not inside and name in produced:
                node.input[place] = _cast(editor, casts, node, name, _FLOAT)
    _keep_outputs(editor, half)


def emulate_half(model: Any, chosen: Collection[str]) -> None:
    """Round in float32 what `to_half` makes float16: constants, and what goes into and comes out of each node."""
    editor = Editor(model)
    half = _region(editor, chosen)
    produced = {name for node in half for name in node.output if name}
    rounded: dict[str, str] = {}
    for node in half:
        for place, name in enumerate(node.input):
            if name and name not in produced and editor.element_type(name) == _FLOAT:
                node.input[place] = _rounded(editor, rounded, node, name)
    for node in half:
        after = _after(editor, node)
        for place, name in enumerate(node.output):
            if name:
                node.output[place] = editor.new_name(f"{name}_exact")
                _insert(editor, after, _rounding(editor, node.output[place], name))


def _region(editor: Editor, chosen: Collection[str]) -> list[Any]:
    """The chosen layers and the nodes that carry numbers from one of them, or from an embedding, to the next."""
    first = [node for node in layers(editor, LAYERS) if node.name in chosen]
    makers, leaders = _from(editor, first), _to(editor, first)
    between = [node for node in editor.graph.node if _is_in(node, makers) and _is_in(node, leaders)]
    return [*first, *between]


def _from(editor: Editor, chosen: list[Any]) -> list[Any]:
    """Carriers all of whose numbers come from the chosen layers, from embeddings, or from each other."""
    found: list[Any] = []
    values = {name for node in chosen for name in node.output}
    for node in editor.graph.node:
        numbers = [name for name in node.input if name and editor.element_type(name) == _FLOAT]
        changing = [name for name in numbers if editor.constant(name) is None]
        carries = node.op_type in _CARRIERS and changing and values.issuperset(changing)
        if not _is_in(node, chosen) and (carries or _is_embedding(editor, node)) and fits_half(editor, node):
            found.append(node)
            values.update(node.output)
    return found


def _to(editor: Editor, chosen: list[Any]) -> list[Any]:
    """Carriers and embeddings that lead to a chosen layer."""
    found: list[Any] = []
    wanted = {node.input[0] for node in chosen}
    for node in reversed(editor.graph.node):
        if not wanted.isdisjoint(node.output) and (node.op_type in _CARRIERS or _is_embedding(editor, node)):
            found.append(node)
            wanted.update(node.input)
    return found


def _is_embedding(editor: Editor, node: Any) -> bool:
    table = editor.constant(node.input[0]) if node.op_type == "Gather" and attribute(node, "axis", 0) == 0 else None
    return table is not None and table.ndim == 2 and table.dtype.kind == "f"


def _is_in(node: Any, nodes: list[Any]) -> bool:
    return any(node is one for one in nodes)


def _lowered(editor: Editor, casts: dict[str, str], node: Any, name: str) -> str:
    values = editor.constant(name)
    if values is None:
        return _cast(editor, casts, node, name, _FLOAT16)
    if name not in casts:
        casts[name] = editor.add_constant(values.astype(np.float16))
    return casts[name]


def _cast(editor: Editor, casts: dict[str, str], node: Any, name: str, to: int) -> str:
    """A cast before the first node that needs it; the later ones share it."""
    from onnx import helper

    if name not in casts:
        casts[name] = editor.new_name(f"{name}_as_{'float' if to == _FLOAT else 'half'}")
        editor.insert_before(node, [helper.make_node("Cast", [name], [casts[name]], to=to)])
    return casts[name]


def _rounded(editor: Editor, rounded: dict[str, str], node: Any, name: str) -> str:
    values = editor.constant(name)
    if name not in rounded and values is not None:
        rounded[name] = editor.add_constant(values.astype(np.float16).astype(np.float32))
    elif name not in rounded:
        rounded[name] = editor.new_name(f"{name}_rounded")
        editor.insert_before(node, _rounding(editor, name, rounded[name]))
    return rounded[name]


def _rounding(editor: Editor, name: str, result: str) -> list[Any]:
    """To float16 and back."""
    from onnx import helper

    between = editor.new_name(f"{name}_half")
    return [
        helper.make_node("Cast", [name], [between], to=_FLOAT16),
        helper.make_node("Cast", [between], [result], to=_FLOAT),
    ]


def _after(editor: Editor, node: Any) -> Any | None:
    """The node behind another, None behind the last."""
    nodes = list(editor.graph.node)
    place = next(number for number, one in enumerate(nodes) if one is node) + 1
    return nodes[place] if place < len(nodes) else None


def _insert(editor: Editor, place: Any | None, nodes: list[Any]) -> None:
    if place is None:
        editor.graph.node.extend(nodes)
    else:
        editor.insert_before(place, nodes)


def _keep_outputs(editor: Editor, half: list[Any]) -> None:
    """The graph's outputs stay float32."""
    from onnx import helper

    for node in half:
        for place, name in enumerate(node.output):
            if name not in editor.outputs:
                continue
            inner = editor.new_name(f"{name}_half")
            node.output[place] = inner
            for other in editor.graph.node:
                other.input[:] = [inner if one == name else one for one in other.input]
            editor.graph.node.append(helper.make_node("Cast", [inner], [name], to=_FLOAT))
