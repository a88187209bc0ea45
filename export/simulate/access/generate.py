"""Makes a whole simulated access log from a seed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from edge.errors import InputError
from export.simulate.access import attacks
from export.simulate.access.site import CRAWLER, FEED_READER, Ask, Site
from export.simulate.generate import DEFAULT_START, LEAST_LINES_PER_DAY
from export.simulate.model import Label, SimulatedLog

DEFAULT_LINES_PER_DAY = 1500

_DAY = 86_400.0
_HELD_OUT = 0.2
# How busy each hour is, as a share of the busiest.
_HOURS = (2, 1, 1, 1, 1, 2, 4, 6, 8, 9, 9, 8, 8, 9, 9, 8, 8, 9, 10, 10, 10, 8, 6, 4)
_ODD_SHARE = 0.06
_LEARNT_ODD_SHARE = 0.03
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_Entry = tuple[float, str, str]
"""Seconds since the start, the line, and the kind of attack (empty for none) with its number."""


def simulate_access(
    seed: int = 0, days: int = 7, lines_per_day: int = DEFAULT_LINES_PER_DAY, start: datetime = DEFAULT_START
) -> SimulatedLog:
    """Combined-format lines of a small site over `days` days, in time order, with ground truth.

    The result depends on the arguments alone. Scans and attacks stand in the last fifth of the period only, and make
    up some 6 % of its lines. Times are in UTC.

    Raises:
        InputError: there are less than one day, or less than 200 lines in it.
    """
    return simulate_site(seed, days, lines_per_day, start)[0]


def simulate_site(
    seed: int = 0, days: int = 7, lines_per_day: int = DEFAULT_LINES_PER_DAY, start: datetime = DEFAULT_START
) -> tuple[SimulatedLog, SimulatedLog]:
    """The log of `simulate_access`, and one to learn from with labels.

    The second one is the first four fifths of the period with scans and attacks among them, some 3 % of its lines.

    Raises:
        InputError: as in `simulate_access`.
    """
    if days < 1:
        raise InputError(f"{days} days cannot be simulated", mend="ask for 1 day or more")
    if lines_per_day < LEAST_LINES_PER_DAY:
        raise InputError(
            f"{lines_per_day} lines per day are too few for a site with visitors, crawlers and attackers",
            mend=f"ask for {LEAST_LINES_PER_DAY} or more",
        )
    rng = Random(seed)  # noqa: S311  (a simulation has to be repeatable)
    start = start.replace(tzinfo=None)
    site = Site(rng)
    total = days * lines_per_day
    held_out_from = days * _DAY * (1 - _HELD_OUT)
    odd = round(total * _HELD_OUT * _ODD_SHARE)
    entries: list[_Entry] = []
    while len(entries) < total - odd:
        entries += _visit(rng, site, start, days)
    learnt = [entry for entry in entries if entry[0] < held_out_from]
    entries += _scans(rng, site, start, held_out_from, days * _DAY, odd)
    learnt += _scans(rng, site, start, 0.0, held_out_from, round(len(learnt) * _LEARNT_ODD_SHARE))

    def whole(played: list[_Entry], boundary: float) -> SimulatedLog:
        played.sort(key=lambda entry: entry[0])
        return SimulatedLog(
            lines=[line for _, line, _ in played],
            labels=list(_labels(played)),
            seed=seed,
            days=days,
            lines_per_day=lines_per_day,
            start=start,
            held_out_from=sum(when < boundary for when, _, _ in played),
        )

    return whole(entries, held_out_from), whole(learnt, 0.0)


def _visit(rng: Random, site: Site, start: datetime, days: int) -> Iterator[_Entry]:
    """Lines of one visitor, crawler or feed reader; none behind the end of the period."""
    hour = rng.choices(range(24), weights=_HOURS)[0]
    when = rng.randrange(days) * _DAY + (hour + rng.random()) * 3600
    who = rng.choices(("visitor", "crawler", "feed"), weights=(70, 15, 15))[0]
    asks = {"visitor": site.visit, "crawler": site.crawl, "feed": site.feed}[who]()
    agent = {"visitor": site.browser(), "crawler": CRAWLER, "feed": FEED_READER}[who]
    client = _address(rng)
    for ask in asks:
        yield when, _line(start, when, client, agent, ask), ""
        when = min(when + rng.expovariate(0.5), days * _DAY - 1)


def _scans(rng: Random, site: Site, start: datetime, first: float, end: float, lines: int) -> Iterator[_Entry]:
    """So many lines of attacks, a scan of one kind after the other, so that each kind is there if there is room."""
    kinds = list(attacks.KINDS)
    number = 0
    while lines > 0:
        kind = kinds[number % len(kinds)]
        number += 1
        client, agent = _address(rng), rng.choice(attacks.AGENTS)
        when = rng.uniform(first, end - 600)
        for _ in range(min(lines, rng.randint(2, 12))):
            yield when, _line(start, when, client, agent, attacks.KINDS[kind](rng, site)), f"{kind} {number}"
            when = min(when + rng.expovariate(1.0), end - 1)
            lines -= 1


def _line(start: datetime, when: float, client: str, agent: str, ask: Ask) -> str:
    moment = start + timedelta(seconds=int(when))
    stamp = f"{moment:%d}/{_MONTHS[moment.month - 1]}/{moment:%Y:%H:%M:%S} +0000"
    request = f"{ask.method} {ask.target} {ask.protocol}" if ask.method else ask.target
    size = "-" if ask.size is None else ask.size
    return f'{client} - - [{stamp}] "{request}" {ask.status} {size} "{ask.referer}" "{agent}"'


def _address(rng: Random) -> str:
    """An address of those kept for documentation (RFC 5737, RFC 3849)."""
    if rng.random() < 0.15:
        return f"2001:db8:{rng.randrange(1 << 16):x}::{rng.randrange(1, 1 << 16):x}"
    return f"{rng.choice(('192.0.2', '198.51.100', '203.0.113'))}.{rng.randrange(1, 255)}"


def _labels(entries: list[_Entry]) -> Iterator[Label]:
    offset = 0
    for number, (_, line, odd) in enumerate(entries, start=1):
        if odd:
            kind, incident = odd.split(" ")
            yield Label(number, offset, kind, f"scan-{incident}")
        offset += len(line.encode()) + 1
