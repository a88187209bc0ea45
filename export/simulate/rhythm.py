"""When things happen: the simulated period, its busy and quiet hours, and the times at which the host is down."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Sequence

HOUR = 3600.0
DAY = 24 * HOUR
HELD_OUT_SHARE = 0.2

# Relative activity per hour of a working day. "flat" is machines talking to machines, "office" is people and what
# they cause, "night" is what happens when nobody should be there.
_HOURS: dict[str, Sequence[float]] = {
    "flat": [1.0] * 24,
    "office": [3, 2, 2, 2, 2, 4, 10, 22, 40, 48, 50, 46, 34, 42, 48, 46, 40, 30, 18, 12, 9, 8, 6, 4],
    "night": [8, 10, 10, 10, 8, 3, 0.2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.2, 2, 5],
}
_WEEKEND = {"flat": 1.0, "office": 0.3, "night": 1.0}


@dataclass(frozen=True)
class Halt:
    """The host is down from `down` to `up` (seconds since the period's start).

    A power loss leaves no shutdown lines.
    """

    down: float
    up: float
    power_loss: bool


class Period:
    """The simulated time span. All times are seconds since its start, as float."""

    def __init__(self, start: datetime, days: int, halts: Sequence[Halt], uptime_before: float) -> None:
        self.start = start
        self.days = days
        self.seconds = days * DAY
        self.held_out_from = self.seconds * (1.0 - HELD_OUT_SHARE)
        self.halts = tuple(halts)
        self.upgrade_at = self._working_moment(self.seconds * 2.0 / 3.0)
        self._boots = [-uptime_before, *(halt.up for halt in halts)]
        self._cumulative = {name: self._accumulate(name) for name in _HOURS}

    def at(self, when: float) -> datetime:
        """The moment as a time stamp."""
        return self.start + timedelta(seconds=when)

    def boot_index(self, when: float) -> int:
        """How many times the host has been started within the period by then (0 before the first restart)."""
        return bisect_right(self._boots, when, lo=1) - 1

    def uptime(self, when: float) -> float:
        """Seconds since the host was started."""
        return when - self._boots[self.boot_index(when)]

    def limit(self, when: float) -> float:
        """The last moment at which something begun at `when` can still be logged: before the next halt or the end."""
        later = [halt.down for halt in self.halts if halt.down > when]
        return min(later, default=self.seconds) - 0.001

    def is_up(self, when: float) -> bool:
        """Whether the host is running then, has settled after a restart, and is not about to go down."""
        return 0.0 <= when < self.seconds and not any(halt.down - 5.0 <= when < halt.up + 60.0 for halt in self.halts)

    def sample(self, rng: Random, rhythm: str, since: float = 0.0) -> float:
        """A moment at which the host is up, not before `since`, by the named daily rhythm."""
        cumulative = self._cumulative[rhythm]
        first = int(since // HOUR)
        floor = cumulative[first - 1] if first else 0.0
        if cumulative[-1] <= floor:  # the rhythm has no hour left: any moment will do
            return self.sample(rng, "flat", since)
        while True:
            hour = bisect_left(cumulative, rng.uniform(floor, cumulative[-1]))
            when = (hour + rng.random()) * HOUR
            if when >= since and self.is_up(when):
                return when

    def _accumulate(self, name: str) -> list[float]:
        weights = []
        for index in range(self.days * 24):
            moment = self.at(index * HOUR)
            quiet = _WEEKEND[name] if moment.weekday() >= 5 else 1.0
            weights.append(_HOURS[name][moment.hour] * quiet)
        return list(accumulate(weights))

    def _working_moment(self, when: float) -> float:
        while not self.is_up(when):
            when += 600.0
        return when


def plan_halts(rng: Random, days: int, total_lines: int) -> list[Halt]:
    """The restarts of the period: none when it is too small to carry the lines of a boot.

    The first two (a power loss, then a planned restart) fall into the training part, so that both are known by the
    time of the last fifth, where the third may fall; further ones fall anywhere.
    """
    count = min(round(days / 2.5), total_lines // 2000)
    shares = [(0.10, 0.35), (0.42, 0.62), (0.84, 0.96)]
    halts: list[Halt] = []
    for index in range(count):
        low, high = shares[index] if index < len(shares) else (0.05, 0.95)
        down = rng.uniform(low, high) * days * DAY
        length = rng.uniform(25.0, 70.0)
        power_loss = count > 1 and index == 0
        if all(abs(down - other.down) > 4 * HOUR for other in halts):
            halts.append(Halt(down, down + length + (rng.uniform(60.0, 1500.0) if power_loss else 0.0), power_loss))
    return sorted(halts, key=lambda halt: halt.down)
