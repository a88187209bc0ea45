r"""Placeholders of the line templates.

A placeholder is ``{name}`` or ``{name:arguments}``; names are lower case.
Braces around anything else (``{ DRDY }``) are text.

    {int:LOW:HIGH}             an integer, both ends included
    {float:LOW:HIGH:DIGITS}    a decimal number
    {grow:LOW:HIGH}            an integer that rises over the period from LOW to HIGH, with a little noise
    {hex:N}  {base64:N}        N random digits
    {any:A|B|C}                one of the words, all equally likely
    {pick:A|B|C}               one of the words, the first most often (weights 1, 1/2, 1/3, ...)
    {of:LIST}                  one of a list in `vocabulary`, the first most often; its placeholders are filled too
    {lan} {field} {wan} {foreign} {foreign6} {noise} {ntp} ...   addresses and names of the host, see `_NAMED`
"""

from __future__ import annotations

import re
from datetime import timezone
from random import Random
from typing import Callable, Mapping, Sequence

from export.simulate import vocabulary
from export.simulate.host import Host, base64, uuid
from export.simulate.rhythm import Period

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)(?::([^{}]*))?\}")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Filler:
    """Fills templates with values drawn from one random generator."""

    def __init__(self, rng: Random, host: Host, period: Period) -> None:
        self._rng = rng
        self._host = host
        self._period = period
        self._when = 0.0
        self._general: dict[str, Callable[[str], str]] = {
            "int": lambda text: str(rng.randint(*_integers(text))),
            "float": self._float,
            "grow": self._grow,
            "hex": lambda text: f"{rng.getrandbits(4 * int(text)):0{int(text)}x}",
            "base64": lambda text: base64(rng, int(text)),
            "any": lambda text: rng.choice(text.split("|")),
            "pick": lambda text: zipf_choice(rng, text.split("|")),
            "of": lambda text: self.fill(zipf_choice(rng, vocabulary.LISTS[text]), self._when, {}),
        }
        self._named = self._make_named()

    def fill(self, template: str, when: float, bound: Mapping[str, str]) -> str:
        """The template with every placeholder replaced; names in `bound` come first.

        Raises KeyError for a placeholder that does not exist.
        """
        self._when = when

        def value(match: re.Match[str]) -> str:
            name, arguments = match.group(1), match.group(2)
            if arguments is not None:
                return self._general[name](arguments)
            if name in bound:
                return bound[name]
            return self._named[name]()

        return _PLACEHOLDER.sub(value, template)

    def bind(self, values: Mapping[str, str], when: float, bound: Mapping[str, str]) -> dict[str, str]:
        """`bound` with each of `values` drawn and added, in order: later values may use earlier ones."""
        result = dict(bound)
        for name, template in values.items():
            result[name] = self.fill(template, when, result)
        return result

    def _make_named(self) -> dict[str, Callable[[], str]]:
        rng, host = self._rng, self._host
        return {
            "host": lambda: host.name,
            "lan": lambda: zipf_choice(rng, host.workstations),
            "lan_router": lambda: f"{host.lan_prefix}.1",
            "monitor": lambda: host.monitor,
            "field": lambda: zipf_choice(rng, host.devices),
            "field_router": lambda: f"{host.field_prefix}.1",
            "wan": lambda: host.wan_address,
            "wan_router": lambda: host.wan_router,
            "ntp": lambda: zipf_choice(rng, host.ntp_servers),
            "dns": lambda: host.name_server,
            "vpn_peer": lambda: host.vpn_peer,
            "vpn": lambda: f"{host.vpn_prefix}.{rng.randint(2, 40)}",
            "foreign": lambda: f"203.0.113.{rng.randint(1, 254)}",
            "foreign6": lambda: (
                f"2001:db8:{rng.randint(256, 65535):x}:{rng.randint(1, 255):x}::{rng.randint(1, 65535):x}"
            ),
            "noise": lambda: f"{rng.choice(('198.51.100', '203.0.113'))}.{rng.randint(121, 254)}",
            "mac": lambda: zipf_choice(rng, host.macs),
            "port": lambda: str(rng.randint(32768, 60999)),
            "serial": lambda: host.serial,
            "container": lambda: zipf_choice(rng, host.containers),
            "container12": lambda: zipf_choice(rng, host.containers)[:12],
            "uuid": lambda: uuid(rng),
            "disk_uuid": lambda: host.disk_uuid,
            "epoch": lambda: f"{self._epoch():.4f}",
            "epoch_s": lambda: str(int(self._epoch())),
            "iso": lambda: self._stamp("%Y-%m-%dT%H:%M:%S") + f".{rng.randrange(10**9):09d}Z",
            "clf": self._clf,
            "stamp": lambda: self._stamp("%Y-%m-%d %H:%M:%S"),
            "key": lambda: host.keys[rng.choice(tuple(host.keys))],
            "version": lambda: vocabulary.VERSIONS[self._when >= self._period.upgrade_at],
            "kernel": lambda: vocabulary.KERNELS[self._when >= self._period.upgrade_at],
        }

    def _float(self, arguments: str) -> str:
        low, high, digits = arguments.split(":")
        return f"{self._rng.uniform(float(low), float(high)):.{int(digits)}f}"

    def _grow(self, arguments: str) -> str:
        low, high = _integers(arguments)
        value = low + (high - low) * self._when / self._period.seconds
        return str(round(value + self._rng.gauss(0.0, 0.04 * (high - low))))

    def _epoch(self) -> float:
        return (self._period.at(self._when).replace(tzinfo=timezone.utc)).timestamp()

    def _stamp(self, layout: str) -> str:
        return self._period.at(self._when).strftime(layout)

    def _clf(self) -> str:
        moment = self._period.at(self._when)
        return f"{moment:%d}/{MONTHS[moment.month - 1]}/{moment:%Y:%H:%M:%S} +0000"


def zipf_choice(rng: Random, words: Sequence[str]) -> str:
    """One of the words, the n-th with weight 1/n."""
    return rng.choices(words, weights=[1.0 / rank for rank in range(1, len(words) + 1)])[0]


def _integers(text: str) -> tuple[int, int]:
    low, high = text.split(":")
    return int(low), int(high)
