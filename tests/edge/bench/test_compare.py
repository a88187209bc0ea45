from __future__ import annotations

from typing import Any, Callable, List

import pytest
from fake_instruments import conditions
from msgspec.structs import replace
from sample_report import (
    BUNDLE,
    INPUT,
    MACHINE,
    SETTINGS,
    sample_end_to_end,
    sample_offline,
    sample_report,
    sample_stream,
)

from edge.bench.compare import comparison_sections, differences, refuse_unlike, unlike
from edge.bench.conditions import Energy
from edge.bench.report import Report
from edge.errors import InputError

FATAL: List[Any] = [
    ("model", lambda: sample_report(bundle=replace(BUNDLE, model_sha256="d" * 64))),
    ("CPU", lambda: sample_report(machine=replace(MACHINE, cpu="AMD EPYC"))),
    ("CPU", lambda: sample_report(machine=replace(MACHINE, usable_cores=4))),
    ("board", lambda: sample_report(machine=replace(MACHINE, board=None))),
    ("GPU", lambda: sample_report(machine=replace(MACHINE, gpus=[]))),
    ("architecture", lambda: sample_report(machine=replace(MACHINE, architecture="x86_64"))),
    ("provider", lambda: sample_report(settings=replace(SETTINGS, provider="cuda"))),
    ("threads", lambda: sample_report(settings=replace(SETTINGS, threads=2))),
    ("batch size", lambda: sample_report(settings=replace(SETTINGS, batch_size=64))),
    ("power mode", lambda: sample_report(before=conditions(power_mode="MAXN (number 0)"))),
    ("governor", lambda: sample_report(before=conditions(governor="powersave"))),
    ("locked clocks", lambda: sample_report(before=conditions(clocks_locked=True))),
    ("input", lambda: sample_report(input=replace(INPUT, sha256="e" * 64))),
    ("format", lambda: sample_report(input=replace(INPUT, format="plain"))),
    ("Python", lambda: sample_report(machine=replace(MACHINE, python="3.11.7"))),
    (
        "onnxruntime",
        lambda: sample_report(machine=replace(MACHINE, packages={**MACHINE.packages, "onnxruntime-gpu": "1.17.0"})),
    ),
    ("L4T", lambda: sample_report(machine=replace(MACHINE, l4t="35.6.0"))),
    (
        "what was used until the end",
        lambda: sample_report(settings=replace(SETTINGS, changed=["batch size in offline: 32, then 16"])),
    ),
]
NOTED: List[Any] = [
    ("oddline", lambda: sample_report(machine=replace(MACHINE, oddline="0.3.0"))),
    ("manifest", lambda: sample_report(bundle=replace(BUNDLE, manifest_sha256="f" * 64))),
    ("numpy", lambda: sample_report(machine=replace(MACHINE, packages={**MACHINE.packages, "numpy": "2.0.0"}))),
    ("kernel", lambda: sample_report(machine=replace(MACHINE, kernel="6.1"))),
    ("seconds", lambda: sample_report(settings=replace(SETTINGS, seconds=9.0))),
    ("busy before", lambda: sample_report(before=conditions(load_average=7.9))),
    ("slowed down", lambda: sample_report(after=conditions(throttled=["heat"]))),
]


@pytest.mark.parametrize(("what", "other"), FATAL)
def test_unlike_setups_are_refused(what: str, other: Callable[[], Report]) -> None:
    found = [one for one in unlike(sample_report(), other()) if one.fatal]
    assert [one.what for one in found if one.what == what] == [what]
    with pytest.raises(InputError, match=rf"^a and b: what was measured differs in .*{what}: .* and .*; measure both"):
        refuse_unlike(sample_report(), other(), "a and b")


@pytest.mark.parametrize(("what", "other"), NOTED)
def test_small_differences_are_noted(what: str, other: Callable[[], Report]) -> None:
    assert [(one.what, one.fatal) for one in unlike(sample_report(), other())] == [(what, False)]
    refuse_unlike(sample_report(), other(), "a and b")


def test_the_same_input_and_model_may_have_other_names() -> None:
    other = sample_report(bundle=replace(BUNDLE, name="renamed"), input=replace(INPUT, names=["copy.log"]))
    assert unlike(sample_report(), other) == []


