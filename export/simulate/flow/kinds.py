"""What flows there are: ordinary services of a small site, and attacks on it.

A kind says how long, how large and how busy its flows are. Sizes and times of network traffic have heavy tails
(Crovella and Bestavros, Self-Similarity in World Wide Web Traffic, 1997): they are drawn log-normally, a session's
number of packets with a Pareto tail.
"""

from __future__ import annotations

from dataclasses import dataclass

TCP, UDP = 6, 17


@dataclass(frozen=True)
class Kind:
    """One kind of flows.

    `packets` are the medians of those sent and received, `sizes` the medians of their payloads in bytes, `gap` the
    median of the seconds between two packets; `spread` is the standard deviation of the logarithms of all of these, and
    `tail` the exponent of the packets' Pareto tail (lower is heavier). `reset` is the chance that the flow ends by RST,
    and `window` the first TCP windows of both sides. `weight` is how many of the flows are of this kind, among the
    ordinary ones or among the attacks; `daily` says that people cause them, by day.
    """

    name: str
    protocol: int
    port: int
    packets: tuple[float, float]
    sizes: tuple[float, float]
    gap: float
    spread: float
    tail: float
    reset: float
    window: tuple[int, int]
    weight: float
    daily: bool = False


ORDINARY = (
    Kind("dns", UDP, 53, (1, 1), (38, 120), 0.02, 0.35, 4.0, 0.0, (0, 0), 45, daily=True),
    Kind("ntp", UDP, 123, (1, 1), (48, 48), 0.03, 0.05, 6.0, 0.0, (0, 0), 4),
    Kind("web", TCP, 443, (12, 16), (160, 900), 0.05, 0.7, 1.6, 0.04, (64240, 28960), 30, daily=True),
    Kind("page", TCP, 80, (6, 6), (210, 640), 0.04, 0.6, 1.8, 0.03, (64240, 29200), 6, daily=True),
    Kind("mqtt", TCP, 1883, (5, 4), (42, 12), 4.0, 0.3, 3.0, 0.0, (5840, 14600), 8),
    Kind("modbus", TCP, 502, (9, 9), (12, 21), 0.9, 0.15, 4.0, 0.0, (8192, 8192), 4),
    Kind("syslog", UDP, 514, (1, 0), (140, 0), 0.001, 0.2, 8.0, 0.0, (0, 0), 1),
    Kind("mail", TCP, 993, (14, 17), (90, 420), 0.3, 0.6, 1.9, 0.02, (64240, 28960), 2, daily=True),
    Kind("ssh", TCP, 22, (40, 38), (60, 110), 0.4, 0.8, 1.7, 0.01, (64240, 28960), 1, daily=True),
)

# The first two are also in the part that is learnt from; the others come only later.
ATTACKS = (
    Kind("flood", TCP, 80, (4, 3), (330, 0), 0.004, 0.25, 5.0, 0.6, (29200, 235), 5),
    Kind("slow requests", TCP, 80, (9, 5), (8, 0), 9.5, 0.3, 4.0, 0.2, (29200, 235), 3),
    Kind("port scan", TCP, 0, (1, 1), (0, 0), 0.0004, 0.2, 6.0, 1.0, (1024, 0), 4),
    Kind("password guessing", TCP, 22, (14, 16), (74, 88), 0.11, 0.12, 6.0, 0.9, (29200, 28960), 3),
    Kind("exfiltration", TCP, 443, (2600, 900), (1380, 4), 0.002, 0.3, 2.5, 0.0, (64240, 65535), 1),
)
LEARNT_ATTACKS = 2
