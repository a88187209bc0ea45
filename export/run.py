"""A run folder: everything that one training left behind, enough to evaluate and export without the original log.

    run.json          the typed description below
    weights.npz       the Keras model's weights, in its own order, as plain arrays
    tokenizer.json    the tokenizer
    training.jsonl.gz the distinct masked contents that were learnt from, with their counts (for the baselines)
    calibration.log.gz, test.log.gz   the held-out slices, raw

A run holds parts of the log that it was made from: treat it like the log.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from edge.bundle.manifest import Calibration, Preprocessing, Threshold, Training
from edge.errors import InputError, SchemaError
from export.dataset import LogData

RUN_SCHEMA_VERSION = 1
RUN_NAME = "run.json"
WEIGHTS_NAME = "weights.npz"
TOKENIZER_NAME = "tokenizer.json"
TRAINING_NAME = "training.jsonl.gz"
CALIBRATION_NAME = "calibration.log.gz"
TEST_NAME = "test.log.gz"


class RunSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was trained and how; `vocabulary` is the number of token ids that the model knows."""

    schema_version: int
    detector: str
    preset: str
    vocabulary: int
    preprocessing: Preprocessing
    threshold: Threshold
    calibration: Calibration
    training: Training


@dataclass(frozen=True)
class Run:
    """An opened run folder."""

    folder: Path
    spec: RunSpec

    @property
    def tokenizer(self) -> bytes:
        """The content of tokenizer.json."""
        return (self.folder / TOKENIZER_NAME).read_bytes()

    def weights(self) -> list[np.ndarray]:
        """The model's weights in Keras's order."""
        with np.load(self.folder / WEIGHTS_NAME, allow_pickle=False) as stored:
            return [stored[f"{number:04d}"] for number in range(len(stored.files))]

    def training_texts(self) -> dict[str, int]:
        """The distinct masked contents of the training slice and how often each stood there."""
        with gzip.open(self.folder / TRAINING_NAME, "rb") as file:
            return dict(msgspec.json.decode(line, type=tuple[str, int]) for line in file)

    def heldout(self, name: str) -> list[bytes]:
        """Raw lines of a held-out slice; `name` is `CALIBRATION_NAME` or `TEST_NAME`."""
        data = gzip.decompress((self.folder / name).read_bytes())
        return data.split(b"\n")[:-1]


def open_run(folder: Path) -> Run:
    """Open a run folder.

    Raises:
        InputError: there is no run.
        SchemaError: it is damaged or of another schema version.
    """
    path = folder / RUN_NAME
    try:
        spec = msgspec.json.decode(path.read_bytes(), type=RunSpec)
    except OSError as error:
        raise InputError(
            "this is no run folder", where=str(folder), mend="give the folder that oddline train wrote"
        ) from error
    except msgspec.DecodeError as error:
        raise SchemaError(f"malformed run ({error})", where=str(path), mend="train again") from error
    if spec.schema_version != RUN_SCHEMA_VERSION:
        raise SchemaError(f"run schema version {spec.schema_version}", where=str(path), mend="train again")
    return Run(folder, spec)


def is_run(folder: Path) -> bool:
    """Whether a folder holds a run."""
    return (folder / RUN_NAME).is_file()


def write_run(
    folder: Path,
    spec: RunSpec,
    *,
    weights: Sequence[Any],
    tokenizer: bytes,
    training: dict[str, int],
    calibration: LogData,
    test: LogData,
) -> None:
    """Fill an empty folder with a run."""
    arrays = {f"{number:04d}": np.asarray(weight) for number, weight in enumerate(weights)}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    (folder / WEIGHTS_NAME).write_bytes(buffer.getvalue())
    (folder / TOKENIZER_NAME).write_bytes(tokenizer)
    (folder / TRAINING_NAME).write_bytes(_pack(msgspec.json.encode(item) for item in training.items()))
    (folder / CALIBRATION_NAME).write_bytes(_pack(calibration.lines))
    (folder / TEST_NAME).write_bytes(_pack(test.lines))
    text = msgspec.json.format(msgspec.json.encode(spec), indent=2)
    (folder / RUN_NAME).write_bytes(text + b"\n")


def _pack(lines: Iterable[bytes]) -> bytes:
    # No time stamp in the header, so that equal runs are equal files.
    return gzip.compress(b"".join(line + b"\n" for line in lines), mtime=0)
