"""The manifest: what a bundle is, and every parameter of its preprocessing.

Each field is required and unknown fields are refused: nothing is defaulted on load, so a bundle means the same on
every machine and in every later version. `docs/bundle.md` describes the file for people.

The manifest vouches for the other files by their sha256, and for itself by `digest`: the sha256 of the file as
`encode_manifest` writes it with `digest` empty. It finds damage of every single bit; it is no signature, and does not
stop somebody who means to change a bundle.
"""

from __future__ import annotations

import hashlib
from typing import Dict, List, Optional, Tuple, Union

import msgspec

from edge.bundle.preprocessing import Preprocessing, Strict, preprocessing_rules
from edge.errors import IntegrityError, SchemaError

SCHEMA_VERSION = 2
MANIFEST_NAME = "manifest.json"
MODEL_NAME = "model.onnx"
TOKENIZER_NAME = "tokenizer.json"
GOLDEN_NAME = "golden.jsonl"
DICTIONARY_NAME = "dictionary.json"
PRECISIONS = ("fp32", "fp16", "int8")
_MOST_TOLERANCE = 0.1


class FileEntry(Strict, frozen=True):
    """One file of the bundle: `path` relative to the folder with forward slashes, `size` in bytes, `sha256` in hex."""

    path: str
    size: int
    sha256: str


class TensorSpec(Strict, frozen=True):
    """A graph input or output: an int in `shape` is fixed, a string names a dynamic axis."""

    name: str
    dtype: str
    shape: List[Union[int, str]]


class GraphSpec(Strict, frozen=True):
    """The ONNX graph's versions and signature."""

    opset: int
    ir_version: int
    inputs: List[TensorSpec]
    outputs: List[TensorSpec]


class Threshold(Strict, frozen=True):
    """`anomalous` means ``score >= value``.

    `method` says how the value was chosen; the budget is the asked share of false alarms (`target_fpr`) or alerts a
    day, whichever was given, the other is None; `records` is the size of the held-out normal slice, and `expected_fpr`
    the share of false alarms that it lets expect.
    """

    value: float
    method: str
    target_fpr: Optional[float]
    alerts_per_day: Optional[float]
    records: int
    expected_fpr: float


class Calibration(Strict, frozen=True):
    """The held-out normal scores as a survival function, for p-values.

    `scores` ascend, the last one is the highest of the slice; `at_least[i]` is how many of the `records` scored more
    than ``scores[i - 1]`` (all of them for i = 0). Where every distinct score is kept that is the number that scored
    ``>= scores[i]``; where points were thinned out it is a safe upper bound.
    """

    records: int
    scores: List[float]
    at_least: List[int]


class Conversion(Strict, frozen=True):
    """What the export did to the graph, beside translating it.

    `batch_sizes` ascend: an engine is built for these numbers of rows, and a batch is padded to the next of them.
    `folded` names what was joined by exact algebra, in words. `float32_nodes` are the nodes of a lower precision's
    graph that were left in float32, because verdicts suffered or their weights are too large for it.
    """

    batch_sizes: List[int]
    folded: List[str]
    float32_nodes: List[str]


class ParityStep(Strict, frozen=True):
    """One comparison of the certificate: scores of `compared` against those of `reference` on equal inputs.

    Differences are relative to the larger of the two scores and the threshold. `flipped_records` of the flipped
    verdicts are of held-out records. `auroc_change` is how far the area under the curve moved that tells normal records
    from labelled anomalies, or from altered copies where there are few labels.
    """

    reference: str
    compared: str
    max_relative_difference: float
    median_relative_difference: float
    flipped_verdicts: int
    flipped_records: int
    auroc_change: float


class Parity(Strict, frozen=True):
    """The certificate that the exported model is the trained one, on `records` held-out records.

    `altered` more inputs are altered copies of those. `tolerance` is the relative difference that `verify` allows.
    `max_flips` is the share of flipped verdicts that the user allowed, None where the limits were the usual ones.
    """

    tolerance: float
    records: int
    altered: int
    steps: List[ParityStep]
    max_flips: Optional[float]


class ScorePart(Strict, frozen=True):
    """One of several scores that a graph joins to the one that counts; `name` is that of its output.

    A record is anomalous when any part reaches its own threshold. So that this is one comparison, the graph's score is
    the highest of the parts, each divided by its threshold, and the bundle's threshold is 1.
    """

    name: str
    threshold: Threshold


class Training(Strict, frozen=True):
    """What the model learnt from. `fingerprint` is the sha256 over the training slice's raw lines, in order."""

    fingerprint: str
    records: int
    distinct_inputs: int
    calibration_records: int
    test_records: int
    seed: int
    parameters: Dict[str, Union[str, int, float, bool, None]]


