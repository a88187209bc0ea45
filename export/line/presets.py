"""The two presets of the detector `line`, as data: preprocessing, vocabulary, network and training parameters."""

from __future__ import annotations

from dataclasses import dataclass

from edge.bundle.preprocessing import FormatSpec, Mask, Preprocessing, TokenEncoderSpec
from export.tokens.bpe import CONTINUATION

# Order matters: what is told by its shape as a whole comes before the plain numbers that it consists of. No mask
# reaches over a blank, so that a line's words can be masked one by one.
_WORD_START = r"(?<![\w.-])"
_WORD_END = r"(?![\w-]|\.\w)"
DEFAULT_MASKS = (
    Mask(name="nul", pattern=r"\x00+", token="<nul>"),
    Mask(
        name="uuid",
        pattern=r"(?<![\w-])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![\w-])",
        token="<uuid>",
    ),
    Mask(name="weekday", pattern=r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b", token="<day>"),
    Mask(name="month", pattern=r"\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b", token="<month>"),
    Mask(
        name="host",
        pattern=_WORD_START
        + r"(?:[A-Za-z0-9_-]+\.){2,}(?:[A-Za-z]{2}|com|net|org|edu|gov|mil|int|arpa|info|biz|local|lan|internal|home)"
        + _WORD_END,
        token="<host>",
    ),
    Mask(name="time", pattern=r"(?<![\d:])\d{1,2}:\d\d:\d\d(?:[.,]\d+)?(?![\d:])", token="<time>"),
    Mask(name="ipv4", pattern=_WORD_START + r"(?:\d{1,3}\.){3}\d{1,3}" + r"(?![\w-]|\.\d)", token="<ip>"),
    Mask(
        name="ipv6 or mac",
        pattern=r"(?<![\w:])(?=[0-9a-fA-F:]*:[0-9a-fA-F]*:)(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{1,4}(?![\w:])",
        token="<addr>",
    ),
    Mask(name="hex", pattern=r"\b0[xX][0-9a-fA-F]+\b", token="<hex>"),
    Mask(
        name="long hex",
        pattern=r"\b(?=[0-9a-fA-F]*[0-9])(?=[0-9a-fA-F]*[a-fA-F])[0-9a-fA-F]{8,}\b",
        token="<hex>",
    ),
    Mask(name="number", pattern=r"\d+", token="<num>"),
)


@dataclass(frozen=True)
class LinePreset:
    """One preset. `parameters` go into the manifest as they are.

    `vocabulary` is the most tokens that the tokenizer may learn; with `fixed_table` the network has that many rows
    however few were learnt. `splits_punctuation` says whether the tokenizer splits at punctuation, besides at blanks,
    and knows all of ASCII from the start.
    """

    name: str
    masks: tuple[Mask, ...]
    encoder: TokenEncoderSpec
    vocabulary: int
    fixed_table: bool
    splits_punctuation: bool
    epochs: int
    batch: int
    skip_characters: int
    reads_whole_lines: bool

    @property
    def special_tokens(self) -> list[str]:
        """What the tokenizer knows besides text, from id 2 on."""
        marker = [] if self.encoder.continuation_id is None else [CONTINUATION]
        return marker + [mask.token for mask in self.masks]

    def preprocessing(self, spec: FormatSpec) -> Preprocessing:
        """The preprocessing of a bundle for logs of the given format."""
        if self.reads_whole_lines:
            spec = FormatSpec(name="plain", layout=None, fields=None, header=None, skip_characters=self.skip_characters)
        return Preprocessing(format=spec, masks=list(self.masks), sessions=None, encoder=self.encoder)


SEED = LinePreset(
    name="seed",
    masks=(),
    encoder=TokenEncoderSpec(
        length=32, fill="tile", pad_id=0, max_segments=1, continuation_id=None, begin_id=None, end_id=None
    ),
    vocabulary=30_000,
    fixed_table=True,
    splits_punctuation=False,
    epochs=50,
    batch=32,
    skip_characters=16,
    reads_whole_lines=True,
)

DEFAULT = LinePreset(
    name="default",
    masks=DEFAULT_MASKS,
    encoder=TokenEncoderSpec(
        length=48, fill="pad", pad_id=0, max_segments=8, continuation_id=2, begin_id=None, end_id=None
    ),
    vocabulary=512,
    fixed_table=False,
    splits_punctuation=True,
    epochs=10,
    batch=32,
    skip_characters=0,
    reads_whole_lines=False,
)

PRESETS = {preset.name: preset for preset in (DEFAULT, SEED)}
