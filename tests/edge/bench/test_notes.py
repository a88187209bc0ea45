from __future__ import annotations

from typing import Any, Dict, List

import pytest
from fake_instruments import conditions
from msgspec.structs import replace
from sample_report import INPUT, MACHINE, SETTINGS, sample_end_to_end, sample_stream

from edge.bench.notes import doubts, notes_on, notes_on_end_to_end, notes_on_soak, notes_on_stream
from edge.bench.soak import Soak, Trend

QUIET: Dict[str, Any] = {}
DOUBTS: List[Any] = [
    ({"load_average": 4.1}, QUIET, "the machine was busy before: a load of 4.10 on 8 cores"),
    (QUIET, {"throttled": ["heat"]}, "the machine was slowed down: heat"),
    ({"over_current_events": {"OC1": 1}}, {"over_current_events": {"OC1": 4}}, "took effect 3 times"),
    ({"power_mode": "MAXN"}, {"power_mode": "MODE_10W"}, "the power mode changed meanwhile, from MAXN to MODE_10W"),
    ({"governor": "schedutil"}, {"governor": "schedutil"}, "left to the governor schedutil"),
]


@pytest.mark.parametrize(("before", "after", "told"), DOUBTS)
def test_each_doubt_is_told(before: Dict[str, Any], after: Dict[str, Any], told: str) -> None:
    (note,) = doubts(MACHINE, conditions(**before), conditions(**after))
    assert told in note


def test_a_quiet_machine_raises_no_doubt() -> None:
    # Its own work is part of the load afterwards; held clocks leave the governor nothing to do.
    held = conditions(load_average=4.0, governor="schedutil", clocks_locked=True)
    assert doubts(MACHINE, held, replace(held, load_average=8.0)) == []


def test_how_it_was_measured() -> None:
    notes = notes_on(INPUT, SETTINGS, ["single-stream", "offline"])
    assert "warm-up is not counted: 0.3 s" in notes[0]
    changed = replace(SETTINGS, changed=["provider in offline: cuda, then cpu"])
    assert "did not stay the same (provider in offline: cuda, then cpu)" in notes_on(INPUT, changed, [])[0]
    assert any("MLPerf Inference asks for 600 s" in note for note in notes)
    assert not any("MLPerf" in note for note in notes_on(INPUT, replace(SETTINGS, seconds=600.0), ["offline"]))
    assert "only the first 1,000 lines" in notes_on(replace(INPUT, complete=False), SETTINGS, [])[0]
    assert "are no real log" in notes_on(replace(INPUT, kind="golden"), SETTINGS, [])[0]


def test_too_few_queries_are_told() -> None:
    found = sample_stream()
    assert notes_on_stream("single-stream", found, SETTINGS) == []
    few = replace(found, latency=replace(found.latency, queries=999))
    reached, highest = notes_on_stream("single-stream", few, SETTINGS)
    assert "999 queries and not the 1,000 asked for" in reached
    assert "a p99.9 of 999 queries is their highest latency" in highest
    assert len(notes_on_stream("single-stream", few, replace(SETTINGS, min_queries=10))) == 1
    (sessions,) = notes_on_stream("single-stream", replace(found, records=12), SETTINGS)
    assert "10,000 lines gave 12 records" in sessions
    assert notes_on_stream("single-stream", None, SETTINGS) == []


def test_the_output_is_told() -> None:
    (note,) = notes_on_end_to_end(sample_end_to_end(), INPUT)
    assert "95.0% of the records" in note
    assert "7 anomalous records were written" in note
    assert notes_on_end_to_end(None, INPUT) == []


def test_a_file_that_was_not_read_to_its_end_is_told() -> None:
    cut, _ = notes_on_end_to_end(sample_end_to_end(rate=2000.0), replace(INPUT, lines=2001))
    assert cut.startswith("end-to-end: the time was over after the first 2,000 of 2,001 lines")


def test_what_a_soak_showed() -> None:
    grew = Trend(per_hour=8 << 20, low=7 << 20, high=9 << 20, change=4 << 20, changed=True)
    fell = Trend(per_hour=-500.0, low=-600.0, high=-400.0, change=-250.0, changed=True)
    found = Soak(60, 1800.0, True, 9, 900, 0.5, [], grew, fell, 80.0, ["heat"], 2)
    ended, memory, throughput, slow = notes_on_soak(found)
    assert ended == "the soak was ended after 30.0 of 60 min"
    assert memory.startswith("resident memory grew: +4.00 MiB over the time watched, +8.00 an hour (99 %: +7.00 to")
    assert throughput.startswith("throughput fell: -250.00 records/s over the time watched")
    assert slow == "slowed down by: heat; 2 over-current events"
    steady = replace(found, interrupted=False, memory=replace(grew, changed=False), throughput=None, throttled=[])
    memory, throughput, slow = notes_on_soak(steady)
    assert memory.startswith("resident memory shows no sure change that matters")
    assert throughput == "throughput: too few samples to see a trend"
    assert "nothing that this machine tells of" in slow
    assert notes_on_soak(None) == []
