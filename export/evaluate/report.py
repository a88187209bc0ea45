"""The report of an evaluation: its structures, and its file with one writer and one reader."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List, Optional

import msgspec

from edge.errors import InputError, SchemaError
from edge.files.atomic import AtomicFile
from export.evaluate.audit import Audit
from export.evaluate.metrics import Metrics
from export.evaluate.tradeoff import TradeOff
from export.evaluate.worst import WorstErrors

REPORT_SCHEMA_VERSION = 2
DETECTOR = "detector"
BASELINE = "baseline"


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of the report's structures: immutable, and closed to fields that it does not name."""


class SourceReport(_Strict, frozen=True):
    """Something that was evaluated on: a file and its lines, or a test slice and its records."""

    name: str
    lines: int


class KindFigures(_Strict, frozen=True):
    """One kind of anomaly against all normal records.

    `recall` is the share that is flagged at the scorer's own threshold; `trained` says whether the run's training slice
    held this kind, None where that slice had no labels, or is not known.
    """

    name: str
    records: int
    recall: float
    auroc: float
    trained: Optional[bool]


class Row(_Strict, frozen=True):
    """One scorer. `kind` is ``detector`` or ``baseline``.

    `unscored` counts the records that it could not score and that are in none of its figures. `records` counts every
    other record; `distinct` counts equal inputs once on each side of the labels.
    """

    name: str
    kind: str
    threshold: float
    unscored: int
    records: Metrics
    distinct: Metrics
    kinds: List[KindFigures]


class Report(_Strict, frozen=True):
    """A whole evaluation.

    `origin` is where the records come from: ``files`` (normal and anomalous ones), ``labelled`` or ``held-out``.
    `unlabelled` counts the records without a label, which were left out. `seed` and `replicates` are the bootstrap's.
    `normal_per_day` is how many normal records a day has, None where they say no time. `trade_offs`, `worst`, `audit`
    and `history`, the curves of the training, are the first detector's. `conclusions` are sentences for people.
    """

    schema_version: int
    created_by: str
    subject: str
    origin: str
    sources: List[SourceReport]
    unlabelled: int
    seed: int
    replicates: int
    confidence: float
    max_fpr: float
    base_rate: Optional[float]
    normal_per_day: Optional[float]
    rows: List[Row]
    baselines_left_out: Optional[str]
    audit: Audit
    trade_offs: List[TradeOff]
    worst: WorstErrors
    history: Dict[str, List[float]]
    conclusions: List[str]


class _Versioned(msgspec.Struct):
    schema_version: int


def write_report(path: Path, report: Report) -> None:
    """Write the report as indented JSON; the name holds all of it or what it held before.

    Raises:
        OutputError: it cannot be written.
    """
    with AtomicFile(path) as file:
        file.write(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")


def read_report(path: Path) -> Report:
    """Read a report.

    Raises:
        InputError: there is none.
        SchemaError: it is damaged or of another schema version.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=str(path), mend="check the path") from error
    try:
        version = msgspec.json.decode(data, type=_Versioned).schema_version
        if version != REPORT_SCHEMA_VERSION:
            raise SchemaError(f"report schema version {version}", where=str(path), mend="evaluate again")
        return msgspec.json.decode(data, type=Report)
    except msgspec.DecodeError as error:
        raise SchemaError(f"malformed report ({error})", where=str(path), mend="evaluate again") from error
