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
    Conversion,
    Manifest,
    Parity,
    encode_manifest,
)
from edge.bundle.onnx_reader import ModelFacts
from edge.errors import ParityError, TooLittleDataError
from edge.reading import sessions_of
from edge.runtime.scorer import Scorer
from edge.runtime.session import DEFAULT_BATCH_ROWS, Session
from edge.runtime.verifying import content_of, relative_differences, replay
from export.golden import odd_examples, pick
from export.graph.convert import to_onnx
from export.parity import LARGEST_RELATIVE_DIFFERENCE, LEAST_RECORDS, compare, prove
from export.run import CALIBRATION_NAME, TEST_NAME, Example, Run
from export.trained import keras_scorer, load_graph

METRICS_PATH = "report/metrics.json"
PARITY_PATH = "report/parity.json"
# What engines are built for: one record, a few of a stream, and three sizes for whole files.
BATCH_SIZES = (1, 8, 32, 128, 512)


@dataclass(frozen=True)
class ExportOptions:
    """What the user asked for."""

    name: str
    target: str = "xavier-jp5"
    licence: str = "unspecified"


class ParityReport(msgspec.Struct, kw_only=True):
    """report/parity.json: what was compared with what, and how far they were apart."""

    schema_version: int
    reference: str
    exported: str
    records: int
    distinct_records: int
    parity: Parity


def export_bundle(run: Run, folder: Path, options: ExportOptions, *, say: Callable[[str], None]) -> Manifest:
    """Write the bundle of a run; nothing is written when a check fails.

    Raises:
        CapsError: the target cannot run the model.
        ParityError: ONNX Runtime's scores are not those of Keras, or Keras's are not those of the training.
        TooLittleDataError: the run holds no held-out lines to compare on.
        OutputError: the folder cannot be written, or is there and is no bundle.
    """
    held_out = [*run.heldout(CALIBRATION_NAME), *run.heldout(TEST_NAME)]
    if not held_out:
        raise TooLittleDataError("the run holds no held-out records", where=str(run.folder), mend="train again")
    contents = [example.content for example in held_out]
    # Entered before the work that takes minutes: what must not be replaced is refused at once.
    with new_bundle_folder(folder) as aside:
        graph = load_graph(run)
        scorer = keras_scorer(graph, run.spec.preprocessing, run.read)
        say(f"converting to ONNX for {options.target}")
        model, facts = to_onnx(graph, target=options.target, name=f"{run.spec.detector}-{run.spec.preset}")
        session = Session(model, provider="cpu")
        exporting = Scorer(scorer.encoder, session.run, batch_rows=DEFAULT_BATCH_ROWS)
        say(f"comparing Keras with ONNX Runtime on {len(contents):,} held-out records")
        exported = exporting.score(contents)
        reference = scorer.score(contents)
        _check_scores(run, held_out, reference)
        comparison = compare(reference, exported, run.spec.threshold.value)
        parity = prove(comparison, where=options.name)
        if len(contents) < LEAST_RECORDS:
            say(f"only {len(contents):,} held-out records to compare on, {LEAST_RECORDS:,} make a stronger proof")
        proof = ParityReport(
            schema_version=1,
            reference="Keras, float32, CPU",
            exported="ONNX Runtime, float32, CPU",
            records=len(contents),
            distinct_records=len(set(scorer.encoder.keys(contents))),
            parity=parity,
        )
        golden = _golden(run, exporting, [held_out[place].lines for place in pick(contents, exported)])
        (aside / MODEL_NAME).write_bytes(model)
        for name in run.input_files():
            (aside / name).write_bytes(run.read(name))
        (aside / GOLDEN_NAME).write_bytes(encode_golden(golden))
        (aside / METRICS_PATH).parent.mkdir()
        (aside / METRICS_PATH).write_bytes(
            _pretty({"schema_version": 1, "training": run.spec.training, "threshold": run.spec.threshold})
        )
        (aside / PARITY_PATH).write_bytes(_pretty(proof))
        manifest = _manifest(run, options, facts, parity, aside)
        (aside / MANIFEST_NAME).write_bytes(encode_manifest(manifest))
        load_bundle(aside)
    return manifest


def _check_scores(run: Run, held_out: list[Example], scores: np.ndarray) -> None:
    """Make sure that the threshold was set with the scorer that is exported.

    A run keeps weights, not code: another version of oddline may make another score of them.
    """
    known = [place for place, example in enumerate(held_out) if example.score is not None]
    expected = [held_out[place].score or 0.0 for place in known]
    differences = relative_differences(scores[known], expected, run.spec.threshold.value)
    if not differences.max(initial=0.0) <= LARGEST_RELATIVE_DIFFERENCE:
        raise ParityError(
            "the model does not score the held-out records as it did when the threshold was set",
            where=str(run.folder),
            mend="train again",
        )


def _golden(run: Run, scorer: Scorer, lines: list[list[str]]) -> list[Golden]:
    spec = run.spec.preprocessing.format
    lines = [*lines, *odd_examples(spec, run.spec.preprocessing.sessions)]
    sessions = sessions_of(run.spec.preprocessing, run.read)
    contents = [content_of(spec, one, sessions) for one in lines]
    return replay(scorer, run.spec.threshold.value, lines, contents)


def _manifest(run: Run, options: ExportOptions, facts: ModelFacts, parity: Parity, folder: Path) -> Manifest:
    spec = run.spec
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return Manifest(
        schema_version=SCHEMA_VERSION,
        name=options.name,
        detector=spec.detector,
        preset=spec.preset,
        target=options.target,
        precision="fp32",
        created_by=f"oddline {__version__}",
        licence=options.licence,
        graph=facts.graph_spec(),
        conversion=Conversion(batch_sizes=list(BATCH_SIZES), folded=[], float32_nodes=[]),
        preprocessing=spec.preprocessing,
        threshold=spec.threshold,
        parts=spec.parts,
        calibration=spec.calibration,
        parity=parity,
        training=spec.training,
        files=[file_entry(path, folder) for path in paths],
        digest="",
    )


def _pretty(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
