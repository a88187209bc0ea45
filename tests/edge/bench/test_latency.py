from __future__ import annotations

from typing import List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.bench.latency import nearest_rank, summarise


def test_percentiles_are_nearest_ranks() -> None:
    # The example of 1 to 1,000 ms, in any order: each percentile is the latency of that rank.
    found = summarise([milliseconds * 1_000_000 for milliseconds in range(1000, 0, -1)])
    assert (found.queries, found.mean_ms) == (1000, 500.5)
    assert (found.p50_ms, found.p90_ms, found.p99_ms, found.p99_9_ms, found.highest_ms) == (500, 900, 990, 999, 1000)


def test_one_query_is_all_percentiles() -> None:
    found = summarise([2_500_000])
    assert {found.mean_ms, found.p50_ms, found.p90_ms, found.p99_ms, found.p99_9_ms, found.highest_ms} == {2.5}


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
