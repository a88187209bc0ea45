"""A bundle for windows of access lines, made by hand in a moment: a window is as odd as its line of most bytes.

Windows have three lines, and begin two lines apart. The threshold is 1,000 bytes.
"""

from __future__ import annotations

from pathlib import Path

import onnx_writer
import sample_bundle
from msgspec.structs import replace

from edge.bundle.folder import load_bundle
from edge.bundle.golden import encode_golden
from edge.bundle.manifest import GraphSpec, TensorSpec
from edge.bundle.preprocessing import Feature, FormatSpec, Preprocessing, SessionSpec, StepEncoderSpec
from edge.reading import sessions_of
from edge.runtime.detector import Detector
from edge.runtime.verifying import content_of, replay

STEPS = 3
SPEC = FormatSpec(name="requests", layout=None, fields=["bytes"], header=None, skip_characters=0)
PREPROCESSING = Preprocessing(
    format=SPEC,
    masks=[],
    sessions=SessionSpec(key=None, idle_records=None, length=STEPS, step=2, seconds=None),
    encoder=StepEncoderSpec(steps=STEPS, max_segments=2, features=[Feature(name="bytes", categories=None)]),
)


def access_line(size: int) -> str:
    """A request whose answer has so many bytes."""
    return f'192.0.2.7 - - [17/May/2015:10:05:03 +0000] "GET /{size} HTTP/1.1" 200 {size}'


def make_window_bundle(folder: Path) -> Path:
    """Write the bundle."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {"model.onnx": _model()}
    fields = {
        "name": "windows",
        "detector": "sequence",
        "graph": GraphSpec(
            opset=16,
            ir_version=8,
            inputs=[TensorSpec(name="steps", dtype="float32", shape=["batch", STEPS, 2])],
            outputs=[
                TensorSpec(name="score", dtype="float32", shape=["batch"]),
                TensorSpec(name="step_scores", dtype="float32", shape=["batch", STEPS]),
            ],
        ),
        "preprocessing": PREPROCESSING,
        "threshold": replace(sample_bundle.manifest().threshold, value=1000.0),
    }
    sample_bundle.write_bundle(folder, files, **fields)
    detector = Detector(load_bundle(folder), provider="cpu")
    lines = [[access_line(size) for size in sizes] for sizes in ([1, 2, 3], [4, 5000, 6], [7])] + [["no request"]]
    sessions = sessions_of(PREPROCESSING, lambda _: b"")
    golden = replay(detector.scorer, detector.threshold, lines, [content_of(SPEC, one, sessions) for one in lines])
    files["golden.jsonl"] = encode_golden(golden)
    return sample_bundle.write_bundle(folder, files, **fields)


def _model() -> bytes:
    def highest(source: str, name: str, axis: int) -> bytes:
        return onnx_writer.node(
            "ReduceMax",
            [source],
            [name],
            name=name,
            attributes=[onnx_writer.ints_attribute("axes", [axis]), onnx_writer.int_attribute("keepdims", 0)],
        )

    return onnx_writer.model(
        onnx_writer.graph(
            # The one that says that a line is there counts less than any line's bytes but 0.
            [highest("steps", "step_scores", 2), highest("step_scores", "score", 1)],
            [onnx_writer.value("steps", onnx_writer.FLOAT, ("batch", STEPS, 2))],
            [
                onnx_writer.value("score", onnx_writer.FLOAT, ("batch",)),
                onnx_writer.value("step_scores", onnx_writer.FLOAT, ("batch", STEPS)),
            ],
            [],
        )
    )
