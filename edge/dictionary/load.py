"""A bundle's log dictionary."""

from __future__ import annotations

from typing import Optional

from edge.bundle.folder import Bundle
from edge.bundle.manifest import DICTIONARY_NAME
from edge.dictionary.spec import Dictionary, decode_dictionary


def load_dictionary(bundle: Bundle) -> Optional[Dictionary]:
    """The bundle's dictionary, None when it has none.

    Raises:
        SchemaError, IntegrityError: as `decode_dictionary` and `Bundle.read`.
    """
    if not bundle.has(DICTIONARY_NAME):
        return None
    return decode_dictionary(bundle.read(DICTIONARY_NAME), str(bundle.root / DICTIONARY_NAME))
