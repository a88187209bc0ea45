"""A graph with one layer of each kind, for tests of precisions."""

from __future__ import annotations

from typing import Any, Dict, List

import numpy as np

LENGTH, VOCABULARY = 6, 20


def small_network(opset: int = 16) -> Any:
    """ids int32 [batch, 6] to score float32 [batch] and parts float32 [batch, 6]; nodes have names.

    Embedding, two Gemms with activations between, Conv, LSTM; the score is a log-sum-exp over all.
    """
    import onnx.parser
    from onnx import numpy_helper

    text = """<ir_version: 8, opset_import: ["" : OPSET]>
    g (int32[batch, 6] ids) => (float[batch] score, float[batch, 6] parts)
    {
        embedded = Gather <axis = 0> (table, ids)
        rows = Reshape (embedded, flat8)
        inner = Gemm (rows, w1, b1)
        active = Relu (inner)
        more = Gemm (active, w2, b2)
        steps = Reshape (more, back)
        channels = Transpose <perm = [0, 2, 1]> (steps)
        wide = Unsqueeze (channels, second)
        taken = Conv (wide, kernel, kb)
        narrow = Squeeze (taken, second)
        soft = Elu (narrow)
        first = Transpose <perm = [2, 0, 1]> (soft)
        state, h, c = LSTM <hidden_size = 3> (first, lw, lr, lb)
        last = Squeeze (state, one)
        batch_first = Transpose <perm = [1, 0, 2]> (last)
        grown = Exp (batch_first)
        parts_ = ReduceSum <keepdims = 0> (grown, minus)
        parts = Log (parts_)
        mean = ReduceMean <axes = [1], keepdims = 0> (parts)
        score = Mul (mean, scale)
    }"""
    model = onnx.parser.parse_model(text.replace("OPSET", str(opset)))
    random = np.random.default_rng(5)

    def weights(*shape: int) -> np.ndarray:
        return (random.normal(size=shape) * 0.5).astype(np.float32)

    constants = {
        "table": weights(VOCABULARY, 8), "w1": weights(8, 16), "b1": weights(16), "w2": weights(16, 8),
        "b2": weights(8), "kernel": weights(4, 8, 1, 1), "kb": weights(4),
        "lw": weights(1, 12, 4), "lr": weights(1, 12, 3), "lb": weights(1, 24), "scale": np.float32([3.0]).reshape(()),
        "flat8": np.array([-1, 8], np.int64), "back": np.array([-1, LENGTH, 8], np.int64),
        "second": np.array([2], np.int64), "one": np.array([1], np.int64), "minus": np.array([-1], np.int64),
    }  # fmt: skip
    model.graph.initializer.extend(numpy_helper.from_array(values, name) for name, values in constants.items())
    for number, node in enumerate(model.graph.node):
        node.name = f"{node.op_type}_{number}"
    onnx.checker.check_model(model, full_check=True)
    return model


def rows(count: int = 200) -> Dict[str, np.ndarray]:
    return {"ids": np.random.default_rng(2).integers(0, VOCABULARY, (count, LENGTH)).astype(np.int32)}


def run(model: Any, inputs: Dict[str, np.ndarray]) -> List[np.ndarray]:
    from edge.runtime.session import Session

    return Session(model.SerializeToString(), provider="cpu", threads=1).run(["score", "parts"], inputs)


def operators(model: Any) -> List[str]:
    return [node.op_type for node in model.graph.node]