class Manifest(Strict, frozen=True):
    """The whole manifest; `files` lists every other file of the bundle.

    `digest` is filled in by `encode_manifest`, whatever it held before, and checked by `decode_manifest`.
    """

    schema_version: int
    name: str
    detector: str
    preset: str
    target: str
    precision: str
    created_by: str
    licence: str
    graph: GraphSpec
    conversion: Conversion
    preprocessing: Preprocessing
    threshold: Threshold
    parts: List[ScorePart]
    calibration: Calibration
    parity: Parity
    training: Training
    files: List[FileEntry]
    digest: str


class _Versioned(msgspec.Struct):
    schema_version: int


class _Listed(msgspec.Struct):
    path: str


class _Outline(_Versioned):
    """What tells the manifest of any schema version from other files that are called manifest.json."""

    detector: str
    target: str
    files: List[_Listed]


# JSON has no raw newline inside of a string, and two blanks are the top level of the indented file: so the key below
# can only be the manifest's own field.
_DIGEST_KEY = b'\n  "digest": '


def decode_manifest(data: bytes, where: str) -> Manifest:
    """Read a manifest; `where` names it in errors.

    Raises:
        SchemaError: not JSON, a later or earlier schema version, a field missing, unknown, or of the wrong type.
        IntegrityError: well formed, but not the bytes that `encode_manifest` wrote.
    """
    try:
        version = msgspec.json.decode(data, type=_Versioned).schema_version
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SchemaError(f"not a manifest ({error})", where=where, mend="copy the bundle again") from error
    if version != SCHEMA_VERSION:
        age, mend = (
            ("later", "update oddline on this machine")
            if version > SCHEMA_VERSION
            else ("earlier", "export the bundle again")
        )
        raise SchemaError(
            f"schema version {version} is {age} than {SCHEMA_VERSION}, the one that this oddline reads",
            where=where,
            mend=mend,
        )
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SchemaError(f"malformed manifest ({error})", where=where, mend="copy or export it again") from error
    stated = _DIGEST_KEY + msgspec.json.encode(manifest.digest)
    if _digest_of(data.replace(stated, _DIGEST_KEY + b'""')) != manifest.digest:
        raise IntegrityError(
            "the manifest was changed after it was written (its digest disagrees)",
            where=where,
            mend="copy or export the bundle again",
        )
    wrong = [what for what, holds in _rules(manifest) if not holds]
    if wrong:
        raise SchemaError(f"malformed manifest ({wrong[0]})", where=where, mend="export it again")
    return manifest


def _rules(manifest: Manifest) -> List[Tuple[str, bool]]:
    """What must hold of a manifest's numbers, and whether it does."""
    calibration = manifest.calibration
    counts = calibration.at_least
    return [
        *preprocessing_rules(manifest.preprocessing),
        ("the calibration is empty", calibration.records >= 1 and len(counts) >= 1),
        ("the calibration has not one count for each score", len(counts) == len(calibration.scores)),
        ("the calibration's scores do not ascend", calibration.scores == sorted(calibration.scores)),
        ("the calibration's counts do not descend", counts == sorted(counts, reverse=True)),
        ("the calibration counts more than its records", all(0 <= count <= calibration.records for count in counts)),
        ("the batch sizes do not ascend from 1", _ascend_from_one(manifest.conversion.batch_sizes)),
        ("the precision is unknown", manifest.precision in PRECISIONS),
        ("the parity has no step", len(manifest.parity.steps) >= 1),
        ("the parity is of no record", manifest.parity.records >= 1),
        ("the share of flipped verdicts is not between 0 and 1", 0 <= (manifest.parity.max_flips or 0) <= 1),
        ("the tolerance is not between 0 and 0.1", 0 <= manifest.parity.tolerance <= _MOST_TOLERANCE),
    ]


def _ascend_from_one(sizes: List[int]) -> bool:
    return sizes[:1] == [1] and sizes == sorted(set(sizes))


def outline_files(data: bytes) -> Optional[List[str]]:
    """The paths that a manifest of any schema version lists, changed or not; None when it is not one of oddline's.

    It only tells what belongs to a bundle that is about to be replaced; nothing is loaded by it.
    """
    try:
        return [listed.path for listed in msgspec.json.decode(data, type=_Outline).files]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def encode_manifest(manifest: Manifest) -> bytes:
    """The manifest as indented JSON, UTF-8, with a final newline, and with its `digest` filled in."""
    blank = msgspec.json.format(msgspec.json.encode(msgspec.structs.replace(manifest, digest="")), indent=2) + b"\n"
    digest = msgspec.json.encode(_digest_of(blank))
    return blank.replace(_DIGEST_KEY + b'""', _DIGEST_KEY + digest)


def _digest_of(blank: bytes) -> str:
    return hashlib.sha256(blank).hexdigest()
