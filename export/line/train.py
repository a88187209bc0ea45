"""`train line`: from log files to a run folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge.bundle.manifest import Training
from edge.errors import InputError
from edge.files.atomic import atomic_folder
from edge.runtime.verdicts import is_anomalous
from edge.text.clean import decode_block
from edge.text.encoder import TokenEncoder
from edge.text.masks import Masker
from export.calibrate import choose_threshold, summarise
from export.dataset import LogData, read_log, split
from export.line.fit import fit_default, fit_seed
from export.line.models import RowScorer, build_model, make_scorer
from export.line.presets import PRESETS, LinePreset
from export.line.tokenizer import train_tokenizer
from export.run import RUN_SCHEMA_VERSION, RunSpec, check_output, why_not_replaced, write_run

# Fewer lines teach nothing, and fewer held-out ones cannot carry a threshold.
LEAST_TRAINING_LINES = 200
LEAST_CALIBRATION_LINES = 100
# Fewer flagged lines, or fewer times the budget, may be chance.
DRIFT_LINES = 20
DRIFT_FACTOR = 5


@dataclass(frozen=True)
class TrainOptions:
    """What the user asked for; None stands for the preset's own value."""

    preset: str = "default"
    format: str | None = None
    layout: str | None = None
    year: int | None = None
    shares: tuple[float, float, float] = (0.6, 0.2, 0.2)
    target_fpr: float | None = 0.001
    alerts_per_day: float | None = None
    vocabulary: int | None = None
    epochs: int | None = None
    seed: int = 0


@dataclass(frozen=True)
class TrainReport:
    """What there is to say of a training, besides the run.

    `known_in_test` is the share of test lines whose masked content the training slice held too; `flagged_in_test` the
    share of them that the threshold flags. Both are None without a test slice.
    """

    spec: RunSpec
    lines: int
    known_in_test: float | None
    flagged_in_test: float | None

    @property
    def times_the_budget(self) -> float:
        """How many times more of the test lines are flagged than the threshold was set for."""
        return (self.flagged_in_test or 0.0) / self.spec.threshold.expected_fpr

    @property
    def drifted(self) -> bool:
        """Whether so many test lines are flagged that it is hardly chance."""
        flagged = (self.flagged_in_test or 0.0) * self.spec.training.test_records
        return flagged >= DRIFT_LINES and self.times_the_budget > DRIFT_FACTOR


def train_line(
    paths: Sequence[str],
    folder: Path,
    options: TrainOptions,
    *,
    say: Callable[[str], None],
    progress: Callable[[int, int, float], None],
) -> TrainReport:
    """Learn from the first part of a log, set the threshold on the next, keep the last for tests; write the run.

    Raises:
        InputError: a path cannot be read, or there is too little of it.
        OutputError: the run folder cannot be written, or is there and is no run.
    """
    check_output(folder)
    preset = PRESETS[options.preset]
    _check_vocabulary(options, preset)
    data = read_log(paths, asked=options.format, layout=options.layout, say=say, year=options.year)
    if preset.reads_whole_lines:
        data.contents = decode_block(data.lines)
    least = (LEAST_TRAINING_LINES, LEAST_CALIBRATION_LINES, 0)
    training, calibration, test = split(data, options.shares, least)
    days = _days(calibration, options)
    preprocessing = preset.preprocessing(data.format)
    skip = preprocessing.format.skip_characters
    masked = Masker(preprocessing.masks).apply([content[skip:] for content in training.contents])
    counts = Counter(masked)
    tokenizer = train_tokenizer(
        counts if preset.splits_punctuation else masked,
        vocabulary=options.vocabulary or preset.vocabulary,
        punctuation=preset.splits_punctuation,
        special=preset.special_tokens,
        alphabet=preset.splits_punctuation,
    )
    say(f"learning from {len(training):,} lines, {len(counts):,} distinct after masking")
    encoder = TokenEncoder(preprocessing.encoder, tokenizer)
    vocabulary = _vocabulary(encoder, preset)
    model = _fit(preset, counts, masked, encoder, vocabulary, options, progress)
    scorer = make_scorer(preset.name, model, preprocessing, tokenizer)
    held_out = scorer.score(calibration.contents)
    spec = RunSpec(
        schema_version=RUN_SCHEMA_VERSION,
        detector="line",
        preset=preset.name,
        vocabulary=vocabulary,
        preprocessing=preprocessing,
        threshold=choose_threshold(
            held_out,
            target_fpr=options.target_fpr if days is None else None,
            alerts_per_day=options.alerts_per_day,
            days=days,
        ),
        calibration=summarise(held_out),
        training=Training(
            fingerprint=training.fingerprint(),
            records=len(training),
            distinct_inputs=len(counts),
            calibration_records=len(calibration),
            test_records=len(test),
            seed=options.seed,
            parameters={
                "vocabulary": vocabulary,
                "epochs": options.epochs or preset.epochs,
                "batch": preset.batch,
                "weights": model.count_params(),
            },
        ),
    )
    with atomic_folder(folder, refusal=why_not_replaced) as aside:
        write_run(
            aside,
            spec,
            weights=model.get_weights(),
            tokenizer=tokenizer,
            training=dict(counts),
            calibration=calibration,
            test=test,
        )
    return _report(spec, scorer, counts, data, test)


def _fit(
    preset: LinePreset,
    counts: Counter[str],
    masked: Sequence[str],
    encoder: TokenEncoder,
    vocabulary: int,
    options: TrainOptions,
    progress: Callable[[int, int, float], None],
) -> Any:
    import keras

    keras.utils.set_random_seed(options.seed)
    epochs = options.epochs or preset.epochs
    model = build_model(preset.name, vocabulary=vocabulary, length=encoder.length)
    if preset.name == "seed":
        ids = encoder.encode(masked).ids
        fit_seed(model, ids, epochs=epochs, batch=preset.batch, seed=options.seed, progress=progress)
    else:
        rows = encoder.encode(list(counts))
        weights = np.fromiter(counts.values(), np.float64, len(counts))[rows.owners]
        fit_default(model, rows.ids, weights, epochs=epochs, batch=preset.batch, seed=options.seed, progress=progress)
    return model


def _vocabulary(encoder: TokenEncoder, preset: LinePreset) -> int:
    return preset.vocabulary if preset.fixed_table else encoder.vocabulary


def _check_vocabulary(options: TrainOptions, preset: LinePreset) -> None:
    if preset.fixed_table and options.vocabulary is not None and options.vocabulary > preset.vocabulary:
        raise InputError(
            f"a vocabulary of {options.vocabulary:,} is more than the network of the preset {preset.name} has",
            mend=f"give --vocabulary {preset.vocabulary} or less",
        )


def _days(calibration: LogData, options: TrainOptions) -> float | None:
    """How many days the calibration slice spans, where a budget by the day was asked for; else None."""
    if options.alerts_per_day is None:
        return None
    days = calibration.days()
    if days is None:
        raise InputError(
            "the log has no time stamps that a budget by the day could be counted with", mend="use --target-fpr"
        )
    return days


def _report(spec: RunSpec, scorer: RowScorer, counts: Counter[str], data: LogData, test: LogData) -> TrainReport:
    known = flagged = None
    if len(test):
        masked = scorer.mask(test.contents)
        known = sum(text in counts for text in masked) / len(masked)
        flagged = float(np.mean(is_anomalous(scorer.score(test.contents), spec.threshold.value)))
    return TrainReport(spec, len(data), known, flagged)
