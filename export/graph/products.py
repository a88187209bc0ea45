"""Matrix products over rows that were flattened for it: ONNX's MatMul takes the axes before as they are."""

from __future__ import annotations

from export.graph.editor import Editor


def unflatten_products(editor: Editor) -> bool:
    """One MatMul for Reshape of [batch, ..., k] to [-1, k], MatMul by a constant [k, n], Reshape to [batch, ..., n]."""
    changed = False
    for node in list(editor.graph.node):
        if node.op_type != "MatMul" or editor.constant(node.input[1]) is None:
            continue
        before, after = editor.producers.get(node.input[0]), editor.only_user(node.output[0])
        if before is None or before.op_type != "Reshape" or after is None or after.op_type != "Reshape":
            continue
        source, result = editor.shape(before.input[0]), editor.shape(after.output[0])
        weights = editor.shape(node.input[1])
        if source is None or result is None or weights is None:
            continue
        # However the rows were laid out in between: a product is made for each, and their order stays.
        if source[-1:] != weights[:1] or result[-1:] != weights[1:] or source[:-1] != result[:-1] or None in source[1:]:
            continue
        node.input[0] = before.input[0]
        node.output[0] = after.output[0]
        editor.remove(after)
        editor.refresh()
        changed = True
    return changed
