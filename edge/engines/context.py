"""A model whose only node is an engine: how ONNX Runtime, from 1.17 on, takes one that it did not build itself.

The node is `EPContext` of the domain com.microsoft (ContribOperators.md and "EP Context Design" in ONNX Runtime's
documentation; onnx_ctx_model_helper.cc reads it). The engine's bytes lie in the model itself (``embed_mode`` 1): a path
would be taken as relative to the model's file, and a session here is made from bytes. Field numbers are those of
`onnx.proto`, see `edge.bundle.onnx_reader`.
"""

from __future__ import annotations

from typing import Dict, Iterable, Sequence, Union

from edge.bundle.manifest import GraphSpec, TensorSpec

SINCE = (1, 17)
"""The version of ONNX Runtime that brought the operator (1.16.3 does not have it, 1.17.1 does)."""

_DOMAIN, _OPERATOR = "com.microsoft", "EPContext"
_PROVIDER = "TensorrtExecutionProvider"
_DTYPES: Dict[str, int] = {"float32": 1, "int32": 6, "int64": 7, "float16": 10}
_INT, _STRING = 2, 3
_VARINT, _BYTES = 0, 2


def context_model(graph: GraphSpec, engine: bytes, compute_capability: str) -> bytes:
    """An ONNX model with the inputs and outputs of `graph`, which runs `engine`.

    The engine's tensors have the names of the graph's. `compute_capability` is like ``7.2``; ONNX Runtime warns when
    the GPU has another.
    """
    node = b"".join(
        [
            *(_block(1, spec.name) for spec in graph.inputs),
            *(_block(2, spec.name) for spec in graph.outputs),
            _block(3, "engine"),
            _block(4, _OPERATOR),
            _block(7, _DOMAIN),
            _attribute("main_context", 1),
            _attribute("embed_mode", 1),
            _attribute("ep_cache_context", engine),
            _attribute("source", _PROVIDER.encode()),
            _attribute("hardware_architecture", compute_capability.replace(".", "").encode()),
        ]
    )
    content = b"".join(
        [
            _block(1, node),
            _block(2, "engine"),
            *_values(11, graph.inputs),
            *_values(12, graph.outputs),
        ]
    )
    opsets = b"".join(_block(8, _opset(domain, version)) for domain, version in (("", graph.opset), (_DOMAIN, 1)))
    return _integer(1, graph.ir_version) + opsets + _block(7, content)


def _values(number: int, specs: Sequence[TensorSpec]) -> Iterable[bytes]:
    for spec in specs:
        axes = b"".join(_block(1, _axis(size)) for size in spec.shape)
        tensor = _integer(1, _DTYPES[spec.dtype]) + _block(2, axes)
        yield _block(number, _block(1, spec.name) + _block(2, _block(1, tensor)))


def _axis(size: Union[int, str]) -> bytes:
    return _block(2, size) if isinstance(size, str) else _integer(1, size)


def _opset(domain: str, version: int) -> bytes:
    return _block(1, domain) + _integer(2, version)


def _attribute(name: str, value: Union[int, bytes]) -> bytes:
    if isinstance(value, int):
        return _block(5, _block(1, name) + _integer(3, value) + _integer(20, _INT))
    return _block(5, _block(1, name) + _block(4, value) + _integer(20, _STRING))


def _block(number: int, content: Union[bytes, str]) -> bytes:
    data = content.encode("utf-8") if isinstance(content, str) else content
    return _varint(number << 3 | _BYTES) + _varint(len(data)) + data


def _integer(number: int, value: int) -> bytes:
    return _varint(number << 3 | _VARINT) + _varint(value)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
