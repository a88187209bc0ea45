"""Plays scripts: turns templates into dated lines, which the stage collects."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Mapping, Sequence

from export.simulate.fill import MONTHS, Filler
from export.simulate.host import Host
from export.simulate.model import Script, Step
from export.simulate.rhythm import Period


@dataclass(frozen=True)
class Entry:
    """One finished line with its moment, and its kind and incident where it is anomalous."""

    when: float
    line: str
    kind: str | None
    incident: str | None


class Stage:
    """The host during its period, and the lines that it has written so far (in no particular order)."""

    def __init__(self, rng: Random, host: Host, period: Period) -> None:
        self.rng = rng
        self.host = host
        self.period = period
        self.filler = Filler(rng, host, period)
        self.entries: list[Entry] = []

    def play(self, script: Script, when: float, bound: Mapping[str, str] | None = None) -> float:
        """Write the script's lines from `when` on as normal ones; returns the moment of the last."""
        steps = script.upgraded if script.upgraded and when >= self.period.upgrade_at else script.steps
        return self.play_steps(steps, when, self.filler.bind(script.bind, when, bound or {}))

    def play_steps(
        self,
        steps: Sequence[Step],
        when: float,
        bound: Mapping[str, str],
        kind: str | None = None,
        incident: str | None = None,
        limit: float | None = None,
    ) -> float:
        """Write the lines from `when` on, none after `limit` (default: the next halt or the end of the period)."""
        last = self.period.limit(when) if limit is None else limit
        pids: dict[str, int] = {}
        for position, step in enumerate(steps):
            if step.chance < 1.0 and self.rng.random() >= step.chance:
                continue
            if position:
                when = min(when + self.rng.expovariate(1.0 / step.gap), last)
            tag = self._tag(step.program, when, pids, bound)
            text = self.filler.fill(step.text, when, bound)
            labelled = kind is not None and not step.ordinary
            line = f"{self._stamp(when)} {self.host.name} {tag}: {text}"
            self.entries.append(Entry(when, line, kind if labelled else None, incident if labelled else None))
        return when

    def ordered(self) -> list[Entry]:
        """All lines in the order of time; lines of the same moment stay in the order in which they were written."""
        return sorted(self.entries, key=lambda entry: entry.when)

    def _stamp(self, when: float) -> str:
        moment = self.period.at(when)
        return f"{MONTHS[moment.month - 1]} {moment.day:2d} {moment:%H:%M:%S}"

    def _tag(self, program: str, when: float, pids: dict[str, int], bound: Mapping[str, str]) -> str:
        if program == "kernel":
            return f"kernel: [{self.period.uptime(when):12.6f}]"
        if program == "systemd":
            return "systemd[1]"
        if program.endswith("-"):
            return program[:-1]
        if program.endswith("+"):
            name = program[:-1]
            if name not in pids:
                given = bound.get(f"pid {name}")
                pids[name] = self.host.fresh_pid(when) if given is None else int(given)
            return f"{name}[{pids[name]}]"
        return f"{program}[{self.host.daemon_pid(program, when)}]"
