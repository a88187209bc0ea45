"""The two presets of the detector `access`, as data: preprocessing, vocabulary and training parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edge.bundle.preprocessing import FormatSpec, Mask, Preprocessing, TokenEncoderSpec
from edge.formats.access import AccessFormat
from edge.formats.http import DEFAULT_HTTP_FIELDS, HTTP_FIELDS, HttpReader
from edge.formats.request import DEFAULT_FIELDS, FIELDS

FORMAT_FIELDS = {AccessFormat.name: (DEFAULT_FIELDS, FIELDS), HttpReader.name: (DEFAULT_HTTP_FIELDS, HTTP_FIELDS)}
"""For each format that the detector reads: the fields that make up a content, and all that there are."""


@dataclass(frozen=True)
class AccessPreset:
    """One preset. `vocabulary` is the most tokens that the tokenizer may learn.

    With `words`, tokens are whole words (see `export.access.tokenizer`), without, pieces of them (byte-pair encoding).
    """

    name: str
    masks: tuple[Mask, ...]
    encoder: TokenEncoderSpec
    vocabulary: int
    words: bool
    epochs: int
    batch: int

    def preprocessing(self, format_name: str, fields: Sequence[str]) -> Preprocessing:
        """The preprocessing of a bundle for requests in the given format."""
        spec = FormatSpec(name=format_name, layout=None, fields=list(fields), header=None, skip_characters=0)
        return Preprocessing(format=spec, masks=list(self.masks), sessions=None, encoder=self.encoder)


SEED = AccessPreset(
    name="seed",
    masks=(),
    encoder=TokenEncoderSpec(
        length=32, fill="pad", pad_id=0, max_segments=1, continuation_id=None, begin_id=None, end_id=None
    ),
    vocabulary=1000,
    words=False,
    epochs=50,
    batch=32,
)

DEFAULT = AccessPreset(
    name="default",
    masks=(),
    encoder=TokenEncoderSpec(
        length=64, fill="pad", pad_id=0, max_segments=8, continuation_id=2, begin_id=None, end_id=None
    ),
    vocabulary=1280,
    words=True,
    epochs=10,
    batch=32,
)

PRESETS = {preset.name: preset for preset in (DEFAULT, SEED)}
