"""A run folder: everything that one training left behind, enough to evaluate and export without the original log.

    run.json          the typed description below
    weights.npz       the Keras model's weights, in its own order, as plain arrays
    tokenizer.json    the tokenizer
    dictionary.json   the log dictionary, where the detector has one
    training.jsonl.gz the distinct inputs that were learnt from, with their counts and kinds (for the baselines)
    calibration.jsonl.gz, test.jsonl.gz   the held-out slices: raw lines, contents, labels

A run holds parts of the log that it was made from: treat it like the log.
"""

from __future__ import annotations

import errno
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec
import numpy as np
from numpy.lib.npyio import NpzFile

from edge.bundle.manifest import DICTIONARY_NAME, TOKENIZER_NAME, Calibration, ScorePart, Threshold, Training
from edge.bundle.preprocessing import Preprocessing
from edge.errors import InputError, IntegrityError, SchemaError
from edge.files.atomic import atomic_folder, output_error
from export.dataset import LogData
from export.labels import NORMAL

RUN_SCHEMA_VERSION = 1
RUN_NAME = "run.json"
WEIGHTS_NAME = "weights.npz"
TRAINING_NAME = "training.jsonl.gz"
CALIBRATION_NAME = "calibration.jsonl.gz"
TEST_NAME = "test.jsonl.gz"

INPUT_FILES = (TOKENIZER_NAME, DICTIONARY_NAME)
"""What a run may hold for its preprocessing and its verdicts, as its bundle does."""

_NAMES = (RUN_NAME, WEIGHTS_NAME, *INPUT_FILES, TRAINING_NAME, CALIBRATION_NAME, TEST_NAME)
_MEND = "train again"
_Row = TypeVar("_Row")
# What numpy, zipfile, gzip and msgspec raise on bytes that they did not write.
_DAMAGE = (
    ValueError,
    KeyError,
    EOFError,
    OSError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
    msgspec.DecodeError,
)


class _Versioned(msgspec.Struct):
    schema_version: int


class RunSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was trained and how; `network` are the numbers that the model is built from, beside the preset.

    `history` are the curves of the training, a value for each epoch: ``loss`` and ``accuracy``, say, and those of the
    validation as ``val_loss`` and ``val_accuracy``.
    """

    schema_version: int
    detector: str
    preset: str
    network: dict[str, int]
    preprocessing: Preprocessing
    threshold: Threshold
    parts: list[ScorePart]
    calibration: Calibration
    training: Training
    history: dict[str, list[float]]


class TrainingInput(NamedTuple):
    """An input of the training slice, as its encoder's key, and how many records of one kind had it.

    The kind of normal records is ``""``; without labels, all are.
    """

    key: str
    records: int
    kind: str


class Example(msgspec.Struct, frozen=True, array_like=True):
    """A record: its raw lines, joined by newlines, its content, its kind, and its score where that was computed.

    The kind of a normal record is ``""``, that of others the label of the anomaly.
    """

    raw: str
    content: str
    kind: str
    score: float | None

    @property
    def lines(self) -> list[str]:
        """The raw lines."""
        return self.raw.split("\n")


@dataclass(frozen=True)
class Run:
    """An opened run folder."""

    folder: Path
    spec: RunSpec

    def read(self, name: str) -> bytes:
        """The content of one of the run's files.

        Raises:
            IntegrityError: it cannot be read.
        """
        path = self.folder / name
        try:
            return path.read_bytes()
        except OSError as error:
            what = "missing" if error.errno == errno.ENOENT else f"cannot be read ({error.strerror})"
            raise IntegrityError(what, where=str(path), mend=_MEND) from error

    def input_files(self) -> list[str]:
        """The names of the files that its bundle gets as they are."""
        return [name for name in INPUT_FILES if (self.folder / name).is_file()]

    def weights(self) -> list[np.ndarray]:
        """The model's weights in Keras's order.

        Raises:
            IntegrityError: the file is missing or damaged.
        """
        data = self.read(WEIGHTS_NAME)
        with self._unharmed(WEIGHTS_NAME):
            stored = np.load(io.BytesIO(data), allow_pickle=False)
            if not isinstance(stored, NpzFile):
                raise ValueError("not an archive of arrays")
            with stored:
                return [stored[f"{number:04d}"] for number in range(len(stored.files))]

    def training_inputs(self) -> dict[str, int]:
        """The distinct inputs of the training slice, as their encoder's keys, and how often each stood there.

        Raises:
            IntegrityError: the file is missing or damaged.
        """
        counts: dict[str, int] = {}
        for one in self.labelled_inputs():
            counts[one.key] = counts.get(one.key, 0) + one.records
        return counts

    def labelled_inputs(self) -> list[TrainingInput]:
        """The distinct inputs of the training slice, apart for each kind of record that had them.

        Raises:
            IntegrityError: the file is missing or damaged.
        """
        return self._rows(TRAINING_NAME, TrainingInput)

    def heldout(self, name: str) -> list[Example]:
        """A held-out slice; `name` is `CALIBRATION_NAME` or `TEST_NAME`.

        Raises:
            IntegrityError: the file is missing or damaged.
        """
        return self._rows(name, Example)

    def _rows(self, name: str, of: type[_Row]) -> list[_Row]:
        data = self.read(name)
        decoder = msgspec.json.Decoder(of)
        with self._unharmed(name):
            return [decoder.decode(line) for line in gzip.decompress(data).split(b"\n")[:-1]]

    @contextmanager
    def _unharmed(self, name: str) -> Iterator[None]:
        try:
            yield
        except _DAMAGE as error:
            raise IntegrityError(f"damaged ({error})", where=str(self.folder / name), mend=_MEND) from error


def open_run(folder: Path) -> Run:
    """Open a run folder.

    Raises:
        InputError: there is no run.
        SchemaError: it is damaged or of another schema version.
    """
    path = folder / RUN_NAME
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            "this is no run folder" if folder.is_dir() else "there is no such folder",
            where=str(folder),
            mend="give the folder that oddline train wrote",
        ) from error
    try:
        version = msgspec.json.decode(data, type=_Versioned).schema_version
        if version != RUN_SCHEMA_VERSION:
            raise SchemaError(
                f"run schema version {version}, where this oddline reads {RUN_SCHEMA_VERSION}",
                where=str(path),
                mend=_MEND,
            )
        spec = msgspec.json.decode(data, type=RunSpec)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SchemaError(f"malformed run ({error})", where=str(path), mend=_MEND) from error
    return Run(folder, spec)


def is_run(folder: Path) -> bool:
    """Whether a folder holds a run."""
    return (folder / RUN_NAME).is_file()


def check_output(folder: Path) -> None:
    """Make sure, before hours of training go into it, that a run can be written there; its parents are made.

    Raises:
        OutputError: it cannot be written, or is there and must not be replaced.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(error, folder) from error
    with suppress(_NothingToWriteError), atomic_folder(folder, refusal=why_not_replaced):
        raise _NothingToWriteError


