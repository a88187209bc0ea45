"""What is said of the end of a log that is unlike the part that set the threshold."""

from __future__ import annotations

from typing import Sequence

import numpy as np
import pytest

pytest.importorskip("scipy", reason="scipy comes with scikit-learn, which belongs to the extra `export`")

from edge.bundle.manifest import Threshold
from export.calibrate import choose_threshold
from export.training.drift import Drift, Part, compare, describe

LEARNT = {"job done": 500, "disk check": 80, "job failed": 20}
BEFORE = ["job done"] * 900 + ["disk check"] * 90 + ["job failed"] * 10


def at(budget: float, records: int = 1000) -> Threshold:
    """The threshold that `records` held-out scores from 0 to 1 give, all different."""
    scores = np.linspace(0.0, 1.0, records, dtype=np.float32)
    return choose_threshold(scores, target_fpr=budget, alerts_per_day=None, days=None)


def drift_of(odd: Sequence[str], *, records: int = 1000, budget: float = 0.01, held_out: int = 1000) -> Drift:
    """The last part: `odd` inputs that are flagged, spread among normal ones that are not."""
    keys, scores = ["job done"] * records, np.zeros(records, np.float32)
    for key, place in zip(odd, np.linspace(0, records - 1, len(odd)).astype(int), strict=True):
        keys[place], scores[place] = key, 2.0
    return compare(BEFORE, Part(keys, scores), LEARNT, at(budget, held_out))


def told(drift: Drift) -> str:
    return "\n".join(describe(drift))


def test_what_keeps_the_budget_is_one_sentence() -> None:
    drift = drift_of(["job failed"] * 20)
    assert (drift.flagged, drift.share, drift.exceeds, drift.drifts) == (20, 0.02, False, False)
    assert told(drift) == (
        "of the 1,000 normal records that are kept for tests, 100.0% stood in the training part too, and 2.000% are "
        "flagged"
    )


@pytest.mark.parametrize("flagged", [21, 30, 49])
def test_no_excess_of_twice_the_budget_goes_unsaid(flagged: int) -> None:
    drift = drift_of(["job failed"] * flagged)
    assert drift.exceeds
    assert f"that is {flagged / 10:.1f} times what the threshold is for" in told(drift)


def test_a_threshold_from_few_records_gives_chance_its_part() -> None:
    many, few = drift_of(["job failed"] * 30), drift_of(["job failed"] * 30, held_out=100)
    assert many.chance < 0.001
    assert "unlike what came before" in told(many)
    assert many.drifts
    # With no held-out score above the threshold and 100 in all, as many again are above it by chance.
    assert few.chance == pytest.approx((10 / 11) ** 30, rel=0.2)
    assert "that is 3.0 times what the threshold is for, which can be chance (p = 0.06)" in told(few)
    assert not few.drifts


def test_the_chance_is_that_of_equal_logs() -> None:
    """Where nothing drifts, a chance of at most 5 % is told of at most about 5 % of logs."""
    generator = np.random.default_rng(0)
    below = 0
    for _ in range(400):
        scores = generator.random(1000).astype(np.float32)
        threshold = choose_threshold(scores[:500], target_fpr=0.02, alerts_per_day=None, days=None)
        below += compare([], Part(["x"] * 500, scores[500:]), {}, threshold).chance < 0.05
    assert 4 <= below <= 32


def test_new_inputs_and_words_are_named() -> None:
    drift = drift_of(["audit: avc denied"] * 30 + ["audit: avc granted"] * 10 + ["job failed"] * 5)
    assert (drift.flagged, drift.new) == (45, 40)
    assert drift.inputs == (("audit: avc denied", 30), ("audit: avc granted", 10))
    assert drift.words == (("audit:", 40), ("avc", 40), ("denied", 30), ("granted", 10))
    said = told(drift)
    assert "40 of the 45 flagged have inputs that were never learnt, most often 'audit: avc denied' (30)" in said
    assert "words never learnt: 'audit:' (40), 'avc' (40), 'denied' (30), 'granted' (10)" in said
    assert said.endswith(
        "the log is changing: 4.0% of these records (2 distinct inputs) are new, and 0.0% (0) "
        "of those that set the threshold"
    )


def test_known_inputs_that_come_more_often_are_named() -> None:
    said = told(drift_of(["job failed"] * 40 + ["audit: avc denied"] * 5))
    assert "40 of the 45 flagged have inputs that were learnt, and come more often than in the part" in said
    assert "above all 'job failed' (40), 'audit: avc denied' (5)" in said
    assert "words never learnt" not in said


