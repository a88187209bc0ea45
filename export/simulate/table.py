r"""Reads tables of steps, so that a script in the source looks like the log that it writes.

One step a line: ``PROGRAM [GAP] [?CHANCE] [ordinary] | TEXT`` (the parts are those of `Step`). Blank lines are
skipped; a backslash at the end of a line continues the text on the next, whose indentation is dropped.
"""

from __future__ import annotations

import re

from export.simulate.model import Step

_CONTINUED = re.compile(r"\\\n[ ]*")


def steps(table: str) -> tuple[Step, ...]:
    """The steps of a table; raises ValueError for a line that is not one."""
    return tuple(_step(line) for line in _CONTINUED.sub("", table).split("\n") if line.strip())


def _step(line: str) -> Step:
    head, separator, text = line.partition(" | ")
    if not separator:
        raise ValueError(f"no ' | ' between the program and the text: {line!r}")
    program, *words = head.split()
    step = Step(program, text)
    gap, chance, ordinary = step.gap, step.chance, step.ordinary
    for word in words:
        if word == "ordinary":
            ordinary = True
        elif word.startswith("?"):
            chance = float(word[1:])
        else:
            gap = float(word)
    return Step(program, text, gap, chance, ordinary)
