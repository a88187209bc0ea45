"""The part of the manifest that says how raw lines become the graph's inputs.

A raw line, or several of them, become a record; what the detector sees of it is its *content*, a text; an encoder
makes rows of numbers of that. `docs/bundle.md` describes each field for people.
"""

from __future__ import annotations

from typing import List, Optional, Sequence, Tuple, Union

import msgspec


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of all manifest structures: immutable, and closed to fields that it does not name."""


class FormatSpec(Strict, frozen=True):
    """How a raw line becomes content.

    `name` is a format of `edge.formats`; `layout` is loghub's notation and belongs to the format ``layout`` only.
    `fields` are those that make up the content, in this order, where a format has fields to choose from (``access``,
    ``requests``, ``csv``), and `header` names the columns of files that do not name them themselves (``csv``); both
    are None elsewhere. `skip_characters` are removed from the front of the content (a published notebook that cuts a
    fixed width uses the format ``plain`` with 16).
    """

    name: str
    layout: Optional[str]
    fields: Optional[List[str]]
    header: Optional[List[str]]
    skip_characters: int


class SessionSpec(Strict, frozen=True):
    """How records are put together to sessions, whose content is a word for each record.

    A word is the id of a record's template in the log dictionary, or a row of features (``requests``). With `key`, a
    regular expression with one group, a session is the records whose contents have the same text there, and it ends
    after `idle_records` records of other sessions, or with its source. Without, a session is `length` records on end,
    and the next one begins `step` records later; or, with `seconds`, the records of each such span of time.
    """

    key: Optional[str]
    idle_records: Optional[int]
    length: Optional[int]
    step: Optional[int]
    seconds: Optional[float]


class Mask(Strict, frozen=True):
    """A regular expression (Python syntax, no groups needed) whose matches are replaced by `token`, in list order."""

    name: str
    pattern: str
    token: str


class TokenEncoderSpec(Strict, frozen=True, tag_field="kind", tag="tokens"):
    """How content becomes rows of token ids, int32 [rows, length].

    `fill` is ``pad`` (short rows end in `pad_id`; a longer content continues in up to `max_segments` rows and its
    score is the highest of them) or ``tile`` (the ids are repeated to the length, then cut; `max_segments` is 1).
    With a `continuation_id`, each row of a content but its first begins with that id, so that the graph can tell them
    apart; with a `begin_id` and an `end_id`, they stand before and after a content's tokens. These belong to ``pad``
    only.
    """

    length: int
    fill: str
    pad_id: int
    max_segments: int
    continuation_id: Optional[int]
    begin_id: Optional[int]
    end_id: Optional[int]


class Feature(Strict, frozen=True):
    """One field of a row: a number, or one of `categories`.

    A category becomes one number for each of the categories: 1 for the one that it is, otherwise 0; a text that is
    none of them is 0 in all.
    """

    name: str
    categories: Optional[List[str]]


def width_of(features: Sequence[Feature]) -> int:
    """How many numbers these become."""
    return sum(1 if feature.categories is None else len(feature.categories) for feature in features)


class FeatureEncoderSpec(Strict, frozen=True, tag_field="kind", tag="features"):
    """How content, the fields of a row in the order of `features`, becomes numbers: float32 [1, width]."""

    features: List[Feature]

    @property
    def width(self) -> int:
        """How many numbers a row becomes."""
        return width_of(self.features)


class StepEncoderSpec(Strict, frozen=True, tag_field="kind", tag="steps"):
    """How content, rows with a blank between each two, becomes float32 [rows, steps, 1 + width].

    A step is one of these rows: the fields in the order of `features`, as numbers, behind a 1. Of fewer than `steps`
    rows, the first steps hold only zeros. More of them go on in further inputs, at most `max_segments`, of which the
    last one ends with the last row unless there are too many; the score is the highest of them.
    """

    steps: int
    max_segments: int
    features: List[Feature]

    @property
    def width(self) -> int:
        """How many numbers a step becomes, but for the one that says that it is there."""
        return width_of(self.features)


EncoderSpec = Union[TokenEncoderSpec, FeatureEncoderSpec, StepEncoderSpec]


class Preprocessing(Strict, frozen=True):
    """Everything between raw lines and the graph's input."""

    format: FormatSpec
    masks: List[Mask]
    sessions: Optional[SessionSpec]
    encoder: EncoderSpec


def preprocessing_rules(preprocessing: Preprocessing) -> List[Tuple[str, bool]]:
    """What must hold of the numbers, and whether it does."""
    rules = [("skip_characters is negative", preprocessing.format.skip_characters >= 0)]
    if isinstance(preprocessing.encoder, TokenEncoderSpec):
        rules += _token_rules(preprocessing.encoder)
    else:
        features = preprocessing.encoder.features
        rules.append(("the encoder has no features", preprocessing.encoder.width >= 1))
        rules.append(("a feature has no categories", all(one.categories is None or one.categories for one in features)))
    if isinstance(preprocessing.encoder, StepEncoderSpec):
        rules.append(("the encoder has no steps", preprocessing.encoder.steps >= 1))
        rules.append(("the encoder has no segments", preprocessing.encoder.max_segments >= 1))
        rules.append(("steps belong to sessions", preprocessing.sessions is not None))
    if preprocessing.sessions is not None:
        rules += _session_rules(preprocessing.sessions)
    return rules


def _token_rules(encoder: TokenEncoderSpec) -> List[Tuple[str, bool]]:
    ids = [encoder.pad_id, encoder.continuation_id, encoder.begin_id, encoder.end_id]
    return [
        ("the encoder has no length", encoder.length >= 1),
        ("the encoder has no segments", encoder.max_segments >= 1),
        ("an encoder's id is no token id", all(number is None or 0 <= number < 1 << 31 for number in ids)),
    ]


def _session_rules(sessions: SessionSpec) -> List[Tuple[str, bool]]:
    ways = [sessions.key is not None, sessions.length is not None, sessions.seconds is not None]
    return [
        ("sessions are not told in exactly one way", sum(ways) == 1),
        ("sessions by key have no idle_records", sessions.key is None or (sessions.idle_records or 0) >= 1),
        (
            "a session's length or step is less than 1",
            sessions.length is None or min(sessions.length, sessions.step or 0) >= 1,
        ),
        ("a session's seconds are not above 0", sessions.seconds is None or sessions.seconds > 0),
    ]
