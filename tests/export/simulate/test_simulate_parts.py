"""The parts that a simulation is made of: tables of steps, placeholders, the period."""

from __future__ import annotations

import re
from datetime import datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.simulate.fill import Filler
from export.simulate.host import Host
from export.simulate.model import Step
from export.simulate.normal import network, rare, services
from export.simulate.odd import placing, single
from export.simulate.rhythm import DAY, HOUR, Halt, Period, plan_halts
from export.simulate.stage import Stage
from export.simulate.table import steps

MONDAY = datetime(2025, 3, 3)


def make_filler(seed: int = 1) -> Filler:
    rng = Random(seed)
    period = Period(MONDAY, 2, [], DAY)
    return Filler(rng, Host(rng, period), period)


def test_a_table_is_read_as_steps() -> None:
    table = """
kernel | a | b
sshd+ 2.5 ?0.25 ordinary | one \\
    two
"""
    assert steps(table) == (Step("kernel", "a | b"), Step("sshd+", "one two", 2.5, 0.25, True))


@pytest.mark.parametrize("line", ["kernel: no bar", "kernel fast | text"])
def test_a_line_that_is_no_step_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"no ' \| '|could not convert"):
        steps(line)


@given(seed=st.integers(), when=st.floats(0, 2 * DAY - 1))
def test_placeholders_give_values_of_their_kind(seed: int, when: float) -> None:
    filler = make_filler(seed)
    text = filler.fill("{int:3:5} {float:1:2:3} {hex:8} {any:x|y} {pick:|a}. { DRDY } {port}", when, {"port": "p"})
    assert re.fullmatch(r"[345] [12]\.\d{3} [0-9a-f]{8} [xy] a?\. \{ DRDY \} p", text)


def test_bound_values_build_on_earlier_ones() -> None:
    bound = make_filler().bind({"a": "{int:7:7}", "b": "<{a}{c}>"}, 0.0, {"c": "!"})
    assert bound == {"a": "7", "b": "<7!>", "c": "!"}


def test_an_unknown_placeholder_is_refused() -> None:
    with pytest.raises(KeyError, match="nonsense"):
        make_filler().fill("{nonsense}", 0.0, {})


def test_every_script_can_be_played() -> None:
    rng = Random(5)
    period = Period(MONDAY, 3, [], DAY)
    stage = Stage(rng, Host(rng, period), period)
    scripts = [*network.SCRIPTS, *services.SCRIPTS, *rare.SCRIPTS]
    for when in (HOUR, 2.5 * DAY):  # before and after the upgrade
        for script in scripts:
            stage.play(script, when)
    for incident in (*placing.INCIDENTS, *single.INCIDENTS):
        bound = stage.filler.bind(incident.bind, 2.5 * DAY, {"n": "1"})
        for script in incident.scripts:
            stage.play(script, 2.5 * DAY, bound)
    assert len(stage.entries) > 2 * len(scripts)


def test_nothing_is_logged_after_a_halt_begins_by_what_began_before() -> None:
    rng = Random(2)
    period = Period(MONDAY, 2, [Halt(10 * HOUR, 10 * HOUR + 60, False)], DAY)
    stage = Stage(rng, Host(rng, period), period)
    end = stage.play_steps((Step("kernel", "a"), Step("kernel", "b", 500.0)) * 9, 10 * HOUR - 30, {})
    assert 10 * HOUR - 1 < end < 10 * HOUR
    assert period.uptime(10 * HOUR + 90) == 30.0


@given(seed=st.integers(), rhythm=st.sampled_from(["flat", "office", "night"]), since=st.floats(0, 1.9 * DAY))
def test_sampled_moments_are_in_the_period_and_never_in_a_halt(seed: int, rhythm: str, since: float) -> None:
    halt = Halt(9 * HOUR, 11 * HOUR, True)
    period = Period(MONDAY, 2, [halt], DAY)
    when = period.sample(Random(seed), rhythm, since)
    assert since <= when < 2 * DAY
    assert not halt.down - 5 <= when <= halt.up


def test_the_night_is_dark() -> None:
    period = Period(MONDAY, 2, [], DAY)
    hours = {int(period.sample(Random(seed), "night") % DAY // HOUR) for seed in range(300)}
    assert hours <= {21, 22, 23, 0, 1, 2, 3, 4, 5, 6}


@given(seed=st.integers(), days=st.integers(1, 60))
def test_halts_do_not_overlap_and_small_logs_have_none(seed: int, days: int) -> None:
    halts = plan_halts(Random(seed), days, 20_000 * days)
    assert all(one.up < other.down for one, other in zip(halts, halts[1:]))
    assert all(0 < halt.down < halt.up < days * DAY for halt in halts)
    assert plan_halts(Random(seed), days, 1_999) == []


def test_process_ids_are_unique_within_a_boot_and_daemons_keep_theirs_until_restarted() -> None:
    rng = Random(4)
    period = Period(MONDAY, 2, [Halt(DAY, DAY + 60, False)], DAY)
    host = Host(rng, period)
    pids = [host.fresh_pid(HOUR) for _ in range(500)]
    assert len(set(pids)) == 500
    before = host.daemon_pid("nginx", HOUR)
    assert host.daemon_pid("nginx", 2 * HOUR) == before
    host.restart("nginx", 3 * HOUR)
    restarted = host.daemon_pid("nginx", 4 * HOUR)
    assert restarted not in (before, host.daemon_pid("nginx", DAY + HOUR))
    assert host.daemon_pid("nginx", 2 * HOUR) == before
