"""A machine, by name."""

from __future__ import annotations

from edge.engines.facts import Facts

XAVIER = Facts(gpu="Xavier", compute_capability="7.2", tensorrt="8.5.2", cuda="11.4.19")
