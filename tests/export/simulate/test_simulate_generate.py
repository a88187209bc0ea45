"""The simulated log as a whole: order, labels, sessions, variety."""

from __future__ import annotations

import hashlib
import ipaddress
import os
import re
import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import InputError
from edge.formats import detect_format, make_format
from export.simulate import DEFAULT_START, SimulatedLog, simulate_syslog
from export.simulate.odd.placing import INCIDENTS

LINE = re.compile(r"([A-Z][a-z]{2} [ 123]\d \d\d:\d\d:\d\d) gateway-7 ([\w./-]+)(?:\[(\d+)\])?: ?(.*)")
OPENED = re.compile(r"pam_unix\((\w[\w-]*):session\): session opened for user ([\w-]+)")
CLOSED = re.compile(r"pam_unix\((\w[\w-]*):session\): session closed for user ([\w-]+)")
ALLOWED = [
    ipaddress.ip_network(text)
    for text in (
        "192.0.2.0/24",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "2001:db8::/32",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
    )
]
FULL_SIZE_SEEDS = (0, 1, 7)


def small(seed: int, days: int = 1, lines_per_day: int = 240, start: datetime = DEFAULT_START) -> SimulatedLog:
    return simulate_syslog(seed, days, lines_per_day, start)


@pytest.fixture(scope="module", params=FULL_SIZE_SEEDS)
def full(request: pytest.FixtureRequest) -> SimulatedLog:
    return simulate_syslog(request.param)


def template(line: str) -> str:
    """The line's program and message with everything that looks like a value taken out."""
    match = LINE.fullmatch(line)
    assert match is not None, line
    text = re.sub(r"^\[ *\d+\.\d+\]", "", match.group(4))
    text = re.sub(r"veth[0-9a-f]{7}|\b(?=[0-9a-f]*\d)[0-9a-f]{6,}\b", "#", text)
    return f"{match.group(2)}: " + re.sub(r"\d+", "#", text)


def moments(log: SimulatedLog) -> list[datetime]:
    """The lines' time stamps, with the year that the lines leave out."""
    result: list[datetime] = []
    for line in log.lines:
        year = result[-1].year if result else log.start.year
        when = datetime.strptime(f"{year} {line[:15]}", "%Y %b %d %H:%M:%S")
        before = result[-1] if result else log.start
        if when < before - timedelta(days=180):
            when = when.replace(year=year + 1)
        result.append(when)
    return result


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(),
    days=st.integers(1, 3),
    lines_per_day=st.integers(200, 900),
    start=st.datetimes(datetime(2001, 1, 1), datetime(2060, 1, 1)),
)
def test_any_small_log_holds_what_is_promised(seed: int, days: int, lines_per_day: int, start: datetime) -> None:
    log = small(seed, days, lines_per_day, start)
    assert log == small(seed, days, lines_per_day, start)
    assert all(LINE.fullmatch(line) for line in log.lines)
    assert 0.9 <= len(log.lines) / (days * lines_per_day) <= 1.35
    assert_labels_and_parts(log)
    assert_sessions_close(log)
    written = moments(log)
    begin = start.replace(microsecond=0)
    assert written == sorted(written)
    assert begin <= written[0]
    assert written[-1] <= start + timedelta(days=days)


def assert_labels_and_parts(log: SimulatedLog) -> None:
    data = "".join(f"{line}\n" for line in log.lines).encode()
    numbers = [label.line for label in log.labels]
    assert numbers == sorted(set(numbers))
    for label in log.labels:
        line = log.lines[label.line - 1].encode()
        assert data[label.offset : label.offset + len(line) + 1] == line + b"\n"
        assert label.offset == 0 or data[label.offset - 1 : label.offset] == b"\n"
    boundary = log.start + timedelta(days=log.days) * 0.8
    written = moments(log)
    assert min(numbers) > log.held_out_from
    assert written[log.held_out_from] >= boundary - timedelta(seconds=1)
    assert written[log.held_out_from - 1] <= boundary
    incidents = {label.incident: label.kind for label in log.labels}
    assert all(incidents[label.incident] == label.kind for label in log.labels)
    assert len(incidents) >= 5


def assert_sessions_close(log: SimulatedLog) -> None:
    open_sessions: Counter[tuple[str, str | None, str]] = Counter()
    for line in log.lines:
        match = LINE.fullmatch(line)
        assert match is not None
        for pattern, change in ((OPENED, 1), (CLOSED, -1)):
            found = pattern.search(line)
            if found is not None and found.group(1) in ("sshd", "cron", "sudo"):
                key = (found.group(1), match.group(3), found.group(2))
                open_sessions[key] += change
                assert open_sessions[key] >= 0, line
    assert not +open_sessions


def test_full_size_log_holds_what_is_promised(full: SimulatedLog) -> None:
    assert 19_500 <= len(full.lines) <= 20_500
    assert 0.15 <= 1 - full.held_out_from / len(full.lines) <= 0.28
    assert_labels_and_parts(full)
    assert_sessions_close(full)
    written = moments(full)
    assert written == sorted(written)