def test_new_inputs_are_told_of_where_none_is_flagged() -> None:
    keys = [f"user {chr(97 + place % 26)} came" if place % 5 == 0 else "job done" for place in range(1000)]
    drift = compare(BEFORE, Part(keys, np.zeros(1000, np.float32)), LEARNT, at(0.01))
    assert (drift.flagged, drift.exceeds, drift.drifts) == (0, False, True)
    assert drift.news is not None
    assert drift.news.records == (0.0, 0.2)
    assert drift.news.inputs == (0, 26)
    assert "the log is changing: 20.0% of these records (26 distinct inputs) are new" in told(drift)


def test_one_burst_of_one_new_line_is_no_change() -> None:
    """100 equal lines in one stretch are one event, though they are a tenth of the records."""
    keys = ["job done"] * 800 + ["came once"] * 100 + ["job done"] * 100
    drift = compare(BEFORE, Part(keys, np.zeros(1000, np.float32)), LEARNT, at(0.01))
    assert drift.news is not None
    assert drift.news.chance > 0.2
    assert not drift.drifts


def test_many_new_lines_in_one_stretch_are_a_change() -> None:
    """A burst of one line is one event; a hundred different ones are not, and no comparison of stretches tells that."""
    keys = ["job done"] * 800 + [f"user {place} came" for place in range(100)] + ["job done"] * 100
    drift = compare(BEFORE, Part(keys, np.zeros(1000, np.float32)), LEARNT, at(0.01))
    assert drift.news is not None
    assert drift.news.inputs == (0, 100)
    assert drift.news.chance < 1e-9
    assert drift.drifts


def test_as_much_news_as_before_is_no_change() -> None:
    news = [f"user {chr(97 + place % 26)} came" if place % 5 == 0 else "job done" for place in range(1000)]
    drift = compare(news, Part(news, np.zeros(1000, np.float32)), LEARNT, at(0.01))
    assert drift.news is not None
    assert drift.news.inputs == (26, 26)
    assert not drift.drifts


def test_records_that_never_repeat_are_not_listed() -> None:
    rows = [f"{place},7" for place in range(1000)]
    last = Part([f"{place},8" for place in range(1000)], np.full(1000, 2.0, np.float32))
    said = told(compare(rows, last, LEARNT, at(0.01)))
    assert "that is 100.0 times what the threshold is for" in said
    assert "records hardly ever repeat here, so no commonest input can be named" in said
    assert "0,8" not in said


def test_without_a_part_of_its_own_for_the_threshold_nothing_is_said_of_news() -> None:
    drift = compare([], Part(["never seen"] * 1000, np.zeros(1000, np.float32)), LEARNT, at(0.01))
    assert drift.news is None
    assert not drift.drifts
    assert drift.known == 0.0


def test_records_that_overlap_are_one_event() -> None:
    """Thirty windows on end that hold one odd line are no thirty events."""
    scores = np.zeros(1000, np.float32)
    scores[400:430] = 2.0
    last = Part(["job done"] * 1000, scores)
    alone, overlapping = (compare(BEFORE, last, LEARNT, at(0.01), overlap=lines) for lines in (1, 20))
    assert (alone.flagged, overlapping.flagged) == (30, 30)
    assert alone.drifts
    assert overlapping.chance > 0.05
    assert not overlapping.drifts


def test_chances_hold_for_windows_of_a_log_that_does_not_change() -> None:
    """A line is odd once in 500, and its windows score as it does; told is one log in twenty, or fewer."""
    random = np.random.default_rng(0)
    told_of = 0
    for _ in range(200):
        lines = random.random(2 * 500 * 5 + 100) + 5.0 * (random.random(5100) < 0.002)
        windows = np.lib.stride_tricks.sliding_window_view(lines, 100)[::5].max(axis=1).astype(np.float32)
        before, after = windows[:480], windows[520:1000]
        threshold = choose_threshold(before, target_fpr=0.01, alerts_per_day=None, days=None)
        drift = compare(["x"] * 480, Part(["x"] * 480, after), {"x": 1}, threshold, overlap=20)
        told_of += drift.drifts
    assert told_of <= 10


def test_long_inputs_are_cut() -> None:
    assert f"'{'x' * 70}...' (50)" in told(drift_of(["x" * 500] * 50))
