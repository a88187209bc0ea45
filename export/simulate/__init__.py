"""Seeded, realistic syslog of a small edge gateway, with labelled anomalies, to try oddline on."""

from export.simulate.generate import (
    DEFAULT_DAYS,
    DEFAULT_LINES_PER_DAY,
    DEFAULT_START,
    simulate_syslog,
)
from export.simulate.model import Label, SimulatedLog, SimulationPaths
from export.simulate.writer import write_simulation

__all__ = [
    "DEFAULT_DAYS",
    "DEFAULT_LINES_PER_DAY",
    "DEFAULT_START",
    "Label",
    "SimulatedLog",
    "SimulationPaths",
    "simulate_syslog",
    "write_simulation",
]
