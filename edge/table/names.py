"""Which column is meant: the tools that write network flows call the same feature by several names.

CICFlowMeter alone has had ``Total Length of Fwd Packets`` (CIC-IDS2017), ``TotLen Fwd Pkts`` (CSE-CIC-IDS2018) and
``Total Length of Fwd Packet`` for one feature. Names are compared as bags of words, with the abbreviations spelt out.
"""

from __future__ import annotations

import re
from typing import Dict, FrozenSet, List, Optional, Sequence

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_MEANT = {
    "tot": "total",
    "totlen": "totallength",
    "len": "length",
    "pkt": "packet",
    "pkts": "packet",
    "packets": "packet",
    "byt": "byte",
    "byts": "byte",
    "bytes": "byte",
    "b": "bulk",
    "blk": "bulk",
    "seg": "segment",
    "cnt": "count",
    "avg": "average",
    "var": "variance",
    "forward": "fwd",
    "backward": "bwd",
    "flags": "flag",
    "cwr": "cwe",
    "dst": "destination",
    "src": "source",
    "of": "",
}


def meaning(name: str) -> FrozenSet[str]:
    """What a column's name says, whatever the order and the spelling of its words."""
    words = [word.lower() for word in _WORD.findall(name)]
    return frozenset(word for word in (_MEANT.get(word, word) for word in words) if word)


def find_columns(wanted: Sequence[str], header: Sequence[str]) -> List[Optional[int]]:
    """For each wanted name the place of its column, None where the header has none.

    A column of that very name comes first (letter case and outer blanks apart), then the only one that means the same.
    """
    exact: Dict[str, int] = {}
    meant: Dict[FrozenSet[str], List[int]] = {}
    for place, name in enumerate(header):
        exact.setdefault(name.strip().lower(), place)
        meant.setdefault(meaning(name), []).append(place)
    found: List[Optional[int]] = []
    for name in wanted:
        alike = meant.get(meaning(name), [])
        found.append(exact.get(name.strip().lower(), alike[0] if len(alike) == 1 else None))
    return found
