"""The nouns of a simulation: what is played, what comes out, where it is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Mapping, Tuple


@dataclass(frozen=True)
class Step:
    """One log line to be, as a template.

    `program` says who writes it and under which process id: ``name`` is a daemon with one id per boot, ``name+`` a
    process of the script's own, ``name-`` writes no id; ``kernel`` writes its uptime and ``systemd`` is process 1.
    `text` holds placeholders (see `fill`). `gap` is the mean number of seconds since the step before, `chance` the
    probability that the step happens. `ordinary` marks a line that an incident causes and that is nevertheless
    normal for the host when read by itself; such a line is not labelled.
    """

    program: str
    text: str
    gap: float = 0.1
    chance: float = 1.0
    ordinary: bool = False


@dataclass(frozen=True)
class Script:
    """Lines that belong together.

    `weight` is the script's relative frequency among its kind, `rhythm` the name of the daily rhythm that it
    follows, `bind` gives values that all of its lines share (placeholders, drawn once per playing), `upgraded`
    replaces `steps` once the host runs the newer package version, and `times` is how often an incident plays it.
    """

    steps: Tuple[Step, ...]
    weight: float = 1.0
    rhythm: str = "flat"
    bind: Mapping[str, str] = field(default_factory=dict)
    upgraded: Tuple[Step, ...] = ()
    times: Tuple[int, int] = (1, 1)
    pause: float = 2.0  # mean seconds between two playings inside of an incident


@dataclass(frozen=True)
class Incident:
    """A kind of anomaly: scripts that are played one after the other and share the values in `bind`."""

    kind: str
    scripts: Tuple[Script, ...]
    bind: Mapping[str, str] = field(default_factory=dict)
    rhythm: str = "flat"


@dataclass(frozen=True)
class Label:
    """Ground truth for one anomalous line: its number (from 1), the byte offset of its first byte in the UTF-8 log,
    the kind of anomaly, and the incident that it belongs to (lines of one incident share the id).
    """

    line: int
    offset: int
    kind: str
    incident: str


@dataclass(frozen=True)
class SimulatedLog:
    """A whole simulated log, in time order, with the labels of its anomalous lines in the order of the lines.

    `held_out_from` is the index in `lines` of the first line of the last fifth of the period; lines before it are
    free of anomalies.
    """

    lines: list[str]
    labels: list[Label]
    seed: int
    days: int
    lines_per_day: int
    start: datetime
    held_out_from: int


@dataclass(frozen=True)
class SimulationPaths:
    """The files of a written simulation."""

    log: Path
    labels: Path
    train: Path
    normal: Path
    anomalous: Path
