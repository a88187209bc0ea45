"""Casts that change nothing, or that a later one makes needless."""

from __future__ import annotations

from typing import Any

from export.graph.editor import Editor, attribute

_INT32, _INT64, _BOOL = 6, 7, 9
# From the one to the other without a loss, so that a cast through the second is one from the first.
_LOSSLESS = {(_BOOL, _INT32), (_BOOL, _INT64), (_BOOL, 1), (_INT32, _INT64)}
# Operators that take int32 as well as int64 at these inputs.
_INDEX_INPUTS = {"Gather": {1}, "GatherElements": {1}}


def drop_casts(editor: Editor) -> bool:
    """Drop casts to the same type, casts of casts that keep all values, and casts of what is only an index."""
    changed = False
    for node in list(editor.graph.node):
        if node.op_type == "Not":
            changed |= _drop_double_not(editor, node)
        if node.op_type != "Cast":
            continue
        source, to = node.input[0], attribute(node, "to", 0)
        before = editor.producers.get(source)
        through = None if before is None or before.op_type != "Cast" else before.input[0]
        if editor.element_type(source) == to:
            changed |= _skip(editor, node)
        elif through is not None and (editor.element_type(through), editor.element_type(source)) in _LOSSLESS:
            node.input[0] = through
            changed = True
        elif to == _INT64 and editor.element_type(source) == _INT32 and _only_an_index(editor, node.output[0]):
            changed |= _skip(editor, node)
    return changed


def _skip(editor: Editor, node: Any) -> bool:
    if not editor.use_instead(node.output[0], node.input[0]):
        return False
    editor.remove(node)
    return True


def _drop_double_not(editor: Editor, node: Any) -> bool:
    before = editor.producers.get(node.input[0])
    return before is not None and before.op_type == "Not" and editor.use_instead(node.output[0], before.input[0])


def _only_an_index(editor: Editor, name: str) -> bool:
    users = editor.consumers.get(name, [])
    return (
        name not in editor.outputs
        and bool(users)
        and all(
            place in _INDEX_INPUTS.get(user.op_type, ())
            for user in users
            for place, one in enumerate(user.input)
            if one == name
        )
    )
