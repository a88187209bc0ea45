"""The layers of a graph whose precision can be lowered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from export.graph.editor import Editor

PRODUCTS = ("MatMul", "Gemm")
CONVOLUTIONS = ("Conv", "ConvTranspose")
RECURRENT = ("LSTM",)


def layers(editor: Editor, kinds: tuple[str, ...]) -> Iterator[Any]:
    """The nodes of these kinds that multiply by constant weights."""
    for node in editor.graph.node:
        if node.domain == "" and node.op_type in kinds:
            weights = editor.constant(node.input[1])
            if weights is not None and weights.ndim >= 2 and weights.dtype.kind == "f":
                yield node
