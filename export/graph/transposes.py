"""Transposes of what was just transposed, as between two recurrent layers."""

from __future__ import annotations

from export.graph.editor import Editor, attribute


def join_transposes(editor: Editor) -> bool:
    """Make one Transpose of two on end, or none where the second undoes the first."""
    from onnx import helper

    changed = False
    for node in list(editor.graph.node):
        before = editor.producers.get(node.input[0]) if node.op_type == "Transpose" else None
        if before is None or before.op_type != "Transpose":
            continue
        first, second = attribute(before, "perm", None), attribute(node, "perm", None)
        if first is None or second is None:
            continue
        joined = [first[axis] for axis in second]
        if joined == sorted(joined):
            changed |= editor.use_instead(node.output[0], before.input[0])
            continue
        del node.attribute[:]
        node.attribute.append(helper.make_attribute("perm", joined))
        node.input[0] = before.input[0]
        changed = True
    return changed
