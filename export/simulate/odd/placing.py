"""Puts incidents into the last part of the period and labels their lines."""

from __future__ import annotations

from export.simulate.model import Incident
from export.simulate.odd import access, hardware, services, single
from export.simulate.stage import Stage

INCIDENTS: tuple[Incident, ...] = (*access.INCIDENTS, *hardware.INCIDENTS, *services.INCIDENTS)
ANOMALOUS_SHARE = 0.06  # of the lines of the last part
_SINGLE_SHARE = 0.15  # of the anomalous lines come alone
_ALL_KINDS_FROM = 150  # anomalous lines; with so many, every kind is played at least once
_LEAST_INCIDENTS = 3
_LEAST_SINGLE = 2


def play_incidents(stage: Stage, lines_per_day: int) -> None:
    """Incidents and single odd lines, together about `ANOMALOUS_SHARE` of the lines of the held-out part.

    Every kind comes once before one comes again. However small the log is, some incidents are played; a log of the
    default size or more holds every kind.
    """
    held_out_days = (stage.period.seconds - stage.period.held_out_from) / 86400.0
    budget = held_out_days * lines_per_day * ANOMALOUS_SHARE
    number = 0
    for least, share, kinds in (
        (len(INCIDENTS) if budget > _ALL_KINDS_FROM else _LEAST_INCIDENTS, budget * (1.0 - _SINGLE_SHARE), INCIDENTS),
        (_LEAST_SINGLE, budget * _SINGLE_SHARE, single.INCIDENTS),
    ):
        played = 0
        begun = len(stage.entries)
        waiting: list[Incident] = []
        while played < least or len(stage.entries) - begun < share:
            if not waiting:
                waiting = stage.rng.sample(kinds, len(kinds))
            number += 1
            played += 1
            _play(stage, waiting.pop(), f"incident-{number:04d}")


def _play(stage: Stage, incident: Incident, name: str) -> None:
    when = stage.period.sample(stage.rng, incident.rhythm, since=stage.period.held_out_from)
    shared = stage.filler.bind(incident.bind, when, {})
    limit = stage.period.limit(when)
    for script in incident.scripts:
        for repetition in range(stage.rng.randint(*script.times)):
            bound = stage.filler.bind(script.bind, when, {**shared, "n": str(repetition + 1)})
            when = stage.play_steps(script.steps, when, bound, kind=incident.kind, incident=name, limit=limit)
            when = min(when + stage.rng.expovariate(1.0 / script.pause), limit)
