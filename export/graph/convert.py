"""From a TensorFlow function to an ONNX model within a target's caps."""

from __future__ import annotations

from typing import Any

from edge.bundle.caps import BATCH_AXIS, check_caps, find_target
from edge.bundle.onnx_reader import ModelFacts, read_model_facts
from edge.errors import CapsError
from export.graph.canonical import canonicalise
from export.graph.cleanup import clean_up


def to_onnx(graph: Any, *, target: str, name: str) -> tuple[bytes, ModelFacts]:
    """The ONNX model of a `tf.function` that has an input signature and returns a dict of outputs, and its facts.

    Inputs and outputs keep their names (an output's is its key); the first axis of each is dynamic and called
    ``batch``. Opset and IR version are the target's. Equal functions give equal bytes, in every process.

    Raises:
        CapsError: the target cannot run the model.
    """
    import onnx
    import tf2onnx

    chosen = find_target(target)
    model, _ = tf2onnx.convert.from_function(graph, input_signature=graph.input_signature, opset=chosen.opset)
    _drop_unused_domains(model)
    _name_batch_axis(model)
    clean_up(model)
    canonicalise(model.graph)
    model.ir_version = min(model.ir_version, chosen.max_ir_version)
    model.graph.name = name
    # What tf2onnx says of itself would make equal models differ between its versions.
    model.producer_name = "oddline"
    model.ClearField("producer_version")
    model.graph.ClearField("doc_string")
    model.ClearField("doc_string")
    onnx.checker.check_model(model, full_check=True)
    data: bytes = model.SerializeToString(deterministic=True)
    facts = read_model_facts(data, name)
    if facts.opset != chosen.opset:
        raise CapsError(f"the converter gave opset {facts.opset}, not {chosen.opset}", where=name)
    check_caps(facts, chosen, name)
    return data, facts


def _drop_unused_domains(model: Any) -> None:
    used = {node.domain for node in model.graph.node}
    for entry in [entry for entry in model.opset_import if entry.domain and entry.domain not in used]:
        model.opset_import.remove(entry)


def _name_batch_axis(model: Any) -> None:
    # tf2onnx calls it unk__1, unk__2 and so on; inferred shapes inside of the graph repeat those names.
    del model.graph.value_info[:]
    for value in [*model.graph.input, *model.graph.output]:
        value.type.tensor_type.shape.dim[0].dim_param = BATCH_AXIS
