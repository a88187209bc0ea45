"""`python -m edge.bundle.caps TARGET [MODEL]`: what a target takes, or everything that it refuses of a model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Iterator, Sequence

from edge.bundle.caps.operators import OperatorList, OperatorRule, operator_list
from edge.bundle.caps.rules import findings
from edge.bundle.caps.targets import SIGNATURE_TYPES, Target, find_target
from edge.bundle.onnx_reader import read_model_facts
from edge.errors import InputError, OddlineError, escape_control

USAGE = "usage: python -m edge.bundle.caps TARGET [MODEL.onnx]"


def main(arguments: Sequence[str]) -> int:
    """Print it, and give the exit status: 1 where something of the model is refused."""
    if not 1 <= len(arguments) <= 2:
        print(USAGE, file=sys.stderr)
        return 2
    try:
        target = find_target(arguments[0])
        lines = list(describe(target)) if len(arguments) == 1 else list(refusals(target, arguments[1]))
    except OddlineError as error:
        print(f"oddline: error: {error}", file=sys.stderr)
        return 1
    for line in lines:
        print(escape_control(line))
    return 1 if len(arguments) == 2 and lines else 0


def refusals(target: Target, path: str) -> Iterator[str]:
    """A line for each rule that the model breaks.

    Raises:
        InputError: the file cannot be read.
        IntegrityError: it is no ONNX model.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=path, mend="give the path of a model") from error
    for what, mend in findings(read_model_facts(data, path), target):
        yield f"{what}; {mend}"


def describe(target: Target) -> Iterator[str]:
    """The rules of a target, then its lists of operators."""
    yield f"{target.name}: opset up to {target.max_opset}, IR version up to {target.max_ir_version}"
    yield f"inputs and outputs: {', '.join(sorted(SIGNATURE_TYPES))}; in between: {', '.join(sorted(target.types))}"
    for pattern, mend in target.refused.items():
        yield f"{pattern}: refused; {mend}"
    for domain, name in sorted(target.contrib):
        yield f"{domain}.{name}: taken"
    for name in target.lists:
        yield from _listed(operator_list(name))


def _listed(operators: OperatorList) -> Iterator[str]:
    source = operators.source
    yield ""
    yield f"{operators.runtime}, from {source.path} of {source.repository}, {source.revision} ({source.licence})"
    yield from source.remarks
    for name, rule in operators.operators.items():
        yield f"  {name}: {_words(rule)}"


def _words(rule: OperatorRule) -> str:
    if not rule.supported:
        return "not there"
    asked = [f"{type(one).__struct_config__.tag}: {_fields(one)}" for one in rule.conditions]
    return "; ".join([", ".join(rule.types), *asked, *rule.notes])


def _fields(condition: object) -> str:
    names = [name for name in condition.__struct_fields__ if name != "mend"]  # type: ignore[attr-defined]
    return " ".join(str(getattr(condition, name)) for name in names)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
