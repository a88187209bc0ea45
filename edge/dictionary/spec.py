"""dictionary.json: the templates that a log was found to be written from.

A template is a text of words with one blank between them, in which ``<*>`` stands for exactly one word of any kind.
Texts are compared with templates after the masks of the manifest, word by word; words are cut at white space. Of a
text only the first `MOST_WORDS` words count, so that a template of that many stands for longer texts too.

Every field is required and unknown ones are refused, as in the manifest.
"""

from __future__ import annotations

from typing import List, Optional, Sequence, Set

import msgspec

from edge.bundle.preprocessing import Strict
from edge.errors import IntegrityError, SchemaError

SCHEMA_VERSION = 1
WILDCARD = "<*>"
MOST_WORDS = 256
LONGEST_WORD = 256
"""In characters; a longer word is a wildcard's."""
MOST_TEMPLATES = 1 << 16
MAX_DICTIONARY_BYTES = 64 << 20
LARGEST_ID = 2**31 - 1
_MEND = "copy or export the bundle again, or train again"


class Template(Strict, frozen=True):
    """One template. Its `id` counts from 1, stays when the template becomes more general, and is never given again.

    `count` is how many records of the training slice fit it and no more fitting one; `history` are its earlier, more
    specific forms, the oldest first; `known` says that the user gave it beforehand.
    """

    id: int
    text: str
    count: int
    history: List[str]
    known: bool


class Dictionary(Strict, frozen=True):
    """All templates, by ascending id; no two have the same text."""

    schema_version: int
    templates: List[Template]


class _Versioned(msgspec.Struct):
    schema_version: int


def encode_dictionary(dictionary: Dictionary) -> bytes:
    """The dictionary as indented JSON, UTF-8, with a final newline."""
    return msgspec.json.format(msgspec.json.encode(dictionary), indent=2) + b"\n"


def decode_dictionary(data: bytes, where: str) -> Dictionary:
    """Read a dictionary; `where` names it in errors.

    Raises:
        SchemaError: not JSON, of another schema version, or with a field missing, unknown, or of the wrong type.
        IntegrityError: too large, or its templates contradict each other or what a template is.
    """
    if len(data) > MAX_DICTIONARY_BYTES:
        raise IntegrityError(f"larger than {MAX_DICTIONARY_BYTES:,} bytes", where=where, mend=_MEND)
    try:
        version = msgspec.json.decode(data, type=_Versioned).schema_version
        if version != SCHEMA_VERSION:
            raise SchemaError(
                f"dictionary schema version {version}, where this oddline reads {SCHEMA_VERSION}",
                where=where,
                mend="update oddline on this machine" if version > SCHEMA_VERSION else "train again",
            )
        dictionary = msgspec.json.decode(data, type=Dictionary)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SchemaError(f"malformed dictionary ({error})", where=where, mend=_MEND) from error
    if len(dictionary.templates) > MOST_TEMPLATES:
        raise IntegrityError(f"holds more than {MOST_TEMPLATES:,} templates", where=where, mend=_MEND)
    wrong = _contradiction(dictionary)
    if wrong is not None:
        raise IntegrityError(f"damaged dictionary ({wrong})", where=where, mend=_MEND)
    return dictionary


def is_template(text: str) -> bool:
    """Whether a text can be a template's: words with one blank between them, not too many and not too long."""
    words = text.split()
    return len(words) <= MOST_WORDS and all(len(word) <= LONGEST_WORD for word in words) and text == " ".join(words)


def covers(general: Sequence[str], words: Sequence[str]) -> bool:
    """Whether a template's words fit all texts that the template of the other words fits."""
    return len(general) == len(words) and all(ours in (WILDCARD, theirs) for ours, theirs in zip(general, words))


def _contradiction(dictionary: Dictionary) -> Optional[str]:
    """What is wrong in the dictionary, None when nothing is."""
    seen: Set[str] = set()
    last = 0
    for template in dictionary.templates:
        name = f"template {template.id}"
        if not last < template.id <= LARGEST_ID:
            return f"{name}: ids ascend from 1"
        last = template.id
        if template.text in seen:
            return f"{name}: an earlier one has the same text"
        seen.add(template.text)
        if template.count < 0:
            return f"{name}: its count is below 0"
        if not all(map(is_template, (template.text, *template.history))):
            return f"{name}: it is not words with one blank between them, or is too long"
        forms = [form.split() for form in (*template.history, template.text)]
        if not all(covers(after, before) and after != before for before, after in zip(forms, forms[1:])):
            return f"{name}: its history does not become more general"
    return None
