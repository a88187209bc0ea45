"""Which baselines stand beside which detector, trained on what its run was trained on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from export.evaluate.baselines.base import Baseline, ExactMatch
from export.evaluate.baselines.sessions import CountRegression, EventCounts, EventTrigrams, SessionLength
from export.evaluate.baselines.tables import LargestDeviation, MeanDeviation, MeanRowRegression, RowRegression
from export.evaluate.baselines.text import TokenTrigrams, UnseenTemplate, UnseenWords
from export.evaluate.inputs import FEATURES, SESSIONS, STEPS, TEXT, ReadInputs, family_of
from export.labels import NORMAL
from export.run import CALIBRATION_NAME, Run, TrainingInput

FOLDS = 5

_UNLABELLED: dict[str, tuple[type[Baseline], ...]] = {
    TEXT: (ExactMatch, UnseenTemplate, UnseenWords, TokenTrigrams),
    SESSIONS: (ExactMatch, EventCounts, SessionLength, EventTrigrams),
    FEATURES: (ExactMatch, LargestDeviation),
    STEPS: (ExactMatch, MeanDeviation),
}
"""They learn from the normal training records."""

_LABELLED: dict[str, tuple[type[Baseline], ...]] = {
    TEXT: (),
    SESSIONS: (CountRegression,),
    FEATURES: (RowRegression,),
    STEPS: (MeanRowRegression,),
}
"""They learn from normal and anomalous training records, where the run has both."""


@dataclass(frozen=True)
class Material:
    """What baselines learn from; `heldout` are the inputs of the run's held-out normal records."""

    normal: list[TrainingInput]
    all: list[TrainingInput]
    heldout: list[str]

    @property
    def has_both(self) -> bool:
        """Whether there are training records of both classes."""
        return 0 < len(self.normal) < len(self.all)

    @property
    def in_sample(self) -> bool:
        """Whether the held-out records are the very ones that were learnt from."""
        return Counter(self.heldout) == Counter({one.key: one.records for one in self.normal})


def train_baselines(run: Run, *, say: Callable[[str], None]) -> list[Baseline]:
    """All baselines that fit the run's inputs, with thresholds from its held-out normal records.

    The budget is the run's, as a share of normal records. Where a detector's threshold was set on the records that it
    learnt from (each scored by a model that had not seen it), those of the baselines are set so too, in five folds.
    """
    preprocessing = run.spec.preprocessing
    inputs = ReadInputs(preprocessing)
    material = _material(run, inputs)
    say(f"training the baselines on {len(material.all):,} distinct inputs")
    threshold = run.spec.threshold
    budget = threshold.expected_fpr if threshold.target_fpr is None else threshold.target_fpr
    family = family_of(preprocessing)
    baselines = [kind(inputs) for kind in _UNLABELLED[family]] if material.normal else []
    for baseline in baselines:
        scores = _cross_scores(baseline, material) if baseline.graded and material.in_sample else None
        baseline.learn(material.normal)
        baseline.calibrate(baseline.score_inputs(material.heldout) if scores is None else scores, budget)
    if material.has_both:
        for baseline in [kind(inputs) for kind in _LABELLED[family]]:
            baseline.learn(material.all)
            baseline.calibrate(baseline.score_inputs(material.heldout), budget)
            baselines.append(baseline)
    return baselines


def _material(run: Run, inputs: ReadInputs) -> Material:
    rows = run.labelled_inputs()
    # Keys that differ for the run may be one input here.
    counts: Counter[tuple[str, str]] = Counter()
    for key, one in zip(inputs.of_keys([one.key for one in rows]), rows, strict=True):
        counts[key, one.kind] += one.records
    training = [TrainingInput(key, records, kind) for (key, kind), records in counts.items()]
    contents = [example.content for example in run.heldout(CALIBRATION_NAME) if example.kind == NORMAL]
    return Material([one for one in training if one.kind == NORMAL], training, inputs.of_contents(contents))


def _cross_scores(baseline: Baseline, material: Material) -> np.ndarray:
    """float32 [n]: scores of the held-out records, each by a baseline that has learnt from the others only.

    Records are dealt to the folds in turn, so that records of one input are in several of them, as they are in later
    records.
    """
    folds = np.arange(len(material.heldout)) % FOLDS
    scores = np.zeros(len(material.heldout), np.float32)
    for fold in range(FOLDS):
        others = Counter(material.heldout[place] for place in np.flatnonzero(folds != fold).tolist())
        baseline.learn([TrainingInput(key, records, NORMAL) for key, records in others.items()])
        own = np.flatnonzero(folds == fold)
        scores[own] = baseline.score_inputs([material.heldout[place] for place in own.tolist()])
    return scores
