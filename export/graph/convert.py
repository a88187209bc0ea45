"""From a TensorFlow function to an ONNX model within a target's caps."""

from __future__ import annotations

from typing import Any, NamedTuple

from edge.bundle.caps import BATCH_AXIS, check_caps, find_target
from edge.bundle.onnx_reader import ModelFacts, read_model_facts
from edge.errors import CapsError
from export.graph.canonical import canonicalise
from export.graph.cleanup import clean_up
from export.graph.folding import fold_embeddings

_REPORT = "report this with the versions of tensorflow, tf2onnx and onnx"


class Finished(NamedTuple):
    """A model as the bundle holds it: `data` is the serialized ModelProto, `facts` what was read from it.

    `renamed` gives the new name of each node that had one before.
    """

    data: bytes
    facts: ModelFacts
    renamed: dict[str, str]


def to_onnx(graph: Any, *, target: str, name: str) -> Finished:
    """The ONNX model of a `tf.function` that has an input signature and returns a dict of outputs.

    Inputs and outputs keep their names (an output's is its key); the first axis of each is dynamic and called
    ``batch``. Opset and IR version are the target's. Equal functions give equal bytes, in every process.

    Raises:
        CapsError: the target cannot run the model.
    """
    return finish(convert(graph, target=target), target=target, name=name)


def convert(graph: Any, *, target: str) -> Any:
    """The onnx.ModelProto of a function, as in `to_onnx`, in float32 and cleaned up, but not yet in its final form."""
    import tf2onnx

    opset = find_target(target).opset
    model, _ = tf2onnx.convert.from_function(graph, input_signature=graph.input_signature, opset=opset)
    _drop_unused_domains(model)
    _name_batch_axis(model)
    clean_up(model)
    return model


def fold(model: Any) -> list[str]:
    """Fold what can be folded into a model of `convert`, in place; what was, in words."""
    folded = fold_embeddings(model)
    if folded:
        clean_up(model)
    return folded


def finish(model: Any, *, target: str, name: str) -> Finished:
    """Put a model in the form in which equal models have equal bytes, and check it; `model` is changed.

    Raises:
        CapsError: the target cannot run it.
    """
    import onnx

    chosen = find_target(target)
    renamed = canonicalise(model.graph)
    model.ir_version = min(model.ir_version, chosen.max_ir_version)
    model.graph.name = name
    # What tools say of themselves would make equal models differ between their versions.
    model.producer_name = "oddline"
    for field in ("producer_version", "doc_string", "metadata_props"):
        model.ClearField(field)
    model.graph.ClearField("doc_string")
    del model.graph.value_info[:]
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise CapsError(f"the graph is not valid ({error})", where=name, mend=_REPORT) from error
    data: bytes = model.SerializeToString(deterministic=True)
    facts = read_model_facts(data, name)
    if facts.opset != chosen.opset:
        raise CapsError(f"the converter gave opset {facts.opset}, not {chosen.opset}", where=name, mend=_REPORT)
    check_caps(facts, chosen, name)
    return Finished(data, facts, renamed)


def _drop_unused_domains(model: Any) -> None:
    used = {node.domain for node in model.graph.node}
    for entry in [entry for entry in model.opset_import if entry.domain and entry.domain not in used]:
        model.opset_import.remove(entry)


def _name_batch_axis(model: Any) -> None:
    # tf2onnx calls it unk__1, unk__2 and so on; inferred shapes inside of the graph repeat those names.
    del model.graph.value_info[:]
    for value in [*model.graph.input, *model.graph.output]:
        axes = value.type.tensor_type.shape.dim
        if len(axes):  # one without any is refused by the caps
            axes[0].dim_param = BATCH_AXIS