def why_not_replaced(folder: Path) -> str | None:
    """Why a folder must not be replaced by a run, None when nothing but a run would be lost."""
    if not is_run(folder):
        return "is not a run folder"
    for name in sorted(path.name for path in folder.iterdir()):
        if name not in _NAMES:
            return f"holds {name}, which is not part of its run"
    return None


class _NothingToWriteError(Exception):
    """Nothing is to be written."""


def write_run(
    folder: Path,
    spec: RunSpec,
    *,
    weights: Sequence[Any],
    files: Mapping[str, bytes],
    training: Mapping[str, int],
    calibration: LogData,
    test: LogData,
    training_kinds: Mapping[tuple[str, str], int] | None = None,
) -> None:
    """Fill an empty folder with a run; `files` are those that its preprocessing needs, by their names in a bundle.

    `training` are the distinct inputs that were learnt from, with their counts; `training_kinds` the counts of each
    pair of an input and a kind, where the records had labels.
    """
    arrays = {f"{number:04d}": np.asarray(weight) for number, weight in enumerate(weights)}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    (folder / WEIGHTS_NAME).write_bytes(buffer.getvalue())
    for name, data in files.items():
        (folder / name).write_bytes(data)
    (folder / TRAINING_NAME).write_bytes(_pack(_labelled(training, training_kinds)))
    for name, part in ((CALIBRATION_NAME, calibration), (TEST_NAME, test)):
        scores = [None] * len(part) if part.scores is None else part.scores.tolist()
        (folder / name).write_bytes(_pack(map(Example, part.lines, part.contents, part.kinds, scores)))
    text = msgspec.json.format(msgspec.json.encode(spec), indent=2)
    (folder / RUN_NAME).write_bytes(text + b"\n")


def _labelled(training: Mapping[str, int], kinds: Mapping[tuple[str, str], int] | None) -> Iterable[TrainingInput]:
    if kinds is None:
        return [TrainingInput(key, count, NORMAL) for key, count in training.items()]
    return [TrainingInput(key, count, kind) for (key, kind), count in kinds.items() if key in training]


def _pack(rows: Iterable[object]) -> bytes:
    # No time stamp in the header, so that equal runs are equal files.
    encode = msgspec.json.Encoder().encode
    return gzip.compress(b"".join(encode(row) + b"\n" for row in rows), mtime=0)
