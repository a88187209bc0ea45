"""Instruments that tell what a test wants them to."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, List, Optional

import msgspec

from edge.bench.conditions import Conditions, Instruments

QUIET = Conditions(
    load_average=0.1,
    governor="performance",
    power_mode=None,
    clocks_mhz={},
    clocks_locked=None,
    temperatures={},
    throttled=[],
    over_current_events={},
    memory_available_bytes=None,
)


def conditions(**changes: Any) -> Conditions:
    """A quiet machine that tells nothing else, but for the changes."""
    return msgspec.structs.replace(QUIET, **changes)


class FakeMeter:
    """A meter that tells `joules` and `total`, once its block has ended."""

    def __init__(self, joules: Optional[Dict[str, float]] = None, total: Optional[float] = None) -> None:
        self.joules: Optional[Dict[str, float]] = None
        self._after = joules
        self._total = total
        self.entered = 0

    @property
    def total_joules(self) -> Optional[float]:
        return self._total

    def __enter__(self) -> FakeMeter:
        self.entered += 1
        return self

    def __exit__(self, *what: object) -> None:
        self.joules = self._after


def instruments(
    states: Optional[List[Conditions]] = None,
    resident: Callable[[], Optional[int]] = lambda: 1 << 20,
    meter: Callable[[], FakeMeter] = FakeMeter,
) -> Instruments:
    """Instruments that tell one state after the other, and the last one from then on."""
    told: Iterator[Conditions] = iter(states or [QUIET])
    last = [QUIET]

    def state() -> Conditions:
        last[0] = next(told, last[0])
        return last[0]

    return Instruments(state, meter, resident)