def on_gpu(**changes: Any) -> Report:
    return sample_report(settings=replace(SETTINGS, provider="tensorrt"), machine=replace(MACHINE, **changes))


def test_libraries_count_on_a_gpu_only() -> None:
    other = {**MACHINE.libraries, "TensorRT": "8.6.1"}
    assert [(one.what, one.fatal) for one in unlike(on_gpu(), on_gpu(libraries=other))] == [
        ("NVIDIA's libraries", True)
    ]
    assert unlike(sample_report(), sample_report(machine=replace(MACHINE, libraries=other))) == []


def test_two_that_lost_their_gpu_alike_are_refused_as_well() -> None:
    lost = replace(SETTINGS, provider="cuda then cpu", changed=["provider in offline: cuda, then cpu"])
    with pytest.raises(InputError, match="what was used until the end: provider in offline: cuda, then cpu and"):
        refuse_unlike(sample_report(settings=lost), sample_report(settings=lost), "a and b")


def test_a_refusal_also_tells_what_is_no_obstacle() -> None:
    other = sample_report(
        machine=replace(MACHINE, oddline="0.3.0"), settings=replace(SETTINGS, provider="cuda", threads=2)
    )
    with pytest.raises(InputError, match=r"provider: cpu and cuda; threads: 0 and 2 \(also .* no obstacle: oddline\)"):
        refuse_unlike(sample_report(), other, "a and b")


def test_ratios_and_their_noise() -> None:
    first = sample_report(single_stream=sample_stream(1.0), offline=sample_offline(5000))
    second = sample_report(single_stream=sample_stream(2.0), offline=sample_offline(5001))
    found = {(one.scenario, one.figure): one for one in differences(first, second)}
    assert list(found) == [
        *[("single-stream", name) for name in ("p50_ms", "p90_ms", "p99_ms", "p99_9_ms")],
        ("offline", "records_per_second"),
    ]
    assert found["single-stream", "p50_ms"].ratio == pytest.approx(2)
    assert found["single-stream", "p50_ms"].verdict == "worse, beyond the noise"
    assert found["offline", "records_per_second"].verdict == "within the noise"
    back = {(one.scenario, one.figure): one for one in differences(second, first)}
    assert back["single-stream", "p99_ms"].verdict == "better, beyond the noise"


def test_more_records_are_better() -> None:
    (found,) = differences(sample_report(offline=sample_offline(5000)), sample_report(offline=sample_offline(6000)))
    assert found.verdict == "better, beyond the noise"


def test_without_blocks_nothing_is_claimed() -> None:
    first, second = (sample_report(end_to_end=sample_end_to_end(rate)) for rate in (1000.0, 9000.0))
    assert {one.verdict for one in differences(first, second)} == {"too few queries or passes to tell"}


def test_energy_is_compared_where_both_have_it() -> None:
    first = sample_report(single_stream=sample_stream(energy=Energy({"VDD_IN": 30.0}, 30.0, 3.0)))
    second = sample_report(single_stream=sample_stream(energy=Energy({"VDD_IN": 15.0}, 15.0, 1.5)))
    found = [one for one in differences(first, second) if one.figure == "joules_per_1000_records"]
    assert [one.ratio for one in found] == [0.5]
    assert differences(first, sample_report(single_stream=sample_stream()))[-1].figure != "joules_per_1000_records"


def text(first: Report, second: Report) -> str:
    return "\n".join(" ".join(row) for _, rows, _ in comparison_sections(first, second) for row in rows)


def test_the_tables_say_what_a_reader_must_know() -> None:
    busy = sample_report(
        offline=sample_offline(), before=conditions(load_average=8.0), settings=replace(SETTINGS, threads=2)
    )
    told = text(sample_report(offline=sample_offline()), busy)
    assert "threads 0 2 fatal" in told
    assert "busy before no yes noted" in told
    assert "the machine was busy" in told
    assert "compared because of --force" in told
    assert "two runs of one setup differ by more" in told
    assert "no scenario in common" in text(sample_report(), sample_report())
