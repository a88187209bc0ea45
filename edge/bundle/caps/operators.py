"""The lists of the ONNX operators that a runtime has, which lie as data beside this package.

`edge/bundle/data/*.json` are facts of each runtime's own documentation, named in `source`; decision 15 says how they
are kept. Only this module reads them, and nothing writes them.
"""

from __future__ import annotations

import pkgutil
from functools import lru_cache
from typing import Dict, List, Mapping, Optional

import msgspec

from edge.bundle.caps.conditions import Condition
from edge.errors import CapsError

SCHEMA_VERSION = 1


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a list comes from; `revision` is a branch, tag or commit, `remarks` says what was added to it and why."""

    repository: str
    path: str
    revision: str
    licence: str
    remarks: List[str]


class OperatorRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a runtime takes of an operator; nothing at all where it is not `supported`.

    `types` are the dtypes that the inputs at `inputs` (None for all) may have. `notes` are restrictions in words: what
    no graph of oddline meets, or what cannot be seen in a graph.
    """

    supported: bool
    types: List[str] = []
    inputs: Optional[List[int]] = None
    conditions: List[Condition] = []
    notes: List[str] = []


class OperatorList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The operators of one version of a runtime; `narrowed` maps types that it lacks to what it takes them as."""

    schema_version: int
    runtime: str
    source: Source
    max_opset: int
    narrowed: Dict[str, str]
    operators: Mapping[str, OperatorRule]


@lru_cache(maxsize=None)
def operator_list(name: str) -> OperatorList:
    """The list of that name, such as "tensorrt-8.5".

    Raises:
        CapsError: oddline is installed without it, or with a damaged one.
    """
    where = f"data/{name}.json"
    mend = "install oddline again"
    try:
        data = pkgutil.get_data("edge.bundle", where)
    except OSError as error:
        raise CapsError("the list of operators is not installed", where=where, mend=mend) from error
    try:
        found = msgspec.json.decode(data or b"", type=OperatorList)
    except msgspec.DecodeError as error:
        raise CapsError(f"malformed list of operators ({error})", where=where, mend=mend) from error
    if found.schema_version != SCHEMA_VERSION:
        raise CapsError(f"schema version {found.schema_version} is not {SCHEMA_VERSION}", where=where, mend=mend)
    return found
