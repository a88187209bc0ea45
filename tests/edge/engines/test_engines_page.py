"""docs/engines.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Dict, List

from edge.engines.entry import ENTRY_NAME, SCHEMA_VERSION, Entry
from edge.engines.key import EngineKey
from edge.engines.options import _SINCE

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "engines.md").read_text(encoding="utf-8")


def rows(head: str) -> List[List[str]]:
    """The cells of the first table below a heading."""
    (text,) = re.findall(rf"^#+ {re.escape(head)}$(.*?)(?=^#|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    table = re.search(r"^\|.*?(?=^[^|]|\Z)", text, re.MULTILINE | re.DOTALL)
    assert table is not None
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[0].splitlines()[2:]]


def names(cell: str) -> List[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_fields_of_an_entry() -> None:
    table = rows(ENTRY_NAME)
    assert [name for row in table for name in names(row[0])] == list(Entry.__struct_fields__)
    assert table[0][1].startswith(f"{SCHEMA_VERSION};")


def test_fields_of_the_key() -> None:
    assert [name for row in rows("When it is built again") for name in names(row[0])] == list(
        EngineKey.__struct_fields__
    )


def test_options_and_the_versions_that_have_them() -> None:
    told: Dict[str, str] = {name: row[2] for row in rows("Options") for name in names(row[0])}
    assert told == {name: ".".join(map(str, since)) for name, since in _SINCE.items()}
