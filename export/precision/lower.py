"""A graph in another precision, as a target runs it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from edge.bundle.caps import find_target
from export.graph.editor import Editor
from export.precision import half, integers
from export.precision.layers import behind_score, layers

PRECISIONS = ("fp32", "fp16", "int8")
CALIBRATION_ROWS = 2048


def layer_names(model: Any, *, precision: str, target: str) -> list[str]:
    """The names of the layers that a precision can be given to, in the order of the graph; nodes must have names.

    Those that only say why a record is odd are not among them: no verdict would tell what becomes of them.
    """
    kinds: tuple[str, ...] = ()
    if precision == "fp16":
        kinds = half.LAYERS
    elif precision == "int8":
        kinds = integers.STATIC_LAYERS if _wants_fixed_scales(target) else integers.DYNAMIC_LAYERS
    editor = Editor(model)
    counting = behind_score(editor)
    return [node.name for node in layers(editor, kinds) if node.name in counting]


def lower(model: Any, *, precision: str, target: str, chosen: Collection[str], rows: Mapping[str, np.ndarray]) -> Any:
    """A new onnx.ModelProto with the `chosen` layers in the precision ``fp16`` or ``int8``.

    `rows` are the graph's inputs, on which scales are found where a target wants them fixed.
    """
    if precision == "int8" and _wants_fixed_scales(target):
        return integers.fixed_scales(model, chosen, {name: some[:CALIBRATION_ROWS] for name, some in rows.items()})
    if precision == "int8":
        return integers.scales_of_each_batch(model, chosen)
    lowered = type(model).FromString(model.SerializeToString())
    half.to_half(lowered, chosen)
    return lowered


def _wants_fixed_scales(target: str) -> bool:
    return "QuantizeLinear" not in find_target(target).refused
