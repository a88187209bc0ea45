"""One form for equal models: tf2onnx names and orders what it writes by counters and by sets, anew in each process."""

from __future__ import annotations

from typing import Any


def canonicalise(graph: Any) -> dict[str, str]:
    """Order and name the nodes and constants of an ONNX GraphProto by their place in it alone.

    Returns the new name of each node that had one.

    Nodes come in the order in which the outputs need them; what no output needs is dropped. The graph's inputs and
    outputs keep their names. A graph with graphs inside of it (Loop, Scan, If), whose names reach across, stays as it
    is.
    """
    if any(attribute.HasField("g") or attribute.graphs for node in graph.node for attribute in node.attribute):
        return {node.name: node.name for node in graph.node}
    nodes = _in_order_of_need(graph)
    constants = {constant.name: constant for constant in graph.initializer}
    names = {value.name: value.name for value in [*graph.input, *graph.output]}
    names[""] = ""  # an optional input that is not given
    used: list[Any] = []
    renamed: dict[str, str] = {}
    wanted = [*(name for node in nodes for name in node.input), *(value.name for value in graph.output)]
    for name in dict.fromkeys(name for name in wanted if name in constants):
        names.setdefault(name, f"constant_{len(used)}")
        used.append(constants[name])
    for number, node in enumerate(nodes):
        renamed[node.name] = f"{node.op_type}_{number}"
        node.name = renamed[node.name]
        if not node.domain:
            # tf2onnx writes out the empty name of the standard domain where it made a node anew.
            node.ClearField("domain")
        for place, name in enumerate(node.output):
            names.setdefault(name, f"{node.name}:{place}")
        for values in (node.input, node.output):
            values[:] = [names[name] for name in values]
    for constant in used:
        constant.name = names[constant.name]
    _replace(graph.node, nodes)
    _replace(graph.initializer, used)
    renamed.pop("", None)
    return renamed


def _in_order_of_need(graph: Any) -> list[Any]:
    """The nodes that the outputs need, each after the ones that it needs itself."""
    producers = {name: number for number, node in enumerate(graph.node) for name in node.output if name}
    ordered: dict[int, None] = {}
    waiting = [producers[value.name] for value in reversed(graph.output) if value.name in producers]
    while waiting:
        number = waiting[-1]
        needed = [producers[name] for name in graph.node[number].input if name in producers]
        missing = [other for other in reversed(needed) if other not in ordered]
        if missing:
            waiting += missing
        else:
            ordered[waiting.pop()] = None
    return [graph.node[number] for number in ordered]


def _replace(repeated: Any, messages: list[Any]) -> None:
    copies = [type(message).FromString(message.SerializeToString(deterministic=True)) for message in messages]
    del repeated[:]
    repeated.extend(copies)
