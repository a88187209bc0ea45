"""Plain tables for the terminal."""

from __future__ import annotations

from typing import List, Sequence


def align(rows: Sequence[Sequence[str]], *, right: Sequence[int] = (), indent: str = "") -> List[str]:
    """The rows with their columns aligned, two blanks between them; the columns in `right` (from 0) end together.

    The last column of a row is never padded, so a long text there widens nothing.
    """
    columns = max((len(row) for row in rows), default=0)
    widths = [
        max((len(row[i]) for row in rows if len(row) > i + 1 or (i in right and len(row) > i)), default=0)
        for i in range(columns)
    ]
    lines = []
    for row in rows:
        cells = [cell.rjust(widths[i]) if i in right else cell.ljust(widths[i]) for i, cell in enumerate(row)]
        lines.append((indent + "  ".join(cells)).rstrip())
    return lines
