"""Templates that are known before a log is read: what `--dictionary` names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from edge.bundle.preprocessing import Mask
from edge.dictionary.spec import (
    MAX_DICTIONARY_BYTES,
    MOST_TEMPLATES,
    SCHEMA_VERSION,
    WILDCARD,
    Dictionary,
    Template,
    decode_dictionary,
    is_template,
)
from edge.errors import InputError
from edge.text.clean import decode_block
from edge.text.masks import Masker

# C11, 7.21.6.1, without the flag that is a blank, which would be the blank between two words; %% is a percent sign.
_CONVERSION = re.compile(
    r"%(?:[0-9]+\$)?[-+#0']*(?:\*|[0-9]+)?(?:\.(?:\*|[0-9]+)?)?(?:hh|h|ll|l|j|z|t|L|q)?[diouxXeEfFgGaAcspm]"
)


def read_given(path: str, masks: Sequence[Mask]) -> Dictionary:
    r"""The templates of a file: an earlier ``dictionary.json``, or one template a line.

    In a line, ``<*>`` and the conversions of printf (``%s``, ``%5.2f``) make a wildcard of the whole word that they
    stand in, and ``%%`` is a percent sign. What remains is masked as the log is. Empty lines and lines that come to
    the same template again are left out.

    Raises:
        InputError: the file cannot be read, is too large, holds no template, or one that is too long.
        SchemaError, IntegrityError: it is JSON, and no dictionary that this oddline can use.
    """
    data = _read(path)
    if data.lstrip()[:1] == b"{":
        return decode_dictionary(data, path)
    lines = decode_block(data.split(b"\n"))
    texts: dict[str, int] = {}
    for number, text in enumerate(Masker(masks).apply([_with_wildcards(line) for line in lines]), 1):
        text = " ".join(text.split())
        if not is_template(text):
            raise InputError("the template is too long", where=f"{path}, line {number}", mend="shorten it")
        if text:
            texts.setdefault(text, number)
    if not texts:
        raise InputError("there is no template in it", where=path, mend="write one a line, with <*> where words vary")
    if len(texts) > MOST_TEMPLATES:
        raise InputError(f"holds more than {MOST_TEMPLATES:,} templates", where=path, mend="leave some out")
    return Dictionary(
        schema_version=SCHEMA_VERSION,
        templates=[
            Template(id=number, text=text, count=0, history=[], known=True) for number, text in enumerate(texts, 1)
        ],
    )


def _read(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_DICTIONARY_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=path, mend="give a file of templates") from error
    if len(data) > MAX_DICTIONARY_BYTES:
        raise InputError(f"larger than {MAX_DICTIONARY_BYTES:,} bytes", where=path, mend="give a file of templates")
    if b"\0" in data:
        raise InputError("is no text", where=path, mend="give a file of templates")
    return data


def _with_wildcards(line: str) -> str:
    words = line.split()
    return " ".join(
        WILDCARD if WILDCARD in word or _CONVERSION.search(word.replace("%%", "")) else word.replace("%%", "%")
        for word in words
    )
