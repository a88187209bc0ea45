"""Contents to the graph's inputs, one encoder for each kind of them, all behind one protocol."""

from __future__ import annotations

from typing import Callable

from edge.bundle.manifest import TOKENIZER_NAME
from edge.bundle.preprocessing import Preprocessing, StepEncoderSpec, TokenEncoderSpec
from edge.encoders.base import Encoded, Encoder
from edge.encoders.features import FeatureEncoder
from edge.encoders.steps import StepEncoder
from edge.encoders.text import TextEncoder

__all__ = ["Encoded", "Encoder", "make_encoder"]


def make_encoder(preprocessing: Preprocessing, read: Callable[[str], bytes]) -> Encoder:
    """The encoder that the preprocessing asks for; `read` gives a file of the bundle by its name.

    Raises:
        FormatError: a mask or the encoder cannot be used.
        IntegrityError: the tokenizer cannot be read.
    """
    if isinstance(preprocessing.encoder, TokenEncoderSpec):
        # The masks of sessions are those of their lines; what is encoded are the ids of events.
        masks = preprocessing.masks if preprocessing.sessions is None else []
        return TextEncoder(preprocessing.format.skip_characters, masks, preprocessing.encoder, read(TOKENIZER_NAME))
    if isinstance(preprocessing.encoder, StepEncoderSpec):
        return StepEncoder(preprocessing.encoder)
    return FeatureEncoder(preprocessing.encoder)
