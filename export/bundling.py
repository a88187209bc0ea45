"""`export`: from a run to a bundle that was converted, checked against the target, and proven equal to Keras."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from edge import __version__
from edge.bundle.folder import load_bundle, new_bundle_folder
from edge.bundle.golden import Golden, encode_golden
from edge.bundle.integrity import file_entry
from edge.bundle.manifest import (
    GOLDEN_NAME,
    MANIFEST_NAME,
    MODEL_NAME,
    SCHEMA_VERSION,
    Manifest,
    Parity,
    encode_manifest,
)
from edge.encoders import Encoder
from edge.errors import ParityError, TooLittleDataError
from edge.reading import sessions_of
from edge.runtime.scorer import Scorer
from edge.runtime.session import DEFAULT_BATCH_ROWS
from edge.runtime.verifying import content_of, relative_differences, replay
from export.golden import odd_examples, pick
from export.modelling import Model, Wanted, check_scores, make_model
from export.parity.sample import Sample, take_sample
from export.run import CALIBRATION_NAME, TEST_NAME, Example, Run
from export.trained import BATCH_ROWS, in_keras, keras_scorer, load_graph

METRICS_PATH = "report/metrics.json"
PARITY_PATH = "report/parity.json"
_PARITY_SCHEMA_VERSION = 2
_LEAST_GOLDEN = 3


@dataclass(frozen=True)
class ExportOptions:
    """What the user asked for; `max_flips` is the share of verdicts that may flip, None for the precision's own."""

    name: str
    target: str = "xavier-jp5"
    licence: str = "unspecified"
    precision: str = "fp32"
    max_flips: float | None = None
    fold: bool = True


class Worst(msgspec.Struct, kw_only=True):
    """An input whose scores are far apart: which one it is, and what the last two of the proof make of it."""

    input: str
    reference: float
    compared: float
    flipped: bool


class ParityReport(msgspec.Struct, kw_only=True):
    """report/parity.json: what was compared with what, and how far they were apart.

    `distinct_records` are those of the held-out records that differ as the model sees them; `anomalies` says what the
    AUROC tells normal records from; `worst` are the inputs that the last comparison differs on most.
    """

    schema_version: int
    distinct_records: int
    anomalies: str
    parity: Parity
    worst: list[Worst]


def export_bundle(run: Run, folder: Path, options: ExportOptions, *, say: Callable[[str], None]) -> Manifest:
    """Write the bundle of a run; nothing is written when a check fails.

    Raises:
        CapsError: the target cannot run the model.
        ParityError: ONNX Runtime's scores are not those of Keras, or Keras's are not those of the training, or those of
            a lower precision are too far from float32's.
        TooLittleDataError: the run holds no held-out lines to compare on.
        OutputError: the folder cannot be written, or is there and is no bundle.
    """
    calibration = run.heldout(CALIBRATION_NAME)
    held_out = [*calibration, *run.heldout(TEST_NAME)]
    if not held_out:
        raise TooLittleDataError("the run holds no held-out records", where=str(run.folder), mend="train again")
    contents = [example.content for example in held_out]
    # Entered before the work that takes minutes: what must not be replaced is refused at once.
    with new_bundle_folder(folder) as aside:
        graph = load_graph(run)
        encoder = keras_scorer(graph, run.spec.preprocessing, run.read).encoder
        kinds = [example.kind for example in held_out]
        sample = take_sample(encoder, contents, kinds, len(calibration))
        if not sample.records:
            raise TooLittleDataError("no held-out record can be scored", where=str(run.folder), mend="train again")
        reference = sample.score(in_keras(graph), batch_rows=BATCH_ROWS)
        _check_run(run, held_out, reference, sample)
        wanted = Wanted(
            target=options.target,
            precision=options.precision,
            max_flips=options.max_flips,
            fold=options.fold,
            name=f"{run.spec.detector}-{run.spec.preset}",
            where=options.name,
        )
        model = make_model(graph, sample, reference, run.spec.threshold.value, wanted, say)
        scores = np.full(len(contents), np.nan, np.float32)
        scores[sample.numbers] = model.scores[: sample.records]
        lines = [held_out[place].lines for place in pick(contents, scores)]
        golden = _golden(run, encoder, model, options.precision, lines)
        (aside / MODEL_NAME).write_bytes(model.data)
        for name in run.input_files():
            (aside / name).write_bytes(run.read(name))
        (aside / GOLDEN_NAME).write_bytes(encode_golden(golden))
        (aside / METRICS_PATH).parent.mkdir()
        (aside / METRICS_PATH).write_bytes(
            _pretty({"schema_version": 1, "training": run.spec.training, "threshold": run.spec.threshold})
        )
        (aside / PARITY_PATH).write_bytes(_pretty(_report(model, sample)))
        manifest = _manifest(run, options, model, aside)
        (aside / MANIFEST_NAME).write_bytes(encode_manifest(manifest))
        load_bundle(aside)
    return manifest


