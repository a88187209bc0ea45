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
        if node.op_type != "GatherND":
            continue
        data, indices = editor.shape(node.input[0]), editor.shape(node.input[1])
        if data is None or indices is None or len(indices) != len(data) + 1 or indices[-1] != 1:
            continue
        if attribute(node, "batch_dims", 0) != len(data) - 1:
            continue
        # [batch, ..., k, 1] becomes [batch, ..., k]: one index for each place of the result.
        places = _before_unsqueeze(editor, node.input[1])
        if places is None:
            places = editor.new_name(f"{node.output[0]}_places")
            axis = editor.add_constant(np.array([len(indices) - 1], np.int64))
            editor.insert_before(node, [helper.make_node("Squeeze", [node.input[1], axis], [places])])
        gather = helper.make_node("GatherElements", [node.input[0], places], list(node.output), axis=len(data) - 1)
        editor.insert_before(node, [gather])
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
