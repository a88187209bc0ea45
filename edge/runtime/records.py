"""What oddline says of one line."""

from __future__ import annotations

from typing import List, Optional

import msgspec

from edge.reason import Reason


class Record(msgspec.Struct, frozen=True):
    """One scored record: a line, or several that belong together.

    `line` counts from 1 and is its first; `offset` is in bytes, in the unpacked file. `p_value` is the share of
    held-out normal records that scored at least as high. `found_by` names the scores that reached their thresholds,
    where the detector has several. `template_id` and `new_template` belong to detectors with a log dictionary: a
    record that fits no template of it is new. Where a record cannot be scored, `unscored` says why, and `score` and
    `p_value` are None.
    """

    source: str
    line: int
    offset: int
    timestamp: Optional[str]
    score: Optional[float]
    p_value: Optional[float]
    threshold: float
    anomalous: bool
    unscored: Optional[str]
    found_by: List[str]
    template_id: Optional[int]
    new_template: Optional[bool]
    reasons: List[Reason]
    text: str
