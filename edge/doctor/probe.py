"""What is run on a provider to see whether it works: a model, its input, and what must come out."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Dict, List

import numpy as np

from edge.bundle.folder import Bundle
from edge.bundle.golden import decode_golden
from edge.bundle.manifest import GOLDEN_NAME, TensorSpec
from edge.errors import IntegrityError
from edge.runtime.verifying import relative_differences

# y = x + x, float32 [batch, 4]; opset 13, IR version 8: 93 bytes, made once with onnx.helper, as a test makes them
# again.
TINY_MODEL = base64.b64decode(
    "CAg6UwoWCgF4CgF4EgF5GgZkb3VibGUiA0FkZBIFcHJvYmVaGAoBeBITChEIARINCgcSBWJhdGNoCgIIBGIYCgF5EhMKEQgBEg0K"
    "BxIFYmF0Y2gKAggEQgQKABAN"
)


@dataclass(frozen=True, eq=False)
class Probe:
    """`expected` is what the output `output` must be for `inputs`.

    `tolerance` is relative to the larger of the value and `threshold` (see `relative_differences`). `precision`, the
    ascending `batch_sizes` and `graph_inputs` are what a session is opened with, as of a manifest.
    """

    name: str
    model: bytes
    inputs: Dict[str, np.ndarray]
    output: str
    expected: np.ndarray
    tolerance: float
    threshold: float
    precision: str
    batch_sizes: List[int]
    graph_inputs: List[TensorSpec]


def tiny_probe() -> Probe:
    """A model of one node, which any provider can run."""
    x = np.array([[1.0, -2.0, 0.5, 1000.0]], np.float32)
    return Probe(
        name="a model of one node",
        model=TINY_MODEL,
        inputs={"x": x},
        output="y",
        expected=x + x,
        tolerance=1e-6,
        threshold=1.0,
        precision="fp32",
        batch_sizes=[1],
        graph_inputs=[TensorSpec(name="x", dtype="float32", shape=["batch", 4])],
    )


def bundle_probe(bundle: Bundle) -> Probe:
    """A bundle's model on the first of its golden lines.

    Raises:
        IntegrityError: the bundle has no golden line that can be scored, or damaged ones.
    """
    golden = decode_golden(bundle.read(GOLDEN_NAME), str(bundle.root / GOLDEN_NAME))
    first = next((one for one in golden if one.score is not None), None)
    if first is None:
        raise IntegrityError(
            "none of its golden lines can be scored, so there is nothing to try a provider with",
            where=str(bundle.root / GOLDEN_NAME),
            mend="export the bundle again",
        )
    manifest = bundle.manifest
    dtypes = {spec.name: spec.dtype for spec in manifest.graph.inputs}
    return Probe(
        name=f"the model of {manifest.name}",
        model=bundle.model,
        inputs={name: np.asarray(rows, dtypes[name]) for name, rows in first.inputs.items()},
        output="score",
        expected=np.asarray([first.score], np.float64),
        tolerance=manifest.parity.tolerance,
        threshold=manifest.threshold.value,
        precision=manifest.precision,
        batch_sizes=list(manifest.conversion.batch_sizes),
        graph_inputs=list(manifest.graph.inputs),
    )


def disagreement(probe: Probe, found: np.ndarray) -> float:
    """The relative difference of what came out; of several rows' scores the highest counts, as in `score`."""
    values = np.asarray(found, np.float64)
    if values.shape != probe.expected.shape:
        values = values.max(axis=0, keepdims=True)
    return float(np.max(relative_differences(values, probe.expected, probe.threshold)))
