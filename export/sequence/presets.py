"""The two presets of the detector `sequence`, as data."""

from __future__ import annotations

from dataclasses import dataclass

from edge.bundle.preprocessing import TokenEncoderSpec
from export.sequence.tokenizer import BEGIN_ID, CONTINUATION_ID, END_ID, PAD_ID

# A session of a quarter of a million events has so many rows; of a longer one, the beginning is scored.
MOST_ROWS = 4096
IDLE_RECORDS = 50_000
"""A session by key has ended when so many lines of others have come since its last one."""


@dataclass(frozen=True)
class SequencePreset:
    """One preset: tokens in a row, the most events that are known, and how the networks are trained.

    `epochs` are of the unsupervised model, None where there is none. `units` and `passes` are those of the supervised
    one, and `threshold` is the probability from which it speaks. The one over rows of features has the published units,
    or its own.
    """

    name: str
    length: int
    events: int
    epochs: int | None
    batch: int
    units: tuple[int, int]
    passes: int
    threshold: float

    @property
    def encoder(self) -> TokenEncoderSpec:
        """Rows of BEGIN, events, END; rows that go on with a session begin with a marker."""
        return TokenEncoderSpec(
            length=self.length,
            fill="pad",
            pad_id=PAD_ID,
            max_segments=MOST_ROWS,
            continuation_id=CONTINUATION_ID,
            begin_id=BEGIN_ID,
            end_id=END_ID,
        )


DEFAULT = SequencePreset(
    name="default", length=64, events=512, epochs=6, batch=64, units=(32, 16), passes=10, threshold=0.5
)
SEED = SequencePreset(
    name="seed", length=100, events=512, epochs=None, batch=64, units=(128, 64), passes=10, threshold=0.5
)
PRESETS = {preset.name: preset for preset in (DEFAULT, SEED)}