def test_templates_are_many_and_none_dominates(full: SimulatedLog) -> None:
    counts = Counter(template(line) for line in full.lines[: full.held_out_from])
    assert len(counts) >= 60
    assert counts.most_common(1)[0][1] < 0.30 * full.held_out_from
    frequencies = sorted(counts.values(), reverse=True)
    assert sum(frequencies[:20]) > 0.4 * full.held_out_from  # a few templates carry much of the log
    assert sum(count <= 3 for count in frequencies) >= 20  # and there is a long tail
    programs = {name.split(":")[0] for name in counts}
    expected = {"sshd", "sudo", "CRON", "systemd", "kernel", "dhclient", "NetworkManager", "chronyd", "nginx", "smartd"}
    assert expected | {"dockerd", "containerd", "sensor-collector", "ModemManager", "systemd-logind"} <= programs


def test_every_kind_of_incident_happens_and_anomalies_stay_few(full: SimulatedLog) -> None:
    kinds = Counter(label.kind for label in full.labels)
    assert {incident.kind for incident in INCIDENTS} | {"odd-line"} == set(kinds)
    assert kinds["odd-line"] >= 10
    assert 0.04 <= len(full.labels) / (len(full.lines) - full.held_out_from) <= 0.10


def test_anomalous_lines_do_not_read_like_normal_ones(full: SimulatedLog) -> None:
    labelled = {label.line - 1 for label in full.labels}
    normal = {template(line) for index, line in enumerate(full.lines) if index not in labelled}
    alike = [full.lines[index] for index in labelled if template(full.lines[index]) in normal]
    assert len(alike) <= 0.05 * len(labelled), alike


def test_most_normal_templates_of_the_last_part_were_seen_before(full: SimulatedLog) -> None:
    labelled = {label.line - 1 for label in full.labels}
    seen = {template(line) for line in full.lines[: full.held_out_from]}
    late = [full.lines[i] for i in range(full.held_out_from, len(full.lines)) if i not in labelled]
    unseen = [line for line in late if template(line) not in seen]
    assert 0 < len(unseen) < 0.05 * len(late)


def test_days_have_a_rhythm(full: SimulatedLog) -> None:
    hours = Counter(when.hour for when in moments(full) if when.weekday() < 5)
    assert sum(hours[hour] for hour in range(9, 17)) > 1.3 * sum(hours[hour] for hour in (22, 23, 0, 1, 2, 3, 4, 5))


def test_host_restarts_with_a_boot_burst_after_a_shutdown(full: SimulatedLog) -> None:
    boots = [index for index, line in enumerate(full.lines) if "Linux version" in line]
    assert len(boots) >= 2
    assert any("The system will reboot now!" in line for line in full.lines)
    for index in boots:
        assert sum("kernel:" in line for line in full.lines[index : index + 30]) >= 28
        match = re.search(r"kernel: \[ *(\d+)\.", full.lines[index])
        assert match is not None
        assert int(match.group(1)) < 5


def test_the_upgrade_changes_wording_in_the_last_third_only(full: SimulatedLog) -> None:
    written = moments(full)
    upgrade = full.start + timedelta(days=full.days) * 2 / 3
    old = [when for when, line in zip(written, full.lines) if "INFO poll cycle complete:" in line]
    new = [when for when, line in zip(written, full.lines) if "INFO poll done sensors=" in line]
    assert old
    assert new
    assert max(old) < min(new)
    assert abs(min(new) - upgrade) < timedelta(hours=2)


def test_addresses_are_documentation_or_private(full: SimulatedLog) -> None:
    text = "\n".join(full.lines)
    found = set(re.findall(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])", text))
    found |= set(re.findall(r"\b2001:[0-9a-f:]+", text))
    assert len(found) > 100
    for address in found:
        assert any(ipaddress.ip_address(address) in network for network in ALLOWED), address
    macs = set(re.findall(r"\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b", text))
    assert macs
    assert all(mac.startswith("00:00:5e:00:53:") for mac in macs)


def test_no_placeholder_is_left(full: SimulatedLog) -> None:
    left = re.compile(r"(?<!\$)\{(?:int|float|grow|hex|any|pick|of|base64)?:|\{[a-z][a-z0-9_]*\}")
    assert [line for line in full.lines if left.search(line)] == []


def test_another_seed_gives_another_log() -> None:
    assert small(1).lines != small(2).lines


def test_a_log_crosses_the_end_of_a_year_in_order() -> None:
    log = small(3, days=2, start=datetime(2024, 12, 31))
    assert log.lines[0].startswith("Dec 31 ")
    assert log.lines[-1].startswith("Jan  1 ")


@pytest.mark.parametrize(("days", "lines_per_day"), [(0, 500), (-1, 500), (1, 199), (1, 0)])
def test_too_small_a_log_is_refused_with_the_mend(days: int, lines_per_day: int) -> None:
    with pytest.raises(InputError, match="ask for"):
        simulate_syslog(1, days, lines_per_day)


def test_the_log_does_not_depend_on_the_process_that_makes_it() -> None:
    program = (
        "from hashlib import sha256; from export.simulate import simulate_syslog; "
        "print(sha256('\\n'.join(simulate_syslog(5, 1, 600).lines).encode()).hexdigest())"
    )
    expected = hashlib.sha256("\n".join(simulate_syslog(5, 1, 600).lines).encode()).hexdigest()
    environment = {**os.environ, "PYTHONHASHSEED": "1234", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    result = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    assert result.stdout.strip() == expected


def test_the_device_reads_every_line_as_syslog(full: SimulatedLog) -> None:
    assert detect_format(full.lines).name == "syslog"
    records = make_format("syslog", layout=None, reference=full.start + timedelta(days=full.days)).parse(full.lines)
    assert not records.unparsed.any()
    assert records.timestamp(0) == moments(full)[0].isoformat()
