"""An embedding that feeds a linear convolution, folded into tables that hold each token's products.

A convolution over embedded tokens is a sum of one matrix product for each tap, ``sum_j E[id(t + j)] W_j``. Since
``E[id] W_j = (E W_j)[id]``, the products of all tokens can be looked up instead of computed: the same sums in another
order, so equal up to rounding. What is left of the layer is ``taps`` additions a place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from export.graph.editor import Editor, attribute


@dataclass(frozen=True)
class _Match:
    """The nodes from an embedding to a convolution over it, and their constants.

    `table` float32 [vocabulary, embedding], `taps` float32 [taps, embedding, outputs] which are `dilation` apart;
    `ids` is the value that is looked up, `length` how many of them a row has, `last` the node that makes the result,
    [batch, outputs, places] or, before it lost the axis, [batch, outputs, 1, places].
    """

    nodes: list[Any]
    table: np.ndarray
    taps: np.ndarray
    dilation: int
    ids: str
    length: int
    last: Any


def fold_embeddings(model: Any) -> list[str]:
    """Fold each embedding whose only use is a convolution, in place, where the tables are no larger than before.

    Returns a description of each that was folded, for people.
    """
    editor = Editor(model)
    folded = []
    for node in list(editor.graph.node):
        match = _match(editor, node) if node.op_type == "Gather" else None
        if match is None:
            continue
        vocabulary, embedding = match.table.shape
        taps, _, outputs = match.taps.shape
        if vocabulary * taps * outputs > match.table.size + match.taps.size:
            continue
        _fold(editor, match)
        editor.refresh()
        folded.append(
            f"embedding of {vocabulary:,} tokens, {embedding} wide, and convolution of {taps} taps with {outputs} "
            f"outputs, into tables of {taps} x {outputs} for each token"
        )
    return folded


def _match(editor: Editor, gather: Any) -> _Match | None:
    """Gather, Unsqueeze, Transpose, Conv, Squeeze: what tf2onnx makes of Keras's Embedding and Conv1D."""
    table, ids = editor.constant(gather.input[0]), editor.shape(gather.input[1])
    nodes = [gather]
    for name in ("Unsqueeze", "Transpose", "Conv", "Squeeze"):
        user = editor.only_user(nodes[-1].output[0])
        if user is None or user.op_type != name:
            return None
        nodes.append(user)
    _, unsqueeze, transpose, conv, squeeze = nodes
    weights = editor.constant(conv.input[1])
    if table is None or table.ndim != 2 or weights is None or ids is None or len(ids) != 2 or ids[1] is None:
        return None
    plain = (
        attribute(gather, "axis", 0) == 0
        # [batch, places, width] to [batch, width, 1, places], by either of the two ways.
        and (_axis(editor, unsqueeze, 4), attribute(transpose, "perm", None)) in ((1, [0, 3, 1, 2]), (2, [0, 3, 2, 1]))
        and _axis(editor, squeeze, 4) == 2
        and editor.shape(transpose.output[0]) == (ids[0], table.shape[1], 1, ids[1])
        and weights.ndim == 4
        and weights.shape[2] == 1
        and len(conv.input) == 2
        and attribute(conv, "group", 1) == 1
        and attribute(conv, "strides", [1, 1]) == [1, 1]
        and attribute(conv, "pads", [0, 0, 0, 0]) == [0, 0, 0, 0]
        and attribute(conv, "auto_pad", b"NOTSET") in (b"NOTSET", b"VALID")
        and len(editor.shape(squeeze.output[0]) or ()) == 3
    )
    if not plain:
        return None
    dilation = attribute(conv, "dilations", [1, 1])[1]
    return _Match(nodes, table, weights[:, :, 0].transpose(2, 1, 0), dilation, gather.input[1], ids[1], squeeze)


def _axis(editor: Editor, node: Any, axes: int) -> int | None:
    """The one axis that an Unsqueeze adds or a Squeeze takes away, of so many; None where it is not one, or unknown."""
    given = editor.constant(node.input[1]) if len(node.input) > 1 else None
    return None if given is None or given.size != 1 else int(given.ravel()[0]) % axes


def _fold(editor: Editor, match: _Match) -> None:
    from onnx import helper

    taps, _, outputs = match.taps.shape
    # Each sum of products is rounded once, not twice.
    tables = np.concatenate([match.table.astype(np.float64) @ tap for tap in match.taps.astype(np.float64)], axis=1)
    name = match.last.output[0]
    looked_up = editor.new_name(f"{name}_products")
    steps = [
        helper.make_node("Gather", [editor.add_constant(tables.astype(np.float32)), match.ids], [looked_up], axis=0)
    ]
    places = match.length - (taps - 1) * match.dilation
    axes = editor.add_constant(np.array([1, 2], np.int64))
    total = ""
    for tap in range(taps):
        start = np.array([tap * match.dilation, tap * outputs], np.int64)
        bounds = [editor.add_constant(start), editor.add_constant(start + np.array([places, outputs]))]
        one = editor.new_name(f"{name}_tap{tap}")
        steps.append(helper.make_node("Slice", [looked_up, *bounds, axes], [one]))
        if total:
            steps.append(helper.make_node("Add", [total, one], [editor.new_name(f"{name}_sum{tap}")]))
        total = steps[-1].output[0]
    steps.append(helper.make_node("Transpose", [total], [name], perm=[0, 2, 1]))
    editor.insert_before(match.last, steps)
    for node in match.nodes:
        editor.remove(node)