def _check_run(run: Run, held_out: list[Example], reference: np.ndarray, sample: Sample) -> None:
    """Make sure that the threshold was set with the scorer that is exported."""
    known = [example.score for example in held_out]
    if not check_scores(known, reference, sample, run.spec.threshold.value):
        raise ParityError(
            "the model does not score the held-out records as it did when the threshold was set",
            where=str(run.folder),
            mend="train again",
        )


def _report(model: Model, sample: Sample) -> ParityReport:
    compared = model.comparison
    return ParityReport(
        schema_version=_PARITY_SCHEMA_VERSION,
        distinct_records=len(np.unique(sample.places)),
        anomalies="held-out records with a label" if sample.labelled else "altered copies of held-out records",
        parity=model.parity,
        worst=[
            Worst(
                input=sample.name_of(place),
                reference=float(compared.reference[place]),
                compared=float(compared.compared[place]),
                flipped=bool(compared.flipped[place]),
            )
            for place in compared.worst(sample.content_of)
        ],
    )


def _golden(run: Run, encoder: Encoder, model: Model, precision: str, lines: list[list[str]]) -> list[Golden]:
    """The golden records: what the model makes of these lines, and of some that no log holds.

    Without those that another backend may judge otherwise: whose scores are as near to the threshold as the tolerance,
    or which the precision itself moves by more than half of it.
    """
    spec, threshold = run.spec.preprocessing.format, run.spec.threshold.value
    lines = [*lines, *odd_examples(spec, run.spec.preprocessing.sessions)]
    sessions = sessions_of(run.spec.preprocessing, run.read)
    contents = [content_of(spec, one, sessions) for one in lines]
    golden, exact = (
        replay(Scorer(encoder, how, batch_rows=DEFAULT_BATCH_ROWS), threshold, lines, contents)
        for how in (model.run, model.exact)
    )
    scores, others = ([np.nan if one.score is None else one.score for one in some] for some in (golden, exact))
    from_threshold = relative_differences(scores, np.full(len(scores), threshold), threshold)
    moved = relative_differences(scores, others, threshold)
    tolerance = model.parity.tolerance
    steady = np.isnan(from_threshold) | ((from_threshold > tolerance) & (moved <= tolerance / 2))
    kept = [one for one, is_kept in zip(golden, steady, strict=True) if is_kept]
    if sum(one.score is not None for one in kept) < _LEAST_GOLDEN:
        raise ParityError(
            f"{precision} moves scores so far that no self-test could be made of the held-out records",
            where=str(run.folder),
            mend="export with --precision fp32",
        )
    return kept


def _manifest(run: Run, options: ExportOptions, model: Model, folder: Path) -> Manifest:
    spec = run.spec
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return Manifest(
        schema_version=SCHEMA_VERSION,
        name=options.name,
        detector=spec.detector,
        preset=spec.preset,
        target=options.target,
        precision=options.precision,
        created_by=f"oddline {__version__}",
        licence=options.licence,
        graph=model.facts.graph_spec(),
        conversion=model.conversion,
        preprocessing=spec.preprocessing,
        threshold=spec.threshold,
        parts=spec.parts,
        calibration=spec.calibration,
        parity=model.parity,
        training=spec.training,
        files=[file_entry(path, folder) for path in paths],
        digest="",
    )


def _pretty(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
