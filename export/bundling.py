"""`export`: from a run to a bundle that was converted, checked against the target, and proven equal to Keras."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

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
    TOKENIZER_NAME,
    Manifest,
    Parity,
    encode_manifest,
)
from edge.bundle.onnx_reader import ModelFacts
from edge.errors import ParityError, TooLittleDataError
from edge.formats import make_format
from edge.runtime.session import Session
from edge.runtime.verdicts import is_anomalous
from edge.runtime.verifying import relative_differences
from edge.text.clean import decode_block
from export.convert import to_onnx
from export.golden import make_golden, pick_lines
from export.line.models import RowScorer, load_scorer
from export.parity import LARGEST_RELATIVE_DIFFERENCE, LEAST_RECORDS, compare, prove
from export.run import CALIBRATION_NAME, TEST_NAME, Run

METRICS_PATH = "report/metrics.json"
PARITY_PATH = "report/parity.json"
_ANY_TIME = datetime(2000, 1, 1)


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
        raise TooLittleDataError("the run holds no held-out lines", where=str(run.folder), mend="train again")
    lines = decode_block(held_out)
    contents = _contents(run, lines)
    # Entered before the work that takes minutes: what must not be replaced is refused at once.
    with new_bundle_folder(folder) as aside:
        scorer = load_scorer(run)
        say(f"converting to ONNX for {options.target}")
        model, facts = to_onnx(scorer.graph, target=options.target, name=f"{run.spec.detector}-{run.spec.preset}")
        session = Session(model, provider="cpu")
        say(f"comparing Keras with ONNX Runtime on {len(lines):,} held-out lines")
        exported = RowScorer(scorer.masker, scorer.encoder, scorer.skip_characters, _as_graph(session)).score(contents)
        reference = scorer.score(contents)
        _check_calibration(run, reference)
        comparison = compare(reference, exported, run.spec.threshold.value)
        parity = prove(comparison, where=options.name)
        if len(lines) < LEAST_RECORDS:
            say(f"only {len(lines):,} held-out lines to compare on, {LEAST_RECORDS:,} make a stronger proof")
        proof = ParityReport(
            schema_version=1,
            reference="Keras, float32, CPU",
            exported="ONNX Runtime, float32, CPU",
            records=len(lines),
            distinct_records=len(set(scorer.mask(contents))),
            parity=parity,
        )
        golden = _golden(run, scorer, session, pick_lines(lines, exported))
        (aside / MODEL_NAME).write_bytes(model)
        (aside / TOKENIZER_NAME).write_bytes(run.tokenizer)
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


def _check_calibration(run: Run, scores: np.ndarray) -> None:
    """Make sure that the threshold was set with the scorer that is exported: `scores` are those of the held-out lines.

    A run keeps weights, not code: another version of oddline may make another score of them.
    """
    calibration, threshold = run.spec.calibration, run.spec.threshold
    found = scores[: calibration.records]
    ends = relative_differences(
        [found.min(), found.max()], [calibration.scores[0], calibration.scores[-1]], threshold.value
    )
    flagged = int(is_anomalous(found, threshold.value).sum())
    if not ends.max() <= LARGEST_RELATIVE_DIFFERENCE or flagged != round(threshold.expected_fpr * (len(found) + 1)) - 1:
        raise ParityError(
            "the model does not score the held-out lines as it did when the threshold was set",
            where=str(run.folder),
            mend="train again",
        )


def _contents(run: Run, lines: Sequence[str]) -> list[str]:
    spec = run.spec.preprocessing.format
    return make_format(spec.name, layout=spec.layout, reference=_ANY_TIME).parse(list(lines)).contents


def _as_graph(session: Session) -> Callable[[np.ndarray], dict[str, Any]]:
    """The session in the shape of a Keras graph, so that both are fed by the very same code."""

    def graph(ids: np.ndarray) -> dict[str, Any]:
        return {"score": session.run(["score"], {"ids": ids})[0]}

    return graph


def _golden(run: Run, scorer: RowScorer, session: Session, lines: list[str]) -> list[Golden]:
    contents = _contents(run, lines)
    rows = scorer.encoder.encode(scorer.mask(contents))
    parts = np.split(rows.ids, np.flatnonzero(np.diff(rows.owners)) + 1)
    scores = np.asarray([session.run(["score"], {"ids": part})[0].max() for part in parts], np.float32)
    verdicts = is_anomalous(scores, run.spec.threshold.value)
    return make_golden(lines, contents, [part.tolist() for part in parts], scores, verdicts)


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
        preprocessing=spec.preprocessing,
        threshold=spec.threshold,
        calibration=spec.calibration,
        parity=parity,
        training=spec.training,
        files=[file_entry(path, folder) for path in paths],
        digest="",
    )


def _pretty(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
