"""Percentiles of query latencies."""

from __future__ import annotations

from typing import Sequence

import msgspec
import numpy as np


class Latency(msgspec.Struct, frozen=True):
    """Of `queries` queries, in milliseconds."""

    queries: int
    mean_ms: float
    p50_ms: float
    p90_ms: float
    p99_ms: float
    p99_9_ms: float
    highest_ms: float


def summarise(nanoseconds: Sequence[int]) -> Latency:
    """The summary of at least one latency.

    Percentiles are nearest ranks, so each is a latency that occurred: the lowest that at least this share of the
    queries did not exceed. With fewer than 1,000 queries p99.9 is therefore the highest one.
    """
    ordered = np.sort(np.asarray(nanoseconds, np.int64)) / 1e6
    p50, p90, p99, p99_9 = (float(ordered[nearest_rank(len(ordered), share)]) for share in (500, 900, 990, 999))
    return Latency(len(ordered), float(ordered.mean()), p50, p90, p99, p99_9, float(ordered[-1]))


def nearest_rank(count: int, per_mille: int) -> int:
    """The index, from 0, of a percentile among `count` ascending values; whole numbers, so that nothing is rounded."""
    return max(-(-count * per_mille // 1000), 1) - 1
