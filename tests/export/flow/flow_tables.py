"""Small tables for the tests of the detector `flow`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

HEADER = "Flow ID,Src Port,Duration,Bytes,Rate,Proto,Constant,Label"
KINDS = {"BENIGN": ((5.0, 6.0, 2.0), "tcp"), "DoS": ((1.0, 11.0, 6.0), "tcp"), "Scan": ((-4.0, 0.0, 9.0), "udp")}


def rows(kind: str, count: int, seed: int = 0) -> list[str]:
    """Rows of a kind: log-normal values, whose centre is the kind's."""
    rng = np.random.default_rng([seed, *kind.encode()])
    centre, proto = KINDS[kind]
    values = np.exp(rng.normal(centre, 0.3, (count, 3)))
    return [
        f"{number}-{kind},{rng.integers(1024, 65536)},{first:.6g},{second:.6g},{third:.6g},{proto},7,{kind}"
        for number, (first, second, third) in enumerate(values.tolist())
    ]


def write_table(path: Path, lines: list[str], header: str | None = HEADER) -> Path:
    path.write_text("".join(f"{line}\n" for line in ([header] if header else []) + lines), encoding="utf-8")
    return path


def small_table(folder: Path) -> Path:
    """400 benign rows and 120 of one kind of attack."""
    return write_table(folder / "flows.csv", rows("BENIGN", 400) + rows("DoS", 120))
