"""Endurance: end-to-end over and over for minutes, and what becomes of memory, temperature and throughput."""

from __future__ import annotations

from typing import Callable, Dict, List, Optional, Tuple

import msgspec

from edge.bench.conditions import Instruments
from edge.bench.end_to_end import Passes
from edge.bench.spread import slope_of
from edge.bench.stopwatch import Clock

MOST_SAMPLES = 120
SHORTEST_INTERVAL = 1.0
SETTLING = 0.2
"""This share of the samples comes first and is left out of the trends: memory fills, clocks and heat settle."""

GROWTH_BYTES = 4 << 20
DRIFT = 0.02


class SoakSample(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`at_seconds` since the soak began; the rate is that since the last sample; `temperature` is the highest."""

    at_seconds: float
    records: int
    records_per_second: float
    resident_bytes: Optional[int]
    temperature: Optional[float]
    throttled: List[str]


class Trend(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The slope of the line of least squares in units an hour, and between which values it lies with 99 %.

    `change` is what it comes to over the time watched; `changed`: zero is not between the values, and the change is
    more than can be passed over.
    """

    per_hour: float
    low: float
    high: float
    change: float
    changed: bool


class Soak(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`minutes` were asked for; `interrupted` by Ctrl-C it is shorter. Trends are None for too few samples.

    `memory` changes from 4 MiB on, `throughput` from 2 % of its mean on. `throttled` is everything that ever slowed the
    machine down meanwhile; over-current events are those that were counted meanwhile.
    """

    minutes: float
    seconds: float
    interrupted: bool
    passes: int
    records: int
    records_per_second: float
    samples: List[SoakSample]
    memory: Optional[Trend]
    throughput: Optional[Trend]
    highest_temperature: Optional[float]
    throttled: List[str]
    over_current_events: int


def soak(passes: Passes, instruments: Instruments, *, minutes: float, clock: Clock, say: Callable[[str], None]) -> Soak:
    """Score the file over and over; `say` gets a line for each sample. Ctrl-C ends it with what there is."""
    watcher = _Watcher(passes, instruments, minutes, clock, say)
    passes.warm_up()
    before = instruments.conditions()
    interrupted = False
    done = 0
    watcher.start()
    try:
        while not watcher.over():
            done += passes.one(watcher.over)
    except KeyboardInterrupt:
        interrupted = True
    taken = watcher.seconds()
    samples = watcher.samples
    events = watcher.events if samples else before.over_current_events
    return Soak(
        minutes=minutes,
        seconds=taken,
        interrupted=interrupted,
        passes=done,
        records=passes.records,
        records_per_second=passes.records / taken,
        samples=samples,
        memory=memory_trend(samples),
        throughput=throughput_trend(samples),
        highest_temperature=max((s.temperature for s in samples if s.temperature is not None), default=None),
        throttled=sorted({what for one in (before.throttled, *[s.throttled for s in samples]) for what in one}),
        over_current_events=sum(count - before.over_current_events.get(name, 0) for name, count in events.items()),
    )


class _Watcher:
    """Is asked after each block whether the soak is over, and takes a sample where one is due."""

    def __init__(
        self, passes: Passes, instruments: Instruments, minutes: float, clock: Clock, say: Callable[[str], None]
    ) -> None:
        self.samples: List[SoakSample] = []
        self.events: Dict[str, int] = {}
        self._passes = passes
        self._instruments = instruments
        self._clock = clock
        self._say = say
        self._length = int(minutes * 6e10)
        self._interval = int(max(minutes * 60 / MOST_SAMPLES, SHORTEST_INTERVAL) * 1e9)
        self._started = self._since = self._paused = self._records = 0

    def start(self) -> None:
        self._started = self._since = self._clock()

    def seconds(self) -> float:
        """Without what the samples took."""
        return max(self._clock() - self._started - self._paused, 1) / 1e9

    def over(self) -> bool:
        now = self._clock()
        if now - self._since >= self._interval:
            self._sample(now)
        return now - self._started >= self._length

    def _sample(self, now: int) -> None:
        records = self._passes.records
        rate = (records - self._records) / (now - self._since) * 1e9
        conditions = self._instruments.conditions()
        temperature = max(conditions.temperatures.values(), default=None)
        at = (now - self._started) / 1e9
        resident = self._instruments.resident()
        self.samples.append(SoakSample(at, records, rate, resident, temperature, conditions.throttled))
        self.events = conditions.over_current_events
        self._say(_line(self.samples[-1]))
        self._since, self._records = self._clock(), records
        self._paused += self._since - now


def memory_trend(samples: List[SoakSample]) -> Optional[Trend]:
    """Of the resident bytes, an hour."""
    points = [(s.at_seconds, float(s.resident_bytes)) for s in _settled(samples) if s.resident_bytes is not None]
    return _trend(points, lambda _: float(GROWTH_BYTES))


def throughput_trend(samples: List[SoakSample]) -> Optional[Trend]:
    """Of the records a second, an hour."""
    points = [(s.at_seconds, s.records_per_second) for s in _settled(samples)]
    return _trend(points, lambda values: DRIFT * sum(values) / len(values))


def _settled(samples: List[SoakSample]) -> List[SoakSample]:
    return samples[int(len(samples) * SETTLING) :]


def _trend(points: List[Tuple[float, float]], least: Callable[[List[float]], float]) -> Optional[Trend]:
    times, values = [time for time, _ in points], [value for _, value in points]
    found = slope_of(times, values)
    if found is None:
        return None
    change = found.value * (times[-1] - times[0])
    return Trend(
        per_hour=3600 * found.value,
        low=3600 * found.low,
        high=3600 * found.high,
        change=change,
        changed=(found.low > 0 or found.high < 0) and abs(change) >= least(values),
    )


def _line(sample: SoakSample) -> str:
    parts = [f"{sample.at_seconds / 60:.2f} min", f"{sample.records_per_second:,.0f} records/s"]
    if sample.resident_bytes is not None:
        parts.append(f"{sample.resident_bytes / (1 << 20):,.1f} MiB")
    if sample.temperature is not None:
        parts.append(f"{sample.temperature:.1f} °C")
    return ", ".join([*parts, *sample.throttled])
