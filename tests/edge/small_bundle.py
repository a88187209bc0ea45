"""A bundle made by hand in a moment, complete and runnable: no training, and no package that the device lacks.

The score of a line is that of its oddest token; a token's is a number of a table.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, Dict, List, Optional

import onnx_writer
import sample_bundle
from tokenizers import Tokenizer, models, pre_tokenizers

from edge.bundle.folder import load_bundle
from edge.bundle.golden import encode_golden
from edge.bundle.manifest import GraphSpec, TensorSpec, Threshold
from edge.bundle.preprocessing import FormatSpec, Mask, Preprocessing, TokenEncoderSpec
from edge.runtime.detector import Detector
from edge.runtime.verifying import content_of, replay

LENGTH = 8
SPEC = FormatSpec(name="syslog", layout=None, fields=None, header=None, skip_characters=0)
# The place of a word is its id; what is not among them is <unk>, and odd.
WORDS = [
    "<pad>",
    "<unk>",
    "<num>",
    "sshd[<num>]:",
    "cron[<num>]:",
    "session",
    "opened",
    "closed",
    "for",
    "user",
    "ubuntu",
]
WEIGHTS = [0.0, 9.5, 0.5, 0.25, 0.25, 1.0, 1.25, 1.5, 0.125, 0.75, 2.0]
LINES = [
    "Jun 14 15:16:01 combo sshd[19939]: session opened for user ubuntu",
    "Jun 14 15:16:02 combo sshd[19937]: session closed for user ubuntu",
    "Jun 15 04:06:18 combo cron[21416]: session opened for user",
    "Jun 15 04:06:19 combo cron[21416]: " + "session closed for user 1000 " * 3,
    "Jun 15 12:12:34 combo kernel: Out of memory: kill process 12 \u00fc\u6e29",
    "no syslog at all",
    "",
]


def make_small_bundle(folder: Path, more_files: Optional[Dict[str, bytes]] = None, **changes: Any) -> Path:
    """Write the bundle; `changes` are fields of the manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {"model.onnx": _model(), "tokenizer.json": _tokenizer(), **(more_files or {})}
    fields = {
        "name": "small",
        "graph": GraphSpec(
            opset=16,
            ir_version=8,
            inputs=[TensorSpec(name="ids", dtype="int32", shape=["batch", LENGTH])],
            outputs=[
                TensorSpec(name="score", dtype="float32", shape=["batch"]),
                TensorSpec(name="token_scores", dtype="float32", shape=["batch", LENGTH]),
            ],
        ),
        "preprocessing": Preprocessing(
            format=SPEC,
            sessions=None,
            masks=[Mask(name="number", pattern=r"\b\d+\b", token="<num>")],
            encoder=TokenEncoderSpec(
                length=LENGTH, fill="pad", pad_id=0, max_segments=3, continuation_id=None, begin_id=None, end_id=None
            ),
        ),
        "threshold": Threshold(
            value=5.0, method="quantile", target_fpr=0.001, alerts_per_day=None, records=900, expected_fpr=0.0011
        ),
        **changes,
    }
    sample_bundle.write_bundle(folder, files, **fields)
    detector = Detector(load_bundle(folder), provider="cpu")
    lines = [[line] for line in LINES]
    golden = replay(detector.scorer, detector.threshold, lines, [content_of(SPEC, one) for one in lines])
    files["golden.jsonl"] = encode_golden(golden)
    return sample_bundle.write_bundle(folder, files, **fields)


def _model(weights: List[float] = WEIGHTS) -> bytes:
    raw = struct.pack(f"<{len(weights)}f", *weights)
    return onnx_writer.model(
        onnx_writer.graph(
            [
                onnx_writer.node("Gather", ["weights", "ids"], ["token_scores"], name="look_up"),
                onnx_writer.node(
                    "ReduceMax",
                    ["token_scores"],
                    ["score"],
                    name="oddest",
                    attributes=[onnx_writer.ints_attribute("axes", [1]), onnx_writer.int_attribute("keepdims", 0)],
                ),
            ],
            [onnx_writer.value("ids", onnx_writer.INT32, ("batch", LENGTH))],
            [
                onnx_writer.value("score", onnx_writer.FLOAT, ("batch",)),
                onnx_writer.value("token_scores", onnx_writer.FLOAT, ("batch", LENGTH)),
            ],
            [onnx_writer.tensor("weights", onnx_writer.FLOAT, (len(weights),), raw=raw)],
        )
    )


def _tokenizer() -> bytes:
    tokenizer = Tokenizer(models.WordLevel({word: index for index, word in enumerate(WORDS)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return tokenizer.to_str().encode("utf-8")
