"""`train`: from files to a run folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edge.bundle.manifest import ScorePart, Threshold, Training
from edge.bundle.preprocessing import SessionSpec
from edge.errors import InputError, TooLittleDataError
from edge.files.atomic import atomic_folder
from edge.runtime.scorer import Scorer
from export.calibrate import choose_threshold, expected_share, summarise
from export.dataset import LogData
from export.labels import NORMAL
from export.run import RUN_SCHEMA_VERSION, RunSpec, check_output, why_not_replaced, write_run
from export.trained import keras_scorer
from export.training.drift import Drift, Part, compare
from export.training.options import TrainOptions, refuse_unknown
from export.training.trainable import Fitted, PartBudget, Progress, Trainable


@dataclass(frozen=True)
class TrainReport:
    """What there is to say of a training, besides the run; `drift` is None without normal test records."""

    spec: RunSpec
    records: int
    drift: Drift | None


def train(
    detector: Trainable,
    paths: Sequence[str],
    folder: Path,
    options: TrainOptions,
    *,
    say: Callable[[str], None],
    progress: Progress,
) -> TrainReport:
    """Learn from one part of the records, set the threshold on another, keep the last for tests; write the run.

    Raises:
        InputError: a path cannot be read, or there is too little of it.
        OutputError: the run folder cannot be written, or is there and is no run.
    """
    check_output(folder)
    refuse_unknown(options, detector.knows, detector.name)
    detector.check(options)
    data = detector.read(paths, options, say=say)
    slices = detector.split(data, options, say=say)
    budget = _Budget.of(options, slices.calibration)
    fitted = detector.fit(slices, options, say=say, progress=progress)
    budget = budget.or_of(fitted)
    normal = slices.calibration.of_kind(NORMAL)
    parts = _part_thresholds(fitted, normal, budget)
    scorer = _scorer(fitted, [part.threshold.value for part in parts])
    slice_scores = scorer.score(normal.contents)
    held_out = slice_scores if fitted.fold_scores is None else fitted.fold_scores
    spec = RunSpec(
        schema_version=RUN_SCHEMA_VERSION,
        detector=detector.name,
        preset=options.preset,
        network=dict(fitted.network),
        preprocessing=fitted.preprocessing,
        threshold=_joint_threshold(fitted, parts, held_out, budget),
        parts=parts,
        calibration=summarise(held_out),
        training=Training(
            fingerprint=slices.training.fingerprint(),
            records=len(slices.training),
            distinct_inputs=len(fitted.inputs),
            calibration_records=len(normal),
            test_records=len(slices.test),
            seed=options.seed,
            parameters={**fitted.parameters, "weights": int(sum(weight.size for weight in fitted.weights))},
        ),
        history={name: [float(value) for value in curve] for name, curve in fitted.history.items()},
    )
    with atomic_folder(folder, refusal=why_not_replaced) as aside:
        write_run(
            aside,
            spec,
            weights=fitted.weights,
            files=fitted.files,
            training=fitted.inputs,
            calibration=normal.scored(slice_scores),
            test=slices.test,
            training_kinds=_count_kinds(scorer, slices.training),
        )
    # Folds take their records from the training slice itself, where nothing is new.
    before = None if fitted.fold_scores is not None else normal
    drift = _drift(spec, scorer, fitted.inputs, before, slices.test.of_kind(NORMAL))
    return TrainReport(spec, len(data), drift)


@dataclass(frozen=True)
class _Budget:
    """At most one of the two is given; `days` is the time that the calibration slice spans."""

    target_fpr: float | None
    alerts_per_day: float | None
    days: float | None

    @classmethod
    def of(cls, options: TrainOptions, calibration: LogData) -> _Budget:
        if options.alerts_per_day is None:
            return cls(options.target_fpr, None, None)
        days = calibration.days()
        if days is None:
            known = any(stamp is not None for stamp in calibration.stamps)
            raise InputError(
                "the held-out records span no time (their time stamps are equal, or not understood)"
                if known
                else "the log has no time stamps that a budget by the day could be counted with",
                mend="use --target-fpr",
            )
        return cls(None, options.alerts_per_day, days)

    def or_of(self, fitted: Fitted) -> _Budget:
        """The detector's own budget where the user gave none."""
        if self.target_fpr is None and self.alerts_per_day is None:
            return replace(self, target_fpr=fitted.target_fpr)
        return self

    def threshold(self, scores: np.ndarray, share: float = 1.0) -> Threshold:
        """The threshold that keeps a share of the budget on the scores."""
        return choose_threshold(
            scores,
            target_fpr=None if self.target_fpr is None else self.target_fpr * share,
            alerts_per_day=None if self.alerts_per_day is None else self.alerts_per_day * share,
            days=self.days,
        )

    def part_threshold(self, scores: np.ndarray, part: PartBudget) -> Threshold:
        """The threshold that keeps a part's share of the budget on its scores, float32 [n]."""
        found = self.threshold(scores, part.share)
        few = self.target_fpr is not None and (len(scores) + 1) * self.target_fpr * part.share < 1
        if few and part.instead is not None:
            return _stated(part.instead, f"{len(scores):,} held-out records are too few to set it on", scores, self)
        if part.least is not None and found.value < part.least:
            return _stated(part.least, f"{found.method}; raised to the lowest that makes sense", scores, self)
        return found


