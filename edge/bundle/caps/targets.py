"""The kinds of devices that oddline exports for, and the most that each of them accepts.

Sources: TensorRT's support matrices and the operator lists of its ONNX parser (8.5 for JetPack 5.1; 8.6 and 10 for
JetPack 6), and ONNX Runtime's compatibility table of opsets and IR versions. `docs/bundle.md` holds the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, FrozenSet, Mapping, Tuple

from edge.bundle.onnx_reader import Operator
from edge.errors import CapsError

BATCH_AXIS = "batch"
"""The name of the first axis of every input and output, the only one whose size is not fixed."""

SIGNATURE_TYPES = frozenset({"float32", "int32"})
"""What the inputs and outputs of every graph may be, whatever is computed with in between."""


@dataclass(frozen=True)
class Target:
    """What export writes for a kind of device (`opset`), and the most that the device accepts.

    `types` are the dtypes of everything that the graph computes. `narrowed` tells that int64 becomes int32 there.
    `refused` maps operators of the standard domain (a shell pattern) to the mend; `contrib` are the operators of other
    domains that the target has. `lists` name the operator lists (`edge.bundle.caps.operators`) that must all have an
    operator; with none, every operator of the standard domain is taken.
    """

    name: str
    opset: int
    max_opset: int
    max_ir_version: int
    types: FrozenSet[str]
    narrowed: bool
    refused: Mapping[str, str]
    contrib: FrozenSet[Operator]
    lists: Tuple[str, ...]


# TensorRT has float64 and 16-bit brain floats in name or in later versions only, uint8 at a network's ends only.
_TENSORRT_TYPES = frozenset({"float32", "float16", "int32", "int64", "int8", "bool"})
_CPU_TYPES = _TENSORRT_TYPES | {"uint8"}

_QUANTISE = "export with --precision fp32 or fp16, or for --target cpu"
# Operators of integer arithmetic: TensorRT, in any version, takes int8 as pairs of QuantizeLinear and DequantizeLinear.
_INTEGER_ARITHMETIC: Dict[str, str] = {
    "DynamicQuantizeLinear": _QUANTISE,
    "MatMulInteger": _QUANTISE,
    "ConvInteger": _QUANTISE,
    "QLinear*": _QUANTISE,
}
_CONTROL_FLOW: Dict[str, str] = dict.fromkeys(
    ("Loop", "Scan", "If"),
    "trace the model with a dynamic batch axis and without control flow (an LSTM then becomes the LSTM operator)",
)
_DYNAMIC = "quantise MatMul, Gemm and LSTM dynamically, and leave the rest in float32"

TARGETS: Dict[str, Target] = {
    target.name: target
    for target in (
        Target(
            name="xavier-jp5",
            opset=16,
            max_opset=17,
            max_ir_version=8,
            types=_TENSORRT_TYPES,
            narrowed=True,
            refused={
                **_INTEGER_ARITHMETIC,
                **_CONTROL_FLOW,
                "LayerNormalization": "export with opset 16, which writes it as elementary operators",
            },
            contrib=frozenset(),
            lists=("tensorrt-8.5",),
        ),
        Target(
            name="orin-jp6",
            opset=17,
            max_opset=19,
            max_ir_version=9,
            types=_TENSORRT_TYPES,
            narrowed=True,
            refused=_INTEGER_ARITHMETIC,
            contrib=frozenset(),
            # JetPack 6.0 has the one, 6.1 and later have the other.
            lists=("tensorrt-8.6", "tensorrt-10.15"),
        ),
        Target(
            name="cpu",
            opset=17,
            max_opset=17,
            max_ir_version=8,
            types=_CPU_TYPES,
            narrowed=False,
            # ONNX Runtime has no kernels of these for every CPU and type; with what it has for pairs of QuantizeLinear
            # and DequantizeLinear it makes them out of those.
            refused=dict.fromkeys(("ConvInteger", "QLinear*", "QuantizeLinear", "DequantizeLinear"), _DYNAMIC),
            # What ONNX Runtime's dynamic quantisation writes for MatMul, Gemm and LSTM outside of the standard domain.
            contrib=frozenset(
                ("com.microsoft", name)
                for name in ("DynamicQuantizeLSTM", "DynamicQuantizeMatMul", "MatMulIntegerToFloat")
            ),
            lists=(),
        ),
    )
}


def find_target(name: str) -> Target:
    """The target of that name.

    Raises:
        CapsError: there is none.
    """
    try:
        return TARGETS[name]
    except KeyError:
        raise CapsError(f"no target is named '{name}'", mend=f"the targets are {', '.join(TARGETS)}") from None
