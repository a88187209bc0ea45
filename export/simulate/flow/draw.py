"""One flow of a kind, as the row that a flow meter would write of it."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from random import Random

from export.simulate.flow.kinds import TCP, Kind

HEADER = (
    *("Flow ID", "Src IP", "Src Port", "Dst IP", "Dst Port", "Protocol", "Timestamp", "Flow Duration"),
    *("Total Fwd Packet", "Total Bwd packets", "Total Length of Fwd Packet", "Total Length of Bwd Packet"),
    *("Fwd Packet Length Mean", "Bwd Packet Length Mean", "Packet Length Std", "Flow Bytes/s", "Flow Packets/s"),
    *("Flow IAT Mean", "Flow IAT Std", "Flow IAT Max", "SYN Flag Count", "RST Flag Count", "FIN Flag Count"),
    *("URG Flag Count", "Down/Up Ratio", "FWD Init Win Bytes", "Bwd Init Win Bytes", "Label"),
)
BENIGN = "BENIGN"
_MICROSECONDS = 1e6
_MOST_PACKETS = 200_000


def row(rng: Random, kind: Kind, when: datetime, label: str) -> list[str]:
    """The fields of a flow that begins at `when`, in the order of the `HEADER`."""
    source = f"10.0.{rng.randrange(4)}.{rng.randrange(2, 250)}"
    target = f"192.0.2.{rng.randrange(2, 30)}"
    ports = rng.randrange(1024, 65536), kind.port or rng.randrange(1, 10_000)
    pace = rng.paretovariate(kind.tail)
    sent, received = (
        min(_MOST_PACKETS, max(1, round(count * pace * _around(rng, kind)))) if count else 0 for count in kind.packets
    )
    lengths = [size * _around(rng, kind) for size in kind.sizes]
    totals = round(lengths[0] * sent), round(lengths[1] * received)
    gaps = sent + received - 1
    mean_gap = kind.gap * _around(rng, kind) * _MICROSECONDS
    duration = max(0, round(mean_gap * gaps))
    seconds = duration / _MICROSECONDS
    reset = kind.protocol == TCP and rng.random() < kind.reset
    opened = 2 if kind.protocol == TCP else 0
    fields: list[object] = [
        f"{source}-{target}-{ports[0]}-{ports[1]}-{kind.protocol}",
        *(source, ports[0], target, ports[1], kind.protocol),
        *(f"{when:%Y-%m-%d %H:%M:%S.%f}", duration, sent, received, *totals),
        *(_number(totals[0] / sent), _number(totals[1] / max(1, received))),
        _number(abs(lengths[0] - lengths[1]) / 2 + 0.3 * sum(lengths)),
        # As flow meters have it: a flow without a duration has no rate that is finite.
        *(("inf", "inf") if not duration else (_number(sum(totals) / seconds), _number((sent + received) / seconds))),
        *(_number(duration / max(1, gaps)), _number(mean_gap * kind.spread), _number(mean_gap * (1 + kind.spread * 2))),
        *(opened, int(reset), 0 if reset or not opened else 2, 0, _number(received / sent), *kind.window, label),
    ]
    return [str(field) for field in fields]


def moments(rng: Random, kind: Kind, count: int, start: datetime, days: float) -> list[datetime]:
    """When flows of a kind begin, in order; those that people cause mostly by day."""
    found: list[datetime] = []
    while len(found) < count:
        at = rng.random() * days
        awake = 0.55 - 0.45 * math.cos(2 * math.pi * at)
        if not kind.daily or rng.random() < awake:
            found.append(start + timedelta(days=at))
    return sorted(found)


def _around(rng: Random, kind: Kind) -> float:
    return rng.lognormvariate(0.0, kind.spread)


def _number(value: float) -> str:
    return f"{value:.6g}"
