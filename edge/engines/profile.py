"""The shapes that an engine is built for: any number of rows between two bounds, all other axes fixed."""

from __future__ import annotations

from typing import NamedTuple, Sequence

from edge.bundle.manifest import TensorSpec
from edge.errors import ProviderError


class Profile(NamedTuple):
    """Shapes of all inputs as ``name:1x32,other:1x8``, the way ONNX Runtime and trtexec write them."""

    smallest: str
    tuned: str
    largest: str


def shape_profile(batch_sizes: Sequence[int], inputs: Sequence[TensorSpec]) -> Profile:
    """The profile for batches from the first to the last of the ascending `batch_sizes`, tuned for the last.

    Raises:
        ProviderError: there is no batch size, an input has another dynamic axis than its first, or a name that the
            notation has no place for.
    """
    if not batch_sizes or not inputs:
        raise ProviderError("an engine needs a batch size and an input", mend="export the bundle again")
    most = _shapes(inputs, batch_sizes[-1])
    return Profile(_shapes(inputs, batch_sizes[0]), most, most)


def _shapes(inputs: Sequence[TensorSpec], rows: int) -> str:
    return ",".join(f"{_name(spec)}:{'x'.join(map(str, shape_of(spec, rows)))}" for spec in inputs)


def shape_of(spec: TensorSpec, rows: int) -> Sequence[int]:
    """The shape of an input for so many rows.

    Raises:
        ProviderError: another axis than the first is dynamic.
    """
    fixed = [size for size in spec.shape[1:] if isinstance(size, int)]
    if not spec.shape or len(fixed) != len(spec.shape) - 1:
        raise ProviderError(
            f"the input '{spec.name}' has a shape that no engine can be built for ({spec.shape})",
            mend="export the bundle again: only the first axis may be dynamic",
        )
    return [rows if isinstance(spec.shape[0], str) else spec.shape[0], *fixed]


def _name(spec: TensorSpec) -> str:
    if any(character in spec.name for character in ":, "):
        raise ProviderError(
            f"the input '{spec.name}' has a name that shapes cannot be given for",
            mend="export the bundle again with names without colon, comma and blank",
        )
    return spec.name
