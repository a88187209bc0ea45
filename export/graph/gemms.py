"""A matrix product, its bias and its activation, as one Gemm and one activation over flattened rows.

ONNX Runtime and TensorRT compute each of the two in one kernel with what precedes it; a MatMul over more than two axes
and its bias are two passes over memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from export.graph.editor import Editor

# Element by element and without constants of a shape, so that it does not matter how rows are laid out.
_ACTIVATIONS = {"Relu", "Elu", "Sigmoid", "Tanh", "Softplus"}


def fuse_gemms(editor: Editor) -> None:
    """For each MatMul of [batch, ..., k] by a constant [k, n], followed by the addition of a constant [n].

    Where a bias is missing, one of more than two axes becomes a Gemm as well: as a MatMul of float16 behind a Transpose
    it ends some releases of ONNX Runtime (1.32 for one) when a session is created.
    """
    for node in list(editor.graph.node):
        shape = editor.shape(node.input[0]) if node.op_type == "MatMul" else None
        weights = editor.constant(node.input[1]) if shape is not None else None
        if shape is None or weights is None or weights.ndim != 2 or len(shape) < 2 or None in shape[1:]:
            continue
        if weights.dtype.kind != "f":
            continue  # ONNX Runtime has no Gemm of integers
        add = editor.only_user(node.output[0])
        bias = None if add is None or add.op_type != "Add" else _other(add, node.output[0])
        values = None if bias is None else editor.constant(bias)
        if values is None or values.shape != weights.shape[1:]:
            add = bias = None
        if bias is None and (len(shape) < 3 or node.output[0] in editor.outputs):
            continue
        _replace(editor, node, add, bias, [size for size in shape[1:] if size is not None])
        editor.refresh()


def _replace(editor: Editor, product: Any, add: Any | None, bias: str | None, shape: list[int]) -> None:
    from onnx import helper

    activation = editor.only_user((product if add is None else add).output[0])
    if activation is not None and activation.op_type not in _ACTIVATIONS:
        activation = None
    last = next(node for node in (activation, add, product) if node is not None)
    weights = editor.shape(product.input[1])
    rows, value, made = product.input[0], product.output[0], []
    if len(shape) > 1:
        flat = editor.add_constant(np.array([-1, shape[-1]], np.int64))
        made.append(helper.make_node("Reshape", [rows, flat], [editor.new_name(f"{value}_rows")]))
        rows = made[-1].output[0]
    result = last.output[0]
    inputs = [rows, product.input[1]] if bias is None else [rows, product.input[1], bias]
    steps = [helper.make_node("Gemm", inputs, [editor.new_name(f"{value}_product")])]
    if activation is not None:
        steps.append(helper.make_node(activation.op_type, steps[0].output, [editor.new_name(f"{value}_active")]))
        steps[-1].attribute.extend(activation.attribute)
    if len(shape) > 1 and weights is not None:
        whole = editor.add_constant(np.array([-1, *shape[:-1], weights[1] or 0], np.int64))
        steps.append(helper.make_node("Reshape", [steps[-1].output[0], whole], [result]))
    else:
        steps[-1].output[:] = [result]
    editor.insert_before(last, [*made, *steps])
    for node in (product, add, activation):
        if node is not None:
            editor.remove(node)


def _other(node: Any, name: str) -> str | None:
    others = [one for one in node.input if one != name]
    return others[0] if len(others) == 1 else None