def _part_thresholds(fitted: Fitted, normal: LogData, budget: _Budget) -> list[ScorePart]:
    """Each part gets a share of the budget, so that all of them together keep it."""
    if not fitted.parts:
        return []
    if not len(normal):
        raise TooLittleDataError("there are no normal records to set thresholds on", mend="give more normal records")
    scorer = _scorer(fitted, [1.0] * len(fitted.parts))
    scores = scorer.outputs(normal.contents, fitted.parts)
    equal = PartBudget(1.0 / len(fitted.parts))
    return [
        ScorePart(name=name, threshold=budget.part_threshold(values, fitted.budgets.get(name, equal)))
        for name, values in zip(fitted.parts, scores, strict=True)
    ]


def _joint_threshold(fitted: Fitted, parts: Sequence[ScorePart], scores: np.ndarray, budget: _Budget) -> Threshold:
    if parts:
        method = f"the highest of {' and '.join(part.name for part in parts)}, each in units of its own threshold"
        return _stated(1.0, method, scores, budget)
    if fitted.fixed_threshold is not None:
        return _stated(fitted.fixed_threshold, "fixed, not from held-out records", scores, _Budget(None, None, None))
    return budget.threshold(scores)


def _stated(value: float, method: str, scores: np.ndarray, budget: _Budget) -> Threshold:
    return Threshold(
        value=value,
        method=method,
        target_fpr=budget.target_fpr,
        alerts_per_day=budget.alerts_per_day,
        records=len(scores),
        expected_fpr=expected_share(scores, value),
    )


def _scorer(fitted: Fitted, thresholds: Sequence[float]) -> Scorer:
    return keras_scorer(fitted.graph(thresholds), fitted.preprocessing, fitted.files.__getitem__)


def _count_kinds(scorer: Scorer, training: LogData) -> Mapping[tuple[str, str], int] | None:
    """How often each pair of an input and a kind was learnt from; None where no record has a label."""
    if set(training.kinds) <= {NORMAL}:
        return None
    return Counter(zip(scorer.encoder.keys(training.contents), training.kinds, strict=True))


def _drift(
    spec: RunSpec, scorer: Scorer, learnt: Mapping[str, int], before: LogData | None, last: LogData
) -> Drift | None:
    if not len(last):
        return None
    keys = [] if before is None else scorer.encoder.keys(before.contents)
    part = Part(scorer.encoder.keys(last.contents), scorer.score(last.contents))
    return compare(keys, part, learnt, spec.threshold, overlap=_overlap(spec.preprocessing.sessions))


def _overlap(sessions: SessionSpec | None) -> int:
    """How many windows on end have lines in common."""
    if sessions is None or sessions.length is None:
        return 1
    return -(-sessions.length // (sessions.step or sessions.length))
