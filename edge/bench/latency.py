"""Latencies of queries: percentiles, outliers, and how they are distributed."""

from __future__ import annotations

import math
from typing import Dict, List, Sequence, Tuple, Union

import msgspec
import numpy as np

BINS_PER_DECADE = 20
BLOCKS = 10
"""A measurement is cut into so many blocks, one after the other, to see how far it agrees with itself."""

Nanoseconds = Union[Sequence[int], np.ndarray]

OUTLIER_FACTOR = 10
_PERCENTILES: Tuple[Tuple[str, int], ...] = (("p50_ms", 500), ("p90_ms", 900), ("p99_ms", 990), ("p99_9_ms", 999))


class Bin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many queries took `from_ms` or longer and less than `to_ms`."""

    from_ms: float
    to_ms: float
    queries: int


class Latency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of `queries` queries, in milliseconds.

    `outliers` took longer than `outlier_above_ms`, ten times the median; they count in all other figures. (Tukey's
    fences are for symmetric data: of latencies, whose quartiles lie close together and whose tail is long, they cut off
    a tenth.) `bins` are a twentieth of a decade wide each, and go from the lowest to the highest latency.
    """

    queries: int
    mean_ms: float
    lowest_ms: float
    p50_ms: float
    p90_ms: float
    p99_ms: float
    p99_9_ms: float
    highest_ms: float
    outliers: int
    outlier_above_ms: float
    bins: List[Bin]


def summarise(nanoseconds: Nanoseconds) -> Latency:
    """The summary of at least one latency.

    Percentiles are nearest ranks, so each is a latency that occurred: the lowest that at least this share of the
    queries did not exceed. With fewer than 1,000 queries p99.9 is therefore the highest one.
    """
    ordered = np.sort(np.asarray(nanoseconds, np.int64)) / 1e6
    percentiles = {name: float(ordered[nearest_rank(len(ordered), share)]) for name, share in _PERCENTILES}
    fence = OUTLIER_FACTOR * percentiles["p50_ms"]
    return Latency(
        queries=len(ordered),
        mean_ms=float(ordered.mean()),
        lowest_ms=float(ordered[0]),
        highest_ms=float(ordered[-1]),
        outliers=int(np.count_nonzero(ordered > fence)),
        outlier_above_ms=fence,
        bins=distribution(ordered),
        **percentiles,
    )


def nearest_rank(count: int, per_mille: int) -> int:
    """The index, from 0, of a percentile among `count` ascending values; whole numbers, so that nothing is rounded."""
    return max(-(-count * per_mille // 1000), 1) - 1


def distribution(ordered: np.ndarray) -> List[Bin]:
    """The bins of ascending latencies, float64 [n] in milliseconds; those below a nanosecond count as one."""
    places = np.floor(np.log10(np.maximum(ordered, 1e-6)) * BINS_PER_DECADE).astype(np.int64)
    counts = np.bincount(places - places[0])
    first = int(places[0])
    return [Bin(_edge(first + i), _edge(first + i + 1), count) for i, count in enumerate(counts.tolist())]


def _edge(place: int) -> float:
    return float(f"{math.pow(10, place / BINS_PER_DECADE):.6g}")


def figures_by_block(nanoseconds: Nanoseconds) -> Dict[str, List[float]]:
    """Mean and percentiles of each of `BLOCKS` blocks of equally many queries, in milliseconds.

    A percentile is left out where a block has too few queries above it to tell it from the highest one; what is left
    over after the last whole block belongs to none.
    """
    size = len(nanoseconds) // BLOCKS
    if not size:
        return {}
    blocks = np.sort(np.asarray(nanoseconds, np.int64)[: size * BLOCKS].reshape(BLOCKS, size), axis=1) / 1e6
    found = {"mean_ms": blocks.mean(axis=1).tolist()}
    for name, share in _PERCENTILES:
        if size * (1000 - share) >= 1000:
            found[name] = blocks[:, nearest_rank(size, share)].tolist()
    return found
