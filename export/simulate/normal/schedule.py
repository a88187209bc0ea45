"""What the clock starts: cron jobs and systemd timers, hourly, daily and weekly, and the package upgrade."""

from __future__ import annotations

from dataclasses import dataclass

from export.simulate.model import Script
from export.simulate.rhythm import DAY
from export.simulate.stage import Stage
from export.simulate.table import steps

_SUNDAY, _MONDAY, _EVERY_DAY = 6, 0, None


def _cron(user: str, uid: int, command: str) -> Script:
    opened = f"CRON+ | pam_unix(cron:session): session opened for user {user}(uid={uid}) by (uid=0)"
    closed = f"CRON+ 0.8 | pam_unix(cron:session): session closed for user {user}"
    return Script(steps(f"{opened}\nCRON+ | ({user}) CMD ({command})\n{closed}"))


def _service(unit: str, title: str, seconds: float, work: str = "") -> Script:
    return Script(
        steps(f"""
systemd | Starting {unit}.service - {title}...
{work}
systemd {seconds} | {unit}.service: Deactivated successfully.
systemd | Finished {unit}.service - {title}.
systemd 0.01 ?0.35 | {unit}.service: Consumed {{float:0.9:9:3}}s CPU time.
""")
    )


_METRICS = _cron("svc-metrics", 997, "/usr/local/bin/push-metrics --quiet")
_ACCOUNTING = _cron("root", 0, "command -v debian-sa1 > /dev/null && debian-sa1 1 1")
_HOURLY = _cron("root", 0, "cd / && run-parts --report /etc/cron.hourly")


@dataclass(frozen=True)
class _Job:
    script: Script
    hour: int
    minute: int
    weekday: int | None = _EVERY_DAY
    jitter: float = 0.0  # seconds


_JOBS = (
    _Job(_service("dpkg-db-backup", "Daily dpkg database backup service", 0.4), 0, 0),
    _Job(
        _service(
            "logrotate", "Rotate log files", 1.5, "nginx+ ?0.5 | [notice] signal 10 (SIGUSR1) received, reopening logs"
        ),
        0,
        0,
        jitter=20.0,
    ),
    _Job(_cron("root", 0, "test -x /etc/cron.daily/popularity-contest && /etc/cron.daily/popularity-contest"), 3, 26),
    _Job(_cron("root", 0, "test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }"), 6, 25),
    _Job(_service("man-db", "Daily man-db regeneration", 2.5), 4, 10, jitter=900.0),
    _Job(_service("apt-daily", "Daily apt download activities", 6.0), 5, 0, jitter=3000.0),
    _Job(_service("apt-daily", "Daily apt download activities", 6.0), 17, 0, jitter=3000.0),
    _Job(
        _service(
            "apt-daily-upgrade",
            "Daily apt upgrade and clean activities",
            12.0,
            "unattended-upgrade+ 3 | No packages found that can be upgraded unattended and no pending auto-removals",
        ),
        6,
        5,
        jitter=2000.0,
    ),
    _Job(_service("systemd-tmpfiles-clean", "Cleanup of Temporary Directories", 0.2), 8, 40, jitter=900.0),
    _Job(_service("motd-news", "Message of the Day", 0.6), 11, 15, jitter=3600.0),
    _Job(_service("fwupd-refresh", "Refresh fwupd metadata and update motd", 2.0), 13, 5, jitter=3600.0),
    _Job(
        _service(
            "fstrim",
            "Discard unused blocks on filesystems from /etc/fstab",
            14.0,
            "fstrim+ 9 | /: {float:3:22:1} GiB ({int:3000000000:22000000000} bytes) trimmed on /dev/sda2",
        ),
        0,
        7,
        _MONDAY,
        1800.0,
    ),
    _Job(
        _cron("root", 0, "test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.weekly; }"),
        6,
        47,
        _SUNDAY,
    ),
    _Job(_service("e2scrub_all", "Online ext4 Metadata Check for All Filesystems", 3.0), 3, 10, _SUNDAY, 60.0),
)

_UPGRADE = Script(
    steps(r"""
systemd | Starting apt-daily-upgrade.service - Daily apt upgrade and clean activities...
unattended-upgrade+ 9 | Packages that will be upgraded: sensor-collector telemetry-api
systemd 8 | Stopping sensor-collector.service - Field sensor collector...
sensor-collector | INFO signal 15 received, draining {int:3:60} queued readings
sensor-collector | INFO sensor-collector 2.8.3 stopped
systemd | sensor-collector.service: Deactivated successfully.
systemd | Stopped sensor-collector.service - Field sensor collector.
systemd 4 | Reloading requested from client PID {int:20000:60000} ('systemctl') (unit apt-daily-upgrade.service)...
systemd 0.3 | Started sensor-collector.service - Field sensor collector.
systemd 0.5 | Started telemetry-api.service - HTTP interface to the readings.
unattended-upgrade+ 2 | All upgrades installed
systemd | Finished apt-daily-upgrade.service - Daily apt upgrade and clean activities.
""")
)
_UPGRADED_START = Script(
    steps("sensor-collector | INFO sensor-collector 2.9.0 starting, 24 sensors in /etc/sensor-collector/sensors.toml")
)


def play_schedule(stage: Stage, lines_per_day: int) -> None:
    """All jobs of the period. The frequent ones run less often on a host that is to write few lines."""
    frequent: tuple[
        tuple[Script, int, int], ...
    ]  # script, minutes between two runs, minutes after midnight of the first
    if lines_per_day >= 2000:
        frequent = ((_METRICS, 15, 0), (_ACCOUNTING, 10, 5), (_HOURLY, 60, 17))
    elif lines_per_day >= 600:
        frequent = ((_METRICS, 60, 0), (_ACCOUNTING, 60, 5), (_HOURLY, 60, 17))
    else:
        frequent = ((_METRICS, 240, 0), (_HOURLY, 360, 17))
    for script, every, offset in frequent:
        for minute in range(offset, stage.period.days * 24 * 60, every):
            _play_job(stage, script, minute * 60.0 + 1.0, 0.8)
    for day in range(stage.period.days):
        weekday = stage.period.at(day * DAY).weekday()
        for job in _JOBS:
            if job.weekday in (_EVERY_DAY, weekday):
                _play_job(stage, job.script, day * DAY + job.hour * 3600.0 + job.minute * 60.0 + 1.0, job.jitter + 0.5)


def play_upgrade(stage: Stage) -> None:
    """Sensor collector and application get their next versions; from then on they word some lines differently."""
    when = stage.period.upgrade_at
    end = stage.play(_UPGRADE, when - 40.0)
    for program in ("sensor-collector", "telemetry-api"):
        stage.host.restart(program, end)
    stage.play(_UPGRADED_START, end + 0.2)


def _play_job(stage: Stage, script: Script, when: float, jitter: float) -> None:
    when += stage.rng.random() * jitter
    if stage.period.is_up(when):
        stage.play(script, when)
