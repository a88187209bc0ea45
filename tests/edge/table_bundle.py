"""A bundle for rows of a table, made by hand in a moment: two scores, joined to one.

A row's ``attack`` is its bytes and its ``novelty`` ten times its duration; both thresholds are 100.
"""

from __future__ import annotations

from pathlib import Path

import onnx_writer
import sample_bundle
from msgspec.structs import replace

from edge.bundle.folder import load_bundle
from edge.bundle.golden import encode_golden
from edge.bundle.manifest import GraphSpec, ScorePart, TensorSpec
from edge.bundle.preprocessing import Feature, FeatureEncoderSpec, FormatSpec, Preprocessing
from edge.runtime.detector import Detector
from edge.runtime.verifying import content_of, replay

FIELDS = ["Duration", "Total Fwd Packets", "Bytes"]
SPEC = FormatSpec(name="csv", layout=None, fields=FIELDS, header=None, skip_characters=0)
WIDTH = 3
HEADER = ",".join(FIELDS)
ROWS = ["1,2,3", "10,2,3", "1,2,100", "50,2,900", "1,2,inf", "1,,3", "1,2"]


def make_table_bundle(folder: Path) -> Path:
    """Write the bundle; `ROWS` are its golden records."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {"model.onnx": _model()}
    part = sample_bundle.manifest().threshold
    fields = {
        "name": "table",
        "detector": "flow",
        "graph": GraphSpec(
            opset=16,
            ir_version=8,
            inputs=[TensorSpec(name="features", dtype="float32", shape=["batch", WIDTH])],
            outputs=[
                *[TensorSpec(name=name, dtype="float32", shape=["batch"]) for name in ("score", "attack", "novelty")],
                TensorSpec(name="feature_scores", dtype="float32", shape=["batch", WIDTH]),
            ],
        ),
        "preprocessing": Preprocessing(
            format=SPEC,
            masks=[],
            sessions=None,
            encoder=FeatureEncoderSpec(features=[Feature(name=name, categories=None) for name in FIELDS]),
        ),
        "threshold": replace(part, value=1.0),
        "parts": [ScorePart(name=name, threshold=replace(part, value=100.0)) for name in ("attack", "novelty")],
    }
    sample_bundle.write_bundle(folder, files, **fields)
    detector = Detector(load_bundle(folder), provider="cpu")
    lines = [[HEADER, row] for row in ROWS]
    golden = replay(detector.scorer, detector.threshold, lines, [content_of(SPEC, one) for one in lines])
    files["golden.jsonl"] = encode_golden(golden)
    return sample_bundle.write_bundle(folder, files, **fields)


def _model() -> bytes:
    def matrix(name: str, *values: float) -> bytes:
        return onnx_writer.tensor(name, onnx_writer.FLOAT, (WIDTH, 1), raw=onnx_writer.floats(values))

    def squeeze(source: str, name: str) -> bytes:
        return onnx_writer.node(
            "ReduceMax",
            [source],
            [name],
            name=name,
            attributes=[onnx_writer.ints_attribute("axes", [1]), onnx_writer.int_attribute("keepdims", 0)],
        )

    return onnx_writer.model(
        onnx_writer.graph(
            [
                onnx_writer.node("MatMul", ["features", "bytes"], ["attacks"], name="of_bytes"),
                onnx_writer.node("MatMul", ["features", "duration"], ["novelties"], name="of_duration"),
                squeeze("attacks", "attack"),
                squeeze("novelties", "novelty"),
                onnx_writer.node("Max", ["attack", "novelty"], ["highest"], name="highest"),
                onnx_writer.node("Mul", ["highest", "unit"], ["score"], name="score"),
                onnx_writer.node("Mul", ["features", "unit"], ["feature_scores"], name="why"),
            ],
            [onnx_writer.value("features", onnx_writer.FLOAT, ("batch", WIDTH))],
            [
                *[onnx_writer.value(name, onnx_writer.FLOAT, ("batch",)) for name in ("score", "attack", "novelty")],
                onnx_writer.value("feature_scores", onnx_writer.FLOAT, ("batch", WIDTH)),
            ],
            [
                matrix("bytes", 0.0, 0.0, 1.0),
                matrix("duration", 10.0, 0.0, 0.0),
                onnx_writer.tensor("unit", onnx_writer.FLOAT, (), raw=onnx_writer.floats([0.01])),
            ],
        )
    )
