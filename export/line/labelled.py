"""Labels of lines: a field of the layout, as loghub's alert columns are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from edge.errors import InputError
from edge.formats.layout import CONTENT, HEADER_REACH, compile_layout
from export.dataset import LogData
from export.labels import NORMAL, LabelMap
from export.line.presets import PRESETS
from export.listing import commonest
from export.training.options import TrainOptions

# A column with more labels is probably none of labels, or it is missing on some lines.
_MANY = 64
_SUSPECTED = "is the column there on every line? --map says which are anomalies"


def check_labels(options: TrainOptions) -> None:
    """Raise `InputError` or `FormatError` for options of labels that do not go together."""
    if options.labels is not None:
        LabelMap.parse(options.labels)
        if options.label_column is None:
            raise InputError("says what labels mean, and there are none", where="--map", mend="give --label-column too")
    if options.label_column is None:
        return
    if PRESETS[options.preset].reads_whole_lines:
        raise InputError(
            f"the preset {options.preset} reads whole lines, with their labels",
            where="--label-column",
            mend="use --preset default",
        )
    if options.layout is None:
        raise InputError(
            "lines have labels where a layout says so",
            where="--label-column",
            mend='give --log-format, such as "<Label> <Time> <Content>"',
        )
    fields = [name for name in compile_layout(options.layout).groupindex if name != CONTENT]
    if options.label_column not in fields:
        raise InputError(
            f"the layout has no field <{options.label_column}>",
            where="--label-column",
            mend=f"give one of {', '.join(fields) or 'its fields, of which it has none'}",
        )


def label(data: LogData, options: TrainOptions, *, say: Callable[[str], None]) -> LogData:
    """The records with their kinds, without those whose labels are dropped; as they are where labels are not asked for.

    A line that is not in the layout has no label, and is taken for normal.

    Raises:
        InputError: labels of which ``--map`` says nothing, with their counts.
    """
    if options.label_column is None or options.layout is None:
        return data
    header = compile_layout(options.layout)
    found = [header.match(line, 0, HEADER_REACH) for line in data.lines]
    labels = [NORMAL if match is None else match[options.label_column] for match in found]
    rules = LabelMap() if options.labels is None else LabelMap.parse(options.labels)
    fitting = [one for one, match in zip(labels, found, strict=True) if match is not None]
    known = iter(rules.kinds(fitting, f"the field {options.label_column}"))
    kinds = [NORMAL if match is None else next(known) for match in found]
    data.kinds = [kind or NORMAL for kind in kinds]
    kept = data.pick(place for place, kind in enumerate(kinds) if kind is not None)
    anomalous = Counter(kind for kind in kept.kinds if kind != NORMAL)
    listed = commonest(anomalous)
    dropped = f", {len(data) - len(kept):,} dropped" if len(kept) < len(data) else ""
    many = f"; {len(anomalous)} different labels: {_SUSPECTED}" if len(anomalous) > _MANY else ""
    say(
        f"{sum(anomalous.values()):,} of {len(kept):,} lines are labelled as anomalies{dropped}"
        + (f": {listed}{many}" if listed else "")
    )
    if len(data) and NORMAL not in kept.kinds:
        raise InputError(
            f"no line is normal; the labels are {listed}" if listed else "no line is left, as --map says",
            where=f"the field {options.label_column}",
            mend='say with --map which labels are normal, such as "-=0,*=1"',
        )
    return kept
