"""Makes a whole simulated log from a seed."""

from __future__ import annotations

from datetime import datetime
from itertools import accumulate
from random import Random

from edge.errors import InputError
from export.simulate.host import Host
from export.simulate.model import Label, Script, SimulatedLog
from export.simulate.normal import network, rare, services
from export.simulate.normal.boot import play_restart
from export.simulate.normal.schedule import play_schedule, play_upgrade
from export.simulate.normal.sessions import Sessions
from export.simulate.odd.placing import play_incidents
from export.simulate.rhythm import DAY, Period, plan_halts
from export.simulate.stage import Entry, Stage

DEFAULT_DAYS = 7
DEFAULT_LINES_PER_DAY = 2860
DEFAULT_START = datetime(2025, 3, 1)  # a Saturday: the weekly jobs fall into the part that is learnt from
LEAST_LINES_PER_DAY = 200

_SESSION_SHARE = 0.13
_RARE_SHARE = 0.015


def simulate_syslog(
    seed: int = 0,
    days: int = DEFAULT_DAYS,
    lines_per_day: int = DEFAULT_LINES_PER_DAY,
    start: datetime = DEFAULT_START,
) -> SimulatedLog:
    """RFC 3164 lines of a small gateway over `days` days, in time order, with ground truth.

    The result depends on the arguments alone. The number of lines is `days * lines_per_day` and a little over (up to
    a third more at the smallest sizes, whose jobs and incidents take more). Some 6 to 8 % of the lines of the last
    fifth of the period are anomalous, and none before. `start` is the host's local time, which is UTC; a time zone
    given with it is ignored.

    Raises InputError when `days` is below 1 or `lines_per_day` below `LEAST_LINES_PER_DAY`.
    """
    if days < 1:
        raise InputError(f"{days} days cannot be simulated", mend="ask for 1 day or more")
    if lines_per_day < LEAST_LINES_PER_DAY:
        raise InputError(
            f"{lines_per_day} lines per day are too few for a host with sessions, jobs and incidents",
            mend=f"ask for {LEAST_LINES_PER_DAY} or more",
        )
    total = days * lines_per_day
    start = start.replace(tzinfo=None)
    rng = Random(seed)  # noqa: S311 - a simulation has to be repeatable
    period = Period(start, days, plan_halts(rng, days, total), rng.uniform(5.0, 40.0) * DAY)
    stage = Stage(rng, Host(rng, period), period)

    for halt in period.halts:
        play_restart(stage, halt)
    play_upgrade(stage)
    play_schedule(stage, lines_per_day)
    Sessions(stage).play_all(round(total * _SESSION_SHARE))
    play_incidents(stage, lines_per_day)
    _fill(stage, rare.SCRIPTS, len(stage.entries) + round(total * _RARE_SHARE))
    _fill(stage, (*network.SCRIPTS, *services.SCRIPTS), total)

    entries = stage.ordered()
    return SimulatedLog(
        lines=[entry.line for entry in entries],
        labels=_labels(entries),
        seed=seed,
        days=days,
        lines_per_day=lines_per_day,
        start=start,
        held_out_from=sum(entry.when < period.held_out_from for entry in entries),
    )


def _fill(stage: Stage, scripts: tuple[Script, ...], total: int) -> None:
    """Play scripts, chosen by weight, until the stage holds `total` lines."""
    cumulative = list(accumulate(script.weight for script in scripts))
    while len(stage.entries) < total:
        script = stage.rng.choices(scripts, cum_weights=cumulative)[0]
        stage.play(script, stage.period.sample(stage.rng, script.rhythm))


def _labels(entries: list[Entry]) -> list[Label]:
    labels = []
    offset = 0
    for number, entry in enumerate(entries, start=1):
        if entry.kind is not None and entry.incident is not None:
            labels.append(Label(number, offset, entry.kind, entry.incident))
        offset += len(entry.line.encode()) + 1
    return labels
