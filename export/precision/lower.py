"""A graph in another precision, as a target runs it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np

from edge.bundle.caps import find_target
from export.graph.editor import Editor
from export.precision import half, integers
from export.precision.layers import behind_score, layers


class Layers(NamedTuple):
    """Names of layers in the order of the graph: those that a precision is for, and which of them can take it."""

    all: list[str]
    able: list[str]


def find_layers(model: Any, *, precision: str, target: str) -> Layers:
    """The layers of a graph whose nodes have names.

    Those that only say why a record is odd are not among them: no verdict would tell what becomes of them. Not able are
    layers with weights beyond the range of float16.
    """
    kinds: tuple[str, ...] = ()
    if precision == "fp16":
        kinds = half.LAYERS
    elif precision == "int8":
        kinds = integers.STATIC_LAYERS if _wants_fixed_scales(target) else integers.DYNAMIC_LAYERS
    editor = Editor(model)
    counting = behind_score(editor)
    found = [node for node in layers(editor, kinds) if node.name in counting]
    able = [node.name for node in found if precision != "fp16" or half.fits_half(editor, node)]
    return Layers([node.name for node in found], able)


def lower(model: Any, *, precision: str, target: str, chosen: Collection[str], rows: Mapping[str, np.ndarray]) -> Any:
    """A new onnx.ModelProto with the `chosen` layers in the precision ``fp16`` or ``int8``.

    `rows` are the graph's inputs, on which scales are found where a target wants them fixed.
    """
    lowered = type(model).FromString(model.SerializeToString())
    if not chosen:
        return lowered
    if precision == "int8" and _wants_fixed_scales(target):
        return integers.fixed_scales(lowered, chosen, rows)
    if precision == "int8":
        return integers.scales_of_each_batch(lowered, chosen)
    half.to_half(lowered, chosen)
    return lowered


def emulated(model: Any, *, precision: str, chosen: Collection[str]) -> Any | None:
    """What shows on a CPU how a lowered model computes, where that is not the model itself; None where it is."""
    if precision != "fp16":
        return None
    copied = type(model).FromString(model.SerializeToString())
    half.emulate_half(copied, chosen)
    return copied


def _wants_fixed_scales(target: str) -> bool:
    return "QuantizeLinear" not in find_target(target).refused
