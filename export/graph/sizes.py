"""Sizes that are read off the shapes of values while the graph runs, where all but the batch's is known before."""

from __future__ import annotations

from typing import Any

import numpy as np

from export.graph.editor import Editor, attribute

Sizes = list[int | None]
"""A vector of sizes; None is one that is not known, the batch's."""

_NUMPY_TYPES = {6: np.int32, 7: np.int64}
_DEEPEST = 32


def fix_sizes(editor: Editor) -> bool:
    """Make constants of vectors of sizes that are wholly known."""
    changed = False
    for node in list(editor.graph.node):
        if node.op_type not in ("Shape", "Cast", "Gather", "Slice", "Concat") or len(node.output) != 1:
            continue
        name = node.output[0]
        dtype = _NUMPY_TYPES.get(editor.element_type(name))
        sizes = known_sizes(editor, name) if dtype is not None and editor.consumers.get(name) else None
        if sizes is not None and None not in sizes:
            changed |= editor.use_instead(name, editor.add_constant(np.array(sizes, dtype)))
    return changed


def known_sizes(editor: Editor, name: str, depth: int = 0) -> Sizes | None:
    """What is known of a vector of integers; None when it is not made of sizes."""
    known = editor.constant(name)
    if known is not None:
        return known.tolist() if known.ndim == 1 and known.dtype.kind == "i" else None
    node: Any = editor.producers.get(name)
    if node is None or depth > _DEEPEST or node.op_type not in ("Shape", *_PARTS):
        return None
    if node.op_type == "Shape":
        shape = editor.shape(node.input[0])
        return None if shape is None or node.attribute else list(shape)
    parts = [known_sizes(editor, part, depth + 1) for part in node.input[: _PARTS[node.op_type] or None]]
    if any(part is None for part in parts):
        return None
    vectors = [part for part in parts if part is not None]
    if node.op_type == "Concat":
        return [size for vector in vectors for size in vector]
    if node.op_type == "Cast":
        return vectors[0] if attribute(node, "to", 0) in _NUMPY_TYPES else None
    return _taken(editor, node, vectors[0])


# How many of the first inputs are vectors of sizes; 0 is all of them.
_PARTS = {"Concat": 0, "Cast": 1, "Gather": 1, "Slice": 1}


def _taken(editor: Editor, node: Any, sizes: Sizes) -> Sizes | None:
    """The sizes that a Gather or a Slice by constants takes."""
    values = [editor.constant(name) for name in node.input[1:]]
    if any(value is None or value.ndim != 1 for value in values):
        return None
    numbers = [value.tolist() for value in values if value is not None]
    if node.op_type == "Gather":
        return [sizes[place] for place in numbers[0]]
    start, end, step = numbers[0][0], numbers[1][0], numbers[3][0] if len(numbers) > 3 else 1
    return sizes[start:end:step]
