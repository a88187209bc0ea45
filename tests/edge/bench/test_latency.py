from __future__ import annotations

from typing import List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.bench.latency import BINS_PER_DECADE, BLOCKS, figures_by_block, nearest_rank, summarise


def test_percentiles_are_nearest_ranks() -> None:
    # The example of 1 to 1,000 ms, in any order: each percentile is the latency of that rank.
    found = summarise([milliseconds * 1_000_000 for milliseconds in range(1000, 0, -1)])
    assert (found.queries, found.mean_ms) == (1000, 500.5)
    assert (found.p50_ms, found.p90_ms, found.p99_ms, found.p99_9_ms, found.highest_ms) == (500, 900, 990, 999, 1000)


def test_one_query_is_all_percentiles() -> None:
    found = summarise([2_500_000])
    figures = (found.mean_ms, found.lowest_ms, found.p50_ms, found.p90_ms, found.p99_ms, found.p99_9_ms)
    assert {*figures, found.highest_ms} == {2.5}


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=50))
def test_percentiles_ascend_and_occurred(nanoseconds: List[int]) -> None:
    found = summarise(nanoseconds)
    percentiles = [found.p50_ms, found.p90_ms, found.p99_ms, found.p99_9_ms, found.highest_ms]
    assert percentiles == sorted(percentiles)
    assert set(percentiles) <= {value / 1e6 for value in nanoseconds}
    assert found.highest_ms == max(nanoseconds) / 1e6
    assert min(nanoseconds) / 1e6 <= found.mean_ms * (1 + 1e-12)
    assert found.mean_ms <= found.highest_ms * (1 + 1e-12)


@given(st.integers(1, 10**6), st.integers(1, 1000))
def test_a_rank_covers_its_share_and_the_one_below_does_not(queries: int, per_mille: int) -> None:
    rank = nearest_rank(queries, per_mille)
    assert (rank + 1) * 1000 >= queries * per_mille
    assert rank * 1000 < queries * per_mille


@pytest.mark.parametrize(("queries", "rank"), [(1, 0), (10, 8), (100, 89), (11, 9)])
def test_ninety_percent(queries: int, rank: int) -> None:
    assert nearest_rank(queries, 900) == rank


def test_outliers_took_more_than_ten_times_the_median() -> None:
    found = summarise([1_000_000] * 98 + [10_000_000, 10_000_001])
    assert (found.outliers, found.outlier_above_ms) == (1, 10.0)
    assert found.highest_ms > 10, "outliers count in the other figures"
    assert summarise([5, 5, 5]).outliers == 0


def test_bins_are_twentieths_of_a_decade_without_a_gap() -> None:
    found = summarise([1_000_000, 1_010_000, 1_130_000, 10_500_000])
    assert len(found.bins) == BINS_PER_DECADE + 1
    assert (found.bins[0].from_ms, found.bins[0].queries, found.bins[1].queries) == (1.0, 2, 1)
    assert (found.bins[-1].from_ms, found.bins[-1].queries) == (10.0, 1)
    assert all(one.to_ms == next_one.from_ms for one, next_one in zip(found.bins, found.bins[1:]))


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=50))
def test_each_query_is_in_its_bin(nanoseconds: List[int]) -> None:
    bins = summarise(nanoseconds).bins
    assert sum(one.queries for one in bins) == len(nanoseconds)
    for one in bins:
        inside = sum(one.from_ms * (1 - 1e-5) <= max(value, 1) / 1e6 <= one.to_ms * (1 + 1e-5) for value in nanoseconds)
        assert one.queries <= inside


def test_blocks_are_consecutive_tenths() -> None:
    found = figures_by_block([1_000_000 * (1 + place // 100) for place in range(1000)] + [10**12])
    assert found["p50_ms"] == found["mean_ms"] == [float(block) for block in range(1, BLOCKS + 1)]
    assert set(found) == {"mean_ms", "p50_ms", "p90_ms"} | {"p99_ms"}, "a hundred queries have a p99 but no p99.9"


@pytest.mark.parametrize(("queries", "figures"), [(9, []), (10, ["mean_ms"]), (20, ["mean_ms", "p50_ms"])])
def test_blocks_of_few_queries_have_few_figures(queries: int, figures: List[str]) -> None:
    assert list(figures_by_block([5] * queries)) == figures
