"""What goes together in a training of sessions, looked at before anything is read."""

from __future__ import annotations

from edge.errors import InputError
from edge.formats.access import AccessFormat
from edge.formats.request_rows import RequestRowsFormat
from edge.sequence import events
from export.sequence.presets import PRESETS
from export.training.options import TrainOptions


def format_of_lines(options: TrainOptions) -> str | None:
    """The format that lines are read in: access lines with labels are rows of features."""
    if options.format == AccessFormat.name and options.label_file is not None:
        return RequestRowsFormat.name
    return options.format


def check_labels(options: TrainOptions, *, ready: bool) -> None:
    """Raise `InputError` for labels that such sessions cannot have, or lack: `ready` ones, or those of lines."""
    column = "--label-column" if options.label_column is not None else "--map" if options.labels is not None else None
    if not ready and column is not None:
        raise InputError(
            "labels in a column belong to ready sessions",
            where=column,
            mend="give --labels FILE for the lines of a log, or event-id files with a column for labels",
        )
    if options.format == events.NAME and options.label_file is not None:
        raise InputError("labels of event-id files stand in a column of theirs", where="--labels", mend="leave it out")
    if not ready and options.label_file is None and PRESETS[options.preset].epochs is None:
        raise InputError(
            f"the preset {options.preset} learns from labels, and the lines of a log have none",
            where="--preset",
            mend="give --labels FILE, or take the preset default",
        )


def check_rows(options: TrainOptions) -> None:
    """Raise `InputError` for options that rows of features have no use for, or need."""
    preset = PRESETS[options.preset]
    if options.label_file is None:
        raise InputError(
            "rows of features are learnt with labels", where="--format", mend="give --labels FILE, or --format access"
        )
    for flag, value in (("--dictionary", options.dictionary), ("--vocabulary", options.vocabulary)):
        if value is not None:
            raise InputError("rows of features have no words to know", where=flag, mend="leave it out")
    if options.session_key is not None:
        raise InputError(
            "rows of features hold no text that lines share",
            where="--session-key",
            mend="give --window LENGTH,STEP or --seconds",
        )
    if options.window is not None and preset.name == "seed" and options.window[0] > preset.length:
        raise InputError(
            f"the published network reads {preset.length} lines at once, and a window has {options.window[0]:,}",
            where="--window",
            mend=f"give windows of up to {preset.length}, or take the preset default",
        )
