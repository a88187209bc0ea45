"""GatherND along the last axis, which wants int64 indices, as GatherElements, which takes int32."""

from __future__ import annotations

from typing import Any

import numpy as np

from export.graph.editor import Editor, attribute


def gather_elements(editor: Editor) -> bool:
    """For data [batch, ..., n] and indices [batch, ..., k, 1] with all axes but the last as the batch."""
    from onnx import helper

    changed = False
    for node in list(editor.graph.node):
        data, indices = editor.shape(node.input[0]) if node.input else None, None
        if node.op_type != "GatherND" or data is None:
            continue
        indices = editor.shape(node.input[1])
        batch_axes = attribute(node, "batch_dims", 0)
        if indices is None or batch_axes != len(data) - 1 or len(indices) != len(data) + 1 or indices[-1] != 1:
            continue
        # [batch, ..., k, 1] becomes [batch, ..., k]: one index for each place of the result.
        squeezed = f"{node.output[0]}_places"
        axis = editor.add_constant(np.array([len(indices) - 1], np.int64))
        squeeze = helper.make_node(
            "Squeeze", [_before_unsqueeze(editor, node.input[1]) or node.input[1], axis], [squeezed]
        )
        gather = helper.make_node("GatherElements", [node.input[0], squeezed], [node.output[0]], axis=len(data) - 1)
        if _before_unsqueeze(editor, node.input[1]):
            gather.input[1] = squeeze.input[0]
            editor.insert_before(node, [gather])
        else:
            editor.insert_before(node, [squeeze, gather])
        editor.remove(node)
        changed = True
    return changed


def _before_unsqueeze(editor: Editor, name: str) -> str | None:
    """What a value was before its last axis was added, None where none was."""
    node: Any = editor.producers.get(name)
    if node is None or node.op_type != "Unsqueeze":
        return None
    axes, shape = editor.constant(node.input[1]), editor.shape(name)
    if axes is None or shape is None or [axis % len(shape) for axis in axes.tolist()] != [len(shape) - 1]:
        return None
    before: str = node.input[0]
    return before
