"""Which column is meant: the tools that write network flows call the same feature by several names.

CICFlowMeter alone has had ``Total Length of Fwd Packets`` (CIC-IDS2017), ``TotLen Fwd Pkts`` (CSE-CIC-IDS2018) and
``Total Length of Fwd Packet`` for one feature. Names are compared as sets of words, with the abbreviations spelt out.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import Dict, FrozenSet, List, Optional, Sequence

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_MEANT = {
    "tot": ("total",),
    "totlen": ("total", "length"),
    "len": ("length",),
    "pkt": ("packet",),
    "pkts": ("packet",),
    "packets": ("packet",),
    "byt": ("byte",),
    "byts": ("byte",),
    "bytes": ("byte",),
    "b": ("bulk",),
    "blk": ("bulk",),
    "seg": ("segment",),
    "cnt": ("count",),
    "avg": ("average",),
    "var": ("variance",),
    "forward": ("fwd",),
    "backward": ("bwd",),
    "flags": ("flag",),
    "cwr": ("cwe",),
    "dst": ("destination",),
    "src": ("source",),
    "of": (),
}


@lru_cache(maxsize=4096)
def meaning(name: str) -> FrozenSet[str]:
    """What a column's name says, whatever the order and the spelling of its words; empty where it has none in ASCII."""
    words = (word.lower() for word in _WORD.findall(name))
    return frozenset(meant for word in words for meant in _MEANT.get(word, (word,)))


def find_columns(wanted: Sequence[str], header: Sequence[str]) -> List[Optional[int]]:
    """For each wanted name the place of its column, None where the header has none.

    A column of that very name comes first (letter case and outer blanks apart), of several the first. Otherwise it is
    the only one that means the same, unless another wanted name means the same too.
    """
    exact: Dict[str, int] = {}
    meant: Dict[FrozenSet[str], List[int]] = {}
    for place, name in enumerate(header):
        exact.setdefault(name.strip().lower(), place)
        meant.setdefault(meaning(name), []).append(place)
    asked = Counter(map(meaning, wanted))
    found: List[Optional[int]] = []
    for name in wanted:
        same = exact.get(name.strip().lower())
        if same is None:
            words = meaning(name)
            alike = meant.get(words, [])
            same = alike[0] if words and len(alike) == 1 and asked[words] == 1 else None
        found.append(same)
    return found
