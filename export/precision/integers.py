"""Layers in int8, by ONNX Runtime's own tools (`onnxruntime.quantization`).

For TensorRT the scales are fixed: pairs of QuantizeLinear and DequantizeLinear around the inputs of each layer, found
on calibration rows, symmetric (zero point 0), with weights that stay float32 before their pair and biases in float32,
and a pair for each user. That is what TensorRT 8's parser takes; it refuses weights that are int8 already (microsoft/
onnxruntime issue 14229), and NVIDIA's Model Optimizer asks the same tool for the same.

For a CPU the scales of activations are found for each batch while the graph runs (MatMulInteger, DynamicQuantizeLSTM).
A record's score then depends a little on what else is in its batch. Weights have seven bits, since products of eight
overflow in 16 bits on x86 processors without VNNI.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from edge.runtime.session import import_onnxruntime
from export.graph.editor import Editor
from export.precision.layers import CONVOLUTIONS, PRODUCTS, RECURRENT, layers

STATIC_LAYERS = (*PRODUCTS, *CONVOLUTIONS)
DYNAMIC_LAYERS = (*PRODUCTS, *RECURRENT)
_ROWS_AT_ONCE = 64
# Of each kind of convolution, the axis of its weights that counts outputs.
_OUTPUT_AXES = {"Conv": 0, "ConvTranspose": 1}


def fixed_scales(model: Any, chosen: Collection[str], rows: Mapping[str, np.ndarray]) -> Any:
    """The model, which is changed, with the layers of these names in int8; `rows` are inputs to find scales on."""
    import_onnxruntime()
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    _own_weights(model, chosen)

    def write(path: Path) -> None:
        quantize_static(
            model,
            str(path),
            _Rows(rows),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(STATIC_LAYERS),
            nodes_to_quantize=sorted(chosen),
            per_channel=True,
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
            extra_options={
                "ActivationSymmetric": True,
                "WeightSymmetric": True,
                "AddQDQPairToWeight": True,
                "DedicatedQDQPair": True,
                "QuantizeBias": False,
                "OpTypesToExcludeOutputQuantization": list(STATIC_LAYERS),
                "QDQOpTypePerChannelSupportToAxis": _OUTPUT_AXES,
            },
        )

    quantised = _written(write)
    _spare_others(quantised, chosen)
    return quantised


def scales_of_each_batch(model: Any, chosen: Collection[str]) -> Any:
    """The model, which is changed, with the layers of these names in int8, for a CPU."""
    import_onnxruntime()
    from onnxruntime.quantization import QuantType, quantize_dynamic

    _split_gemms(model)
    _own_weights(model, chosen)

    def write(path: Path) -> None:
        quantize_dynamic(
            model,
            str(path),
            op_types_to_quantize=list(DYNAMIC_LAYERS),
            nodes_to_quantize=sorted(chosen),
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            extra_options={"MatMulConstBOnly": True},
        )

    return _written(write)


class _Rows:
    """Calibration rows, a batch at a time, as `onnxruntime.quantization.CalibrationDataReader` gives them."""

    def __init__(self, rows: Mapping[str, np.ndarray]) -> None:
        self._rows = rows
        self._at = 0

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next batch, None after the last."""
        start, self._at = self._at, self._at + _ROWS_AT_ONCE
        batch = {name: values[start : self._at] for name, values in self._rows.items()}
        return batch if all(len(values) for values in batch.values()) else None


def _spare_others(model: Any, chosen: Collection[str]) -> None:
    """Give all but the chosen layers their inputs as they were: the tool puts a pair before every user of a value."""
    made_by = {name: node for node in model.graph.node for name in node.output}
    for node in model.graph.node:
        if node.name in chosen or node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            continue
        for place, name in enumerate(node.input):
            back = made_by.get(name)
            if back is not None and back.op_type == "DequantizeLinear":
                node.input[place] = made_by[back.input[0]].input[0]


def _own_weights(model: Any, chosen: Collection[str]) -> None:
    """Weights of their own for the chosen layers: the tool quantises shared ones for all who use them."""
    editor = Editor(model)
    for node in list(editor.graph.node):
        weights = editor.constant(node.input[1]) if node.name in chosen and len(node.input) > 1 else None
        if weights is not None and len(editor.consumers[node.input[1]]) > 1:
            node.input[1] = editor.add_constant(weights)


def _split_gemms(model: Any) -> None:
    """Gemm as MatMul, which keeps the name, and Add: the tool would do so itself and give names of its own."""
    from onnx import helper

    editor = Editor(model)
    for node in list(layers(editor, ("Gemm",))):
        product = editor.new_name(f"{node.output[0]}_product")
        steps = [helper.make_node("MatMul", list(node.input[:2]), [product], name=node.name)]
        if len(node.input) > 2:
            steps.append(helper.make_node("Add", [product, node.input[2]], list(node.output), name=f"{node.name}_bias"))
        else:
            steps[0].output[:] = node.output
        editor.insert_before(node, steps)
        editor.remove(node)


def _written(write: Any) -> Any:
    import onnx

    with tempfile.TemporaryDirectory() as folder, _quiet():
        path = Path(folder) / "model.onnx"
        write(path)
        return onnx.load(path)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the tool's advice to prepare the model, which was done."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
