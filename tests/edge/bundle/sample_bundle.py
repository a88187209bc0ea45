"""Small bundles, complete and right, for tests to damage."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict

import msgspec
import onnx_writer

from edge.bundle.integrity import file_entry
from edge.bundle.manifest import (
    MANIFEST_NAME,
    Calibration,
    Conversion,
    GraphSpec,
    Manifest,
    Parity,
    ParityStep,
    TensorSpec,
    Threshold,
    Training,
    encode_manifest,
)
from edge.bundle.preprocessing import FormatSpec, Mask, Preprocessing, TokenEncoderSpec

GRAPH = GraphSpec(
    opset=16,
    ir_version=8,
    inputs=[TensorSpec(name="ids", dtype="int32", shape=["batch", 4])],
    outputs=[TensorSpec(name="score", dtype="float32", shape=["batch"])],
)
FILES = {
    "model.onnx": onnx_writer.model(onnx_writer.scoring_graph()),
    "tokenizer.json": b'{"version": "1.0", "model": {"type": "BPE"}}\n',
    "golden.jsonl": b'{"text": "sshd[1]: session opened", "score": 0.5}\n',
    "report/metrics.json": b'{"roc_auc": 0.998}\n',
    "empty.txt": b"",
}


def manifest(**changes: Any) -> Manifest:
    sample = Manifest(
        schema_version=2,
        name="sample",
        detector="line",
        preset="default",
        target="xavier-jp5",
        precision="fp32",
        created_by="oddline 0.1.0",
        licence="Apache-2.0",
        graph=GRAPH,
        conversion=Conversion(batch_sizes=[1, 8, 32], folded=[], float32_nodes=[]),
        preprocessing=Preprocessing(
            format=FormatSpec(name="syslog", layout=None, fields=None, header=None, skip_characters=0),
            sessions=None,
            masks=[Mask(name="number", pattern=r"\d+", token="<num>"), Mask(name="café", pattern="\x1b", token="<é>")],
            encoder=TokenEncoderSpec(
                length=4, fill="pad", pad_id=0, max_segments=2, continuation_id=None, begin_id=None, end_id=None
            ),
        ),
        parts=[],
        threshold=Threshold(
            value=1.5e-07, method="quantile", target_fpr=0.001, alerts_per_day=None, records=900, expected_fpr=0.0011
        ),
        calibration=Calibration(records=3, scores=[0.1, 0.2, 3.0], at_least=[3, 2, 1]),
        parity=Parity(
            tolerance=1e-05,
            records=5000,
            altered=5000,
            steps=[
                ParityStep(
                    reference="Keras, float32",
                    compared="ONNX Runtime, fp32",
                    max_relative_difference=2e-06,
                    median_relative_difference=1e-07,
                    flipped_verdicts=0,
                    flipped_records=0,
                    auroc_change=0.0,
                )
            ],
            max_flips=None,
        ),
        training=Training(
            fingerprint="0" * 64,
            records=1000,
            distinct_inputs=100,
            calibration_records=900,
            test_records=900,
            seed=7,
            parameters={"epochs": 3, "rate": 0.001, "digest": "", "masked": True, "note": None},
        ),
        files=[],
        digest="",
    )
    return msgspec.structs.replace(sample, **changes)


def write_bundle(folder: Path, contents: Dict[str, bytes] = FILES, **changes: Any) -> Path:
    """Write the contents, by path, and a manifest that fits them; `changes` are fields of the manifest."""
    for path, content in contents.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    changes.setdefault("files", [file_entry(folder / path, folder) for path in sorted(contents)])
    (folder / MANIFEST_NAME).write_bytes(encode_manifest(manifest(**changes)))
    return folder


def with_model(model: bytes) -> Dict[str, bytes]:
    return {**FILES, "model.onnx": model}
