"""What each target can run, and the check that refuses a model which asks for more."""

from __future__ import annotations

from edge.bundle.caps.rules import Finding, check_caps, findings
from edge.bundle.caps.targets import BATCH_AXIS, TARGETS, Target, find_target

__all__ = ["BATCH_AXIS", "TARGETS", "Finding", "Target", "check_caps", "find_target", "findings"]
