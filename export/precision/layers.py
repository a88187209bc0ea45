"""The layers of a graph whose precision can be lowered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from export.graph.editor import Editor

PRODUCTS = ("MatMul", "Gemm")
CONVOLUTIONS = ("Conv", "ConvTranspose")
RECURRENT = ("LSTM",)


SCORE = "score"


def behind_score(editor: Editor) -> set[str]:
    """The names of the nodes that the graph's output ``score`` depends on; all, where there is no such output."""
    wanted = {SCORE} if SCORE in editor.outputs else set(editor.outputs)
    names = set()
    for node in reversed(editor.graph.node):
        if not wanted.isdisjoint(node.output):
            wanted.update(node.input)
            names.add(node.name)
    return names


def layers(editor: Editor, kinds: tuple[str, ...]) -> Iterator[Any]:
    """The nodes of these kinds that multiply by constant weights; Gemm only as `fuse_gemms` makes it, x W + b."""
    for node in editor.graph.node:
        if node.domain == "" and node.op_type in kinds:
            weights = editor.constant(node.input[1])
            plain = node.op_type != "Gemm" or not node.attribute
            if plain and weights is not None and weights.ndim >= 2 and weights.dtype.kind == "f":
                yield node
