"""Who the simulated host is: its name, users, addresses, hardware names, and its process ids over time.

Addresses come from the documentation ranges (RFC 5737, RFC 3849) and from private ranges (RFC 1918), MAC addresses
from the documentation range 00-00-5E-00-53-00/24 (RFC 7042).
"""

from __future__ import annotations

import string
from random import Random

from export.simulate.rhythm import Period

NAME = "gateway-7"
USERS = ("admin", "operator", "deploy", "svc-metrics", "svc-backup")
USER_IDS = {"root": 0, "admin": 1000, "operator": 1001, "deploy": 1002, "svc-metrics": 997, "svc-backup": 996}

_BASE64 = string.ascii_letters + string.digits + "+/"


class Host:
    """Everything about the host that is drawn once, and the process ids that depend on time."""

    def __init__(self, rng: Random, period: Period) -> None:
        self.name = NAME
        self._rng = rng
        self._period = period
        subnet = rng.randint(10, 60)
        self.lan_prefix = f"10.{subnet}.0"
        self.field_prefix = f"192.168.{rng.randint(20, 90)}"
        self.workstations = tuple(f"{self.lan_prefix}.{n}" for n in rng.sample(range(20, 200), 7))
        self.monitor = f"{self.lan_prefix}.{rng.randint(5, 9)}"
        self.devices = tuple(f"{self.field_prefix}.{n}" for n in rng.sample(range(10, 250), 14))
        self.wan_address = f"192.0.2.{rng.randint(20, 250)}"
        self.wan_router = "192.0.2.1"
        self.ntp_servers = tuple(f"198.51.100.{n}" for n in rng.sample(range(2, 60), 4))
        self.name_server = f"198.51.100.{rng.randint(61, 90)}"
        self.vpn_peer = f"198.51.100.{rng.randint(91, 120)}"
        self.vpn_prefix = f"172.{rng.randint(16, 31)}.{rng.randint(0, 200)}"
        self.macs = tuple(f"00:00:5e:00:53:{n:02x}" for n in rng.sample(range(256), 12))
        self.keys = {user: base64(rng, 43) for user in USERS}
        self.serial = "".join(rng.choices(string.ascii_uppercase + string.digits, k=8))
        self.containers = tuple(f"{rng.getrandbits(256):064x}" for _ in range(5))
        self.disk_uuid = uuid(rng)
        self.pid_rate = rng.uniform(0.08, 0.16)  # processes started per second
        self._daemons: dict[str, list[tuple[float, int]]] = {}
        self._taken: set[tuple[int, int]] = set()

    def fresh_pid(self, when: float) -> int:
        """The id of a process started then: ids rise with the uptime and are never given twice within one boot."""
        boot = self._period.boot_index(when)
        pid = 1600 + int(self._period.uptime(when) * self.pid_rate) + self._rng.randint(0, 6)
        while (boot, pid) in self._taken:
            pid += 1
        self._taken.add((boot, pid))
        return pid

    def daemon_pid(self, program: str, when: float) -> int:
        """The id of a daemon that runs since the boot, or since the last `restart` before then."""
        starts = self._daemons.setdefault(program, [])
        if not starts:
            for boot in range(len(self._period.halts) + 1):
                since = self._period.halts[boot - 1].up if boot else -1.0
                starts.append((since, self._rng.randint(380, 1590)))
        return [pid for since, pid in starts if since <= when][-1]

    def restart(self, program: str, when: float) -> None:
        """Give the daemon a new process id from then on."""
        self.daemon_pid(program, when)
        self._daemons[program] = sorted([*self._daemons[program], (when, self.fresh_pid(when))])


def base64(rng: Random, length: int) -> str:
    """Random characters of the base64 alphabet, as in a key's fingerprint."""
    return "".join(rng.choices(_BASE64, k=length))


def uuid(rng: Random) -> str:
    """Random hexadecimal digits in the layout of a UUID."""
    digits = f"{rng.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
