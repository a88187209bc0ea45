"""How the threshold of one part of a score is set."""

from __future__ import annotations

import numpy as np
import pytest

from edge.bundle.manifest import Threshold
from edge.runtime.verdicts import is_anomalous
from export.training.train import _Budget
from export.training.trainable import PartBudget

SCORES = np.linspace(0.0, 1.0, 1000, dtype=np.float32)
SHARES = _Budget(target_fpr=0.02, alerts_per_day=None, days=None)


def flagged(threshold: Threshold) -> int:
    return int(np.count_nonzero(is_anomalous(SCORES, threshold.value)))


def test_a_part_keeps_its_share() -> None:
    whole = SHARES.part_threshold(SCORES, PartBudget(1.0))
    half = SHARES.part_threshold(SCORES, PartBudget(0.5))
    assert flagged(whole) / 1000 == pytest.approx(0.02, abs=0.002)
    assert flagged(half) / 1000 == pytest.approx(0.01, abs=0.002)
    assert half.target_fpr == pytest.approx(0.01)
    by_day = _Budget(target_fpr=None, alerts_per_day=20.0, days=1.0)
    assert flagged(by_day.part_threshold(SCORES, PartBudget(0.5))) == 10


def test_a_threshold_that_would_leave_the_joint_score_without_measure_is_raised() -> None:
    tiny = SCORES * np.float32(1e-9)
    raised = SHARES.part_threshold(tiny, PartBudget(0.5, least=0.25))
    assert raised.value == 0.25
    assert raised.method.endswith("raised to the lowest that makes sense")
    assert raised.expected_fpr == pytest.approx(1 / 1001)
    kept = SHARES.part_threshold(SCORES, PartBudget(0.5, least=0.25))
    assert kept.value > 0.9


def test_where_too_few_are_held_out_another_threshold_stands_in() -> None:
    few = SCORES[:90]
    assert SHARES.part_threshold(few, PartBudget(0.5, instead=0.7)).value == 0.7
    assert SHARES.part_threshold(few, PartBudget(0.5)).value > few.max()
    assert SHARES.part_threshold(SCORES[:100], PartBudget(0.5, instead=0.7)).value != 0.7
