"""The parts of the detector `flow`: times, splits, columns, and what is learnt from benign rows."""

from __future__ import annotations

import numpy as np
import pytest

from edge.bundle.preprocessing import Feature, FormatSpec
from edge.errors import TooLittleDataError
from export.dataset import LogData
from export.flow.columns import feature_of, read_column
from export.flow.moments import seconds, to_iso
from export.flow.novelty import CLIP, fit_mixture, fit_scaling
from export.flow.presets import EVEN_ODDS, budgets
from export.flow.splitting import by_time, shuffled

SPEC = FormatSpec(name="csv", layout=None, fields=["a"], header=None, skip_characters=0)


def table(benign: int, attacks: int, *, backwards: bool = False) -> LogData:
    contents = [str(number) for number in range(benign + attacks)]
    stamps: list[str | None] = [
        f"2018-02-16T{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}" for n in range(len(contents))
    ]
    if backwards:
        stamps.reverse()
    return LogData(SPEC, list(contents), contents, stamps, [""] * benign + ["DoS"] * attacks)


def test_slices_are_cut_by_time_within_each_kind() -> None:
    slices = by_time(table(200, 100), (0.6, 0.2, 0.2))
    assert [int(content) for content in slices.training.contents] == [*range(120), *range(200, 260)]
    assert [int(content) for content in slices.calibration.contents] == [*range(120, 160)]
    assert [int(content) for content in slices.test.contents] == [*range(160, 200), *range(260, 300)]
    assert slices.test.lines[0] == "a\n160"
    later = by_time(table(200, 100, backwards=True), (0.6, 0.2, 0.2))
    # The last rows are the first in time.
    assert [int(content) for content in later.training.contents] == [*range(299, 239, -1), *range(199, 79, -1)]


def test_without_times_the_order_is_that_of_the_rows() -> None:
    data = table(200, 0)
    data.stamps = [None] * 200
    assert by_time(data, (0.6, 0.2, 0.2)).training.contents == data.contents[:120]


def test_the_published_split_is_shuffled_by_the_seed() -> None:
    data = table(300, 100)
    one, other = shuffled(data, (0.6, 0.2, 0.2), 1), shuffled(data, (0.6, 0.2, 0.2), 2)
    assert [len(part) for part in one] == [240, 80, 80]
    assert sorted(content for part in one for content in part.contents) == sorted(data.contents)
    assert one.training.contents != other.training.contents
    assert one.training.contents == shuffled(data, (0.6, 0.2, 0.2), 1).training.contents
    assert all("DoS" in part.kinds and "" in part.kinds for part in one)


@pytest.mark.parametrize(
    ("benign", "words"), [(150, "90 normal rows to learn from"), (0, "0 normal rows to learn from")]
)
def test_too_few_normal_rows(benign: int, words: str) -> None:
    with pytest.raises(TooLittleDataError, match=words):
        by_time(table(benign, 500), (0.6, 0.2, 0.2))
    with pytest.raises(TooLittleDataError, match="6 normal rows to set a threshold on are too few: 20 are needed"):
        by_time(table(300, 500), (0.96, 0.02, 0.02))


@pytest.mark.parametrize(
    ("written", "iso"),
    [
        ("2017-07-07 19:02:39.182486", "2017-07-07T19:02:39.182486"),
        ("2017-07-07T19:02:39.18Z", "2017-07-07T19:02:39.180000+00:00"),
        ("16/02/2018 08:27:23 PM", "2018-02-16T20:27:23"),
        ("7/7/2017 3:30", "2017-07-07T03:30:00"),
        ("1530000000", "2018-06-26T08:00:00+00:00"),
        ("1530000000123", "2018-06-26T08:00:00.123000+00:00"),
    ],
)
def test_times_as_flow_meters_write_them(written: str, iso: str) -> None:
    found = to_iso([written])
    assert found == [iso]
    assert seconds(found) is not None


def test_one_time_that_is_not_understood_spoils_all() -> None:
    assert to_iso(["2017-07-07 19:02:39", "then"]) is None
    assert to_iso(["2017-07-07 19:02:39", None]) is None
    assert seconds([None]) is None


def test_columns_of_numbers_and_of_text() -> None:
    numbers = read_column("a", ["1", "2.5", "", "x", "inf"])
    assert numbers.numbers is not None
    assert (numbers.bad, numbers.numbers[:2].tolist()) == (3, [1.0, 2.5])
    assert read_column("a", ["tcp", "udp", "", "6"]).numbers is None
    assert feature_of("a", ["1", "2"]) == Feature(name="a", categories=None)
    assert feature_of("a", ["udp"] * 10 + ["tcp"] * 12 + ["rare"] * 9) == Feature(name="a", categories=["tcp", "udp"])
    assert feature_of("a", ["x", "y"]) is None


def test_small_values_stay_apart_and_large_ones_stay_within_bounds() -> None:
    rows = np.random.default_rng(0).lognormal(3.0, 2.0, (500, 2)).astype(np.float32)
    rows[:, 1] = 7.0
    scaling = fit_scaling(rows)
    z = scaling(rows)
    assert np.abs(z[:, 0].mean()) < 0.01
    assert z[:, 0].std() == pytest.approx(1.0, abs=0.05)
    assert not z[:, 1].any()
    odd = scaling(np.array([[3e38, 7.0], [1.0, 14.0], [1.0, -3e38]], np.float32))
    assert odd[0, 0] == CLIP
    assert odd[1:, 1].tolist() == pytest.approx([CLIP, CLIP])


def test_what_is_unlike_the_rows_has_more_novelty_and_none_is_below_zero() -> None:
    rng = np.random.default_rng(0)
    z = np.concatenate([rng.normal(-2, 0.2, (400, 3)), rng.normal(2, 0.2, (400, 3))])
    mixture = fit_mixture(z, 0)
    novelty = mixture(z)
    assert novelty.min() >= 0
    assert mixture(np.zeros((1, 3)))[0] > novelty.max(), "between two clusters is where no row is"
    again, other = fit_mixture(z, 0), fit_mixture(z, 1)
    assert all(np.array_equal(getattr(mixture, name), getattr(again, name)) for name in vars(mixture))
    assert not np.array_equal(mixture.means, other.means)


def test_the_budgets_add_up_and_the_thresholds_have_bounds() -> None:
    shares, total = budgets(("attack", "novelty"))
    assert total == pytest.approx(0.022)
    assert sum(part.share for part in shares.values()) == pytest.approx(1.0)
    assert shares["attack"].share * total == pytest.approx(0.002)
    assert shares["attack"].least == shares["attack"].instead == pytest.approx(np.log(2.0)) == EVEN_ODDS
    assert budgets(("novelty",))[0]["novelty"].share == 1.0
