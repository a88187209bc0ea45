"""What a user may ask of a training."""

from __future__ import annotations

from dataclasses import dataclass

from edge.errors import InputError

DEFAULT_TARGET_FPR = 0.001
"""The share of normal records that may be flagged, where neither the user nor the detector says another."""


@dataclass(frozen=True)
class TrainOptions:
    """None stands for the preset's own value.

    Those in `OWN_OPTIONS` belong to some detectors only. `labels` is a list of patterns (see `LabelMap.parse`),
    `label_file` a file with the labels of a log's lines (see `export.labelled`), `header` the names of a table's
    columns, `window` a number of events and how many events later the next one begins, `seconds` the length of a window
    of time, and `dictionary` a file of templates that are known beforehand.
    """

    preset: str = "default"
    format: str | None = None
    layout: str | None = None
    year: int | None = None
    shares: tuple[float, float, float] | None = None
    target_fpr: float | None = None
    alerts_per_day: float | None = None
    vocabulary: int | None = None
    epochs: int | None = None
    seed: int = 0
    label_column: str | None = None
    labels: str | None = None
    label_file: str | None = None
    header: tuple[str, ...] | None = None
    fields: tuple[str, ...] | None = None
    session_key: str | None = None
    window: tuple[int, int] | None = None
    seconds: float | None = None
    dictionary: str | None = None


OWN_OPTIONS = {
    "format": "--format",
    "layout": "--log-format",
    "year": "--year",
    "vocabulary": "--vocabulary",
    "label_column": "--label-column",
    "labels": "--map",
    "label_file": "--labels",
    "header": "--header",
    "fields": "--fields",
    "session_key": "--session-key",
    "window": "--window",
    "seconds": "--seconds",
    "dictionary": "--dictionary",
}
"""Options that not every detector knows, and what they are called on the command line."""


def refuse_unknown(options: TrainOptions, known: frozenset[str], detector: str) -> None:
    """Raise `InputError` for an option that was given and means nothing to the detector."""
    for name, flag in OWN_OPTIONS.items():
        if name not in known and getattr(options, name) is not None:
            raise InputError(f"the detector {detector} knows no such option", where=flag, mend="leave it out")
