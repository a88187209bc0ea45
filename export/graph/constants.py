"""Nodes of constants alone: their results, computed once."""

from __future__ import annotations

from typing import Any

import numpy as np

from export.graph.editor import Editor

# Whatever is random, or has a graph inside of it, is left alone.
_NEVER = {
    "RandomNormal",
    "RandomUniform",
    "RandomNormalLike",
    "RandomUniformLike",
    "Multinomial",
    "Bernoulli",
    "Dropout",
}
_QUANTISERS = {"QuantizeLinear", "DequantizeLinear"}  # of weights: TensorRT wants to see them
_MOST_ELEMENTS = 1 << 24


def fold_constants(editor: Editor) -> bool:
    """Replace the outputs of nodes whose inputs are all constant."""
    folded = False
    for node in list(editor.graph.node):
        if node.domain or node.op_type in _NEVER | _QUANTISERS or _has_graphs(node):
            continue
        inputs = [editor.constant(name) if name else None for name in node.input]
        known = all(value is not None for name, value in zip(node.input, inputs, strict=True) if name)
        if not known or any(name in editor.outputs for name in node.output):
            continue
        results = _evaluate(editor, node, dict(zip(node.input, inputs, strict=True)))
        if any(result.size > _MOST_ELEMENTS for result in results):
            continue
        for name, result in zip([name for name in node.output if name], results, strict=True):
            editor.use_instead(name, editor.add_constant(result))
        editor.remove(node)
        folded = True
    return folded


def _has_graphs(node: Any) -> bool:
    return any(one.HasField("g") or one.graphs for one in node.attribute)


def _evaluate(editor: Editor, node: Any, inputs: dict[str, np.ndarray | None]) -> list[np.ndarray]:
    from onnx import helper
    from onnx.reference import ReferenceEvaluator

    names = [name for name in dict.fromkeys(node.input) if name]
    graph = helper.make_graph(
        [node],
        "constants",
        [helper.make_tensor_value_info(name, editor.element_type(name), None) for name in names],
        [helper.make_tensor_value_info(name, 0, None) for name in node.output if name],
    )
    model = helper.make_model(graph, opset_imports=editor.model.opset_import)
    feeds = {name: inputs[name] for name in names}
    return [np.asarray(result) for result in ReferenceEvaluator(model).run(None, feeds)]
