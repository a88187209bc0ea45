"""Shapes that are computed while the graph runs, and slices, where everything but the batch is known before."""

from __future__ import annotations

from typing import Any

import numpy as np

from export.graph.editor import Editor, attribute

# No batch is as large: a slice of the batch axis up to here takes all of it.
_MORE_THAN_A_BATCH = 1_000_000_000
_AXES_AS_ATTRIBUTE = 17  # the last opset in which ReduceMax has them so


def fix_reshapes(editor: Editor) -> bool:
    """Give each Reshape its new shape as a constant, with -1 for the batch; drop one that changes nothing.

    One of two on end is enough, too.
    """
    changed = False
    for node in list(editor.graph.node):
        if node.op_type != "Reshape":
            continue
        before, after = editor.shape(node.input[0]), editor.shape(node.output[0])
        if after is None or after.count(None) > 1:
            continue
        if before is not None and _same(before, after) and editor.use_instead(node.output[0], node.input[0]):
            editor.remove(node)
            changed = True
            continue
        target = np.array([-1 if axis is None else axis for axis in after], np.int64)
        given, earlier = editor.constant(node.input[1]), editor.producers.get(node.input[0])
        if given is None or given.tolist() != target.tolist():
            node.input[1] = editor.add_constant(target)
            changed = True
        elif earlier is not None and earlier.op_type == "Reshape":
            node.input[0] = earlier.input[0]
            changed = True
    return changed


def fix_slices(editor: Editor) -> bool:
    """State each Slice by places inside of its axes, without the axes that it takes whole; drop one that takes all."""
    changed = False
    for node in list(editor.graph.node):
        if node.op_type != "Slice":
            continue
        shape = editor.shape(node.input[0])
        given = _given(editor, node)
        if shape is None or given is None:
            continue
        cuts = {axis: _cut(shape[axis], *cut) for axis, cut in given.items()}
        if any(cut is None for cut in cuts.values()):
            continue
        left = {axis: cut for axis, cut in cuts.items() if cut is not None and not _whole(shape[axis], *cut)}
        if not left:
            if editor.use_instead(node.output[0], node.input[0]):
                editor.remove(node)
                changed = True
            continue
        if left != given:
            starts, ends, steps = zip(*left.values(), strict=True)
            wanted = [starts, ends, list(left)] + ([steps] if any(step != 1 for step in steps) else [])
            names = [editor.add_constant(np.array(values, np.int64)) for values in wanted]
            node.input[:] = [node.input[0], *names]
            changed = True
    return changed


def plain_maxima(editor: Editor) -> bool:
    """Write the maximum over the axes behind the second as ReduceMax: as a pooling it is one of two or three axes."""
    from onnx import helper

    changed = False
    for node in list(editor.graph.node):
        shape = editor.shape(node.input[0]) if node.op_type == "GlobalMaxPool" else None
        if shape is None or any(entry.version > _AXES_AS_ATTRIBUTE for entry in editor.model.opset_import):
            continue
        maximum = helper.make_node("ReduceMax", list(node.input), list(node.output), axes=list(range(2, len(shape))))
        editor.insert_before(node, [maximum])
        editor.remove(node)
        changed = True
    return changed


def drop_zero_states(editor: Editor) -> bool:
    """Leave out an LSTM's first states where they are zeros made for the batch, which is what it begins with anyway."""
    changed = False
    for node in editor.graph.node:
        if node.op_type != "LSTM":
            continue
        for place in (5, 6):
            if len(node.input) > place and node.input[place] and _is_zeros(editor, node.input[place]):
                node.input[place] = ""
                changed = True
        while node.input and not node.input[-1]:
            node.input.pop()
    return changed


def _same(before: tuple[int | None, ...], after: tuple[int | None, ...]) -> bool:
    """Whether a shape is another's, with the batch at one place in both."""
    return before == after and before.count(None) <= 1


def _given(editor: Editor, node: Any) -> dict[int, tuple[int, int, int]] | None:
    """Start, end and step of each axis of a Slice; None where they are not constant."""
    values = [editor.constant(name) for name in node.input[1:]]
    shape = editor.shape(node.input[0])
    if shape is None or any(value is None for value in values):
        return None
    starts, ends, *more = [value.tolist() for value in values if value is not None]
    axes = more[0] if more else list(range(len(starts)))
    steps = more[1] if len(more) > 1 else [1] * len(starts)
    cuts = zip(starts, ends, steps, strict=True)
    return {axis % len(shape): cut for axis, cut in zip(axes, cuts, strict=True)}


def _cut(size: int | None, start: int, end: int, step: int) -> tuple[int, int, int] | None:
    """The same cut by places within the axis; None where that cannot be said."""
    if step < 1:
        return None
    if size is None:
        whole = start == 0 and end >= _MORE_THAN_A_BATCH
        return (0, _MORE_THAN_A_BATCH, step) if whole else (start, end, step) if end < _MORE_THAN_A_BATCH else None
    first, last = (min(max(place + size if place < 0 else place, 0), size) for place in (start, end))
    return first, last, step


def _whole(size: int | None, start: int, end: int, step: int) -> bool:
    return step == 1 and start == 0 and end == (_MORE_THAN_A_BATCH if size is None else size)


def _is_zeros(editor: Editor, name: str) -> bool:
    from onnx import numpy_helper

    known = editor.constant(name)
    if known is not None:
        return not known.any()
    node = editor.producers.get(name)
    if node is None:
        return False
    if node.op_type == "ConstantOfShape":
        value = attribute(node, "value", None)
        return value is None or not numpy_helper.to_array(value).any()
    return node.op_type in ("Expand", "Unsqueeze") and _is_zeros(editor, node.input[0])
