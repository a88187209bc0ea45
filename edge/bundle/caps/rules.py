"""The rules that a model must keep for a target, in the order in which they are checked.

Linear in the nodes of the model: every load of a bundle checks them.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Iterator, NamedTuple, Sequence

from edge.bundle.caps.operators import OperatorList, OperatorRule, operator_list
from edge.bundle.caps.targets import BATCH_AXIS, SIGNATURE_TYPES, Target
from edge.bundle.manifest import MODEL_NAME, TensorSpec
from edge.bundle.onnx_reader import ModelFacts
from edge.bundle.onnx_values import Node, Value
from edge.errors import CapsError

INT32_LOW, INT32_HIGH = -(1 << 31), (1 << 31) - 1


class Finding(NamedTuple):
    """A rule that is broken: what breaks it, with the node's name, and the mend."""

    what: str
    mend: str


def check_caps(facts: ModelFacts, target: Target, where: str = MODEL_NAME) -> None:
    """Refuse a model that the target cannot run; `where` names it in errors.

    Raises:
        CapsError: the first rule that is broken, the node, operator or value that breaks it, and the mend.
    """
    for finding in findings(facts, target):
        raise CapsError(finding.what, where=where, mend=finding.mend)


def findings(facts: ModelFacts, target: Target) -> Iterator[Finding]:
    """Everything of a model that the target does not take."""
    yield from _versions(facts, target)
    for domain, name in sorted(facts.functions):
        yield Finding(
            f"the model defines the function {domain}.{name}, and {target.name} takes plain operators only",
            "export it with its functions inlined",
        )
    lists = [operator_list(name) for name in target.lists]
    for node in facts.nodes:
        yield from _node(node, target, lists)
    for kind, values in (("input", facts.inputs), ("output", facts.outputs)):
        yield from _signature(kind, values, target)


def _versions(facts: ModelFacts, target: Target) -> Iterator[Finding]:
    if facts.opset > target.max_opset:
        yield Finding(
            f"opset {facts.opset} is over {target.max_opset}, the highest that {target.name} runs",
            f"export with opset {target.opset}",
        )
    if facts.ir_version > target.max_ir_version:
        yield Finding(
            f"IR version {facts.ir_version} is over {target.max_ir_version}, the highest that {target.name} reads",
            f"set the model's ir_version to {target.max_ir_version}",
        )
    if facts.opset < 1 or facts.ir_version < 1:
        yield Finding(
            f"opset {facts.opset} with IR version {facts.ir_version} does not exist",
            f"export with opset {target.opset}",
        )


def _node(node: Node, target: Target, lists: Sequence[OperatorList]) -> Iterator[Finding]:
    """The rules of one node; where its operator is refused, nothing else is said of it."""
    if node.domain and (node.domain, node.operator) not in target.contrib:
        yield Finding(
            f"{node.label} uses {node.domain}.{node.operator}, which {target.name} does not have "
            "(standard operators only)",
            "export without custom or contributed operators",
        )
        return
    for pattern, mend in () if node.domain else target.refused.items():
        if fnmatchcase(node.operator, pattern):
            yield Finding(f"{node.label} uses {node.operator}, which {target.name} does not allow", mend)
            return
    yield from _types(node, target)
    for operators in () if node.domain else lists:
        rule = operators.operators.get(node.operator)
        if rule is None or not rule.supported:
            yield Finding(
                f"{node.label} uses {node.operator}, which {operators.runtime} of {target.name} does not have",
                "write the model with other operators",
            )
            return
        yield from _listed(node, target, operators, rule)


def _types(node: Node, target: Target) -> Iterator[Finding]:
    """What the target computes with, and int64 that would be narrowed."""
    for place, value in enumerate(node.inputs):
        constant = value.constant
        if target.narrowed and constant is not None and constant.low is not None and constant.high is not None:
            outside = constant.low if constant.low < INT32_LOW else constant.high
            if not INT32_LOW <= outside <= INT32_HIGH:
                yield Finding(
                    f"{node.label} ({node.operator}) has {outside} in the int64 constant '{value.name}', its input "
                    f"{place}, which {target.name} narrows to int32",
                    "fold the shapes, and write the end of a Slice as 2147483647",
                )
    for value in (*node.inputs, *node.outputs):
        if value.dtype and value.dtype not in target.types:
            yield Finding(
                f"{node.label} ({node.operator}) works with '{value.name}' in {value.dtype}, which {target.name} "
                "does not compute with",
                "compute in float32 or int32",
            )
            return


def _listed(node: Node, target: Target, operators: OperatorList, rule: OperatorRule) -> Iterator[Finding]:
    """Types and conditions of an operator as the runtime's list has them."""
    for place, value in enumerate(node.inputs):
        if (rule.inputs is None or place in rule.inputs) and not _takes(rule, operators, value):
            yield Finding(
                f"{node.label} uses {node.operator} on '{value.name}' in {value.dtype}, which {operators.runtime} of "
                f"{target.name} has for {', '.join(rule.types)} only",
                f"cast to {rule.types[0]} before it, or fold what is known before the graph runs",
            )
            return
    for condition in rule.conditions:
        broken = condition.broken(node)
        if broken is not None:
            yield Finding(
                f"{node.label} uses {node.operator} in a way that {operators.runtime} of {target.name} does not take: "
                f"it {broken}",
                condition.mend,
            )


def _takes(rule: OperatorRule, operators: OperatorList, value: Value) -> bool:
    dtype = operators.narrowed.get(value.dtype, value.dtype)
    return not dtype or dtype in rule.types


def _signature(kind: str, values: Sequence[TensorSpec], target: Target) -> Iterator[Finding]:
    if not values:
        yield Finding(f"the graph has no {kind}", "export it again")
    for value in values:
        if value.dtype not in SIGNATURE_TYPES:
            takes = " or ".join(sorted(SIGNATURE_TYPES))
            yield Finding(
                f"{kind} '{value.name}' is {value.dtype}, and {target.name} {_VERBS[kind]} {takes}", _CASTS[kind]
            )
        elif value.shape[:1] != [BATCH_AXIS]:
            yield Finding(
                f"{kind} '{value.name}' has the shape {_shape(value)}, whose first axis is not '{BATCH_AXIS}'",
                f"trace the graph with a dynamic first axis, and name it '{BATCH_AXIS}'",
            )
        elif any(not isinstance(axis, int) or axis < 1 for axis in value.shape[1:]):
            yield Finding(
                f"{kind} '{value.name}' has the shape {_shape(value)}, where only the first axis may be dynamic",
                "fix every other axis when tracing the graph",
            )


_VERBS = {"input": "takes", "output": "gives"}
_CASTS = {
    "input": "cast it before the graph, and trace the graph with int32 or float32",
    "output": "cast it to float32 or int32 at the end of the graph",
}


def _shape(value: TensorSpec) -> str:
    return "[" + ", ".join(str(axis) or "?" for axis in value.shape) + "]"
