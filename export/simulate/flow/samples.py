"""The sample for the detector `flow`: what `oddline simulate flow` writes and says."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from edge.files.atomic import AtomicFile, output_error
from edge.table.rows import join_row
from export.simulate.flow.draw import BENIGN, HEADER, moments, row
from export.simulate.flow.kinds import ATTACKS, LEARNT_ATTACKS, ORDINARY, Kind

DEFAULT_PER_DAY = 1200
ATTACK_SHARE = 0.15
TRAIN_SHARE = 0.8
_START = datetime(2025, 3, 1)


def write(folder: Path, *, seed: int, days: int, per_day: int | None) -> list[str]:
    """Write ``train.csv``, the first four fifths of the time, and ``test.csv``, which has further kinds of attacks.

    Each file is written aside, synced and renamed. The result depends on the arguments alone.

    Raises:
        OutputError: the folder cannot be written.
    """
    rng = Random(seed)  # noqa: S311 - a simulation has to be repeatable
    total = days * (per_day or DEFAULT_PER_DAY)
    middle = _START + timedelta(days=days * TRAIN_SHARE)
    parts = {
        folder / "train.csv": _flows(rng, round(total * TRAIN_SHARE), _START, days * TRAIN_SHARE, LEARNT_ATTACKS),
        folder / "test.csv": _flows(rng, round(total * (1 - TRAIN_SHARE)), middle, days * (1 - TRAIN_SHARE), None),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(error, folder) from error
    for path, rows in parts.items():
        with AtomicFile(path) as file:
            file.write("".join(f"{join_row(fields)}\n" for fields in [list(HEADER), *rows]).encode())
    train, test = parts
    return [
        f"wrote {train} ({len(parts[train]):,} flows) and {test} ({len(parts[test]):,})",
        "the last column says which are attacks; the second file has kinds of them that the first has not",
        f"next: oddline train flow {train} -o runs/flows",
    ]


def _flows(rng: Random, count: int, start: datetime, days: float, known: int | None) -> list[list[str]]:
    """Rows in order of time; of the attacks only the first `known` kinds, None for all."""
    odd = round(count * ATTACK_SHARE)
    found = [
        (when, row(rng, kind, when, label))
        for kinds, number, name in ((ORDINARY, count - odd, BENIGN), (ATTACKS[:known], odd, None))
        for kind, share in _shares(kinds, number)
        for label in (name or kind.name,)
        for when in moments(rng, kind, share, start, days)
    ]
    return [fields for _, fields in sorted(found, key=lambda one: one[0])]


def _shares(kinds: tuple[Kind, ...], count: int) -> list[tuple[Kind, int]]:
    weights = sum(kind.weight for kind in kinds)
    return [(kind, round(count * kind.weight / weights)) for kind in kinds]
