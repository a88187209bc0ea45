"""What the converter leaves behind, taken away: shapes that are known, casts to and fro, slices of everything.

Each pass looks at one kind of node and says whether it changed anything; the passes go round until none does. At
last, each matrix product with a bias is made one Gemm.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from export.graph.casts import drop_casts
from export.graph.constants import fold_constants
from export.graph.editor import Editor
from export.graph.gathers import gather_elements
from export.graph.gemms import fuse_gemms
from export.graph.products import unflatten_products
from export.graph.shapes import drop_zero_states, fix_reshapes, fix_slices, plain_maxima
from export.graph.sizes import fix_sizes
from export.graph.transposes import join_transposes

_PASSES: tuple[Callable[[Editor], bool], ...] = (
    fold_constants,
    fix_sizes,
    fix_reshapes,
    fix_slices,
    drop_casts,
    drop_zero_states,
    plain_maxima,
    gather_elements,
    join_transposes,
    unflatten_products,
)
_MOST_ROUNDS = 20


def clean_up(model: Any) -> None:
    """Clean up an onnx.ModelProto in place."""
    editor = Editor(model)
    for _ in range(_MOST_ROUNDS):
        changed = [_changed(editor, one) for one in _PASSES]
        if not any(changed):
            break
    fuse_gemms(editor)
    while _changed(editor, fix_reshapes):
        pass


def _changed(editor: Editor, one: Callable[[Editor], bool]) -> bool:
    changed = one(editor)
    if changed:
        editor.refresh()
    return changed
