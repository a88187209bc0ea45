from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Dict, Optional

import msgspec
import pytest
from fake_gpu import CPU, CUDA, LOST, NO_MEMORY, TENSORRT, FakeGpu, install
from fake_instruments import FakeMeter, conditions, instruments
from msgspec.structs import replace
from sample_report import MACHINE, sample_offline, sample_report

from edge.bench.report import encode_report, read_report
from edge.bench.stopwatch import PARTS, STAGES
from edge.bundle.folder import load_bundle
from edge.doctor.machine import read_machine
from edge.recommendation import SCHEMA_VERSION, Recommendation, gpu_names, power_mode_now, record, setup_of

LATENCIES = ["lowest_ms", "p50_ms", "p90_ms", "p99_ms", "p99_9_ms", "highest_ms"]


@pytest.fixture(autouse=True)
def quiet_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Another machine's load is no matter of these tests, and nobody's cache folder is written to."""
    monkeypatch.setattr("edge.bench.conditions.here", instruments)
    monkeypatch.setenv("ODDLINE_CACHE_DIR", str(tmp_path / "cache"))


def read(path: Path) -> Dict[str, Any]:
    found: Dict[str, Any] = json.loads(path.read_bytes())
    return found


def test_all_scenarios_are_measured(oddline: Callable[..., Any], small_bundle: Path, tmp_path: Path) -> None:
    fast = ("--seconds", 0.05, "--min-queries", 10)
    ended = oddline("bench", small_bundle, *fast, "--json", tmp_path / "b.json", "--threads", 1, "--batch-size", 16)
    assert ended.status == 0
    names = ("single-stream", "multi-stream", "offline", "end-to-end")
    assert ended.err.splitlines() == [f"oddline: {name}: 0.05 s" for name in names]
    found = read(tmp_path / "b.json")
    assert (found["schema_version"], found["kind"]) == (3, "bench")
    assert found["settings"] == {
        "provider": "cpu",
        "threads": 1,
        "batch_size": 16,
        "changed": [],
        "seconds": 0.05,
        "warm_up_seconds": 0.005,
        "min_queries": 10,
    }
    bundle = load_bundle(small_bundle)
    assert found["bundle"]["manifest_sha256"] == bundle.manifest_sha256
    assert found["bundle"]["model_sha256"] == bundle.model_sha256
    facts = found["input"]
    assert (facts["kind"], facts["distinct_lines"], facts["format"]) == ("golden", 7, "syslog")
    for name, lines in (("single_stream", 1), ("multi_stream", 8)):
        stream = found[name]
        assert stream["lines_per_query"] == lines
        values = [stream["latency"][figure] for figure in LATENCIES]
        assert values == sorted(values)
        assert values[0] > 0
        assert sum(one["queries"] for one in stream["latency"]["bins"]) == stream["latency"]["queries"] >= 10
    single = found["single_stream"]
    assert single["computed_records"] == single["lines"] == single["latency"]["queries"]
    assert found["offline"]["rows"] >= 16
    whole = found["end_to_end"]
    assert list(whole["stage_seconds"]) == list(STAGES)
    assert list(whole["part_seconds"]) == list(PARTS)
    assert whole["known_records"] == whole["records"] - whole["computed_records"] > 0
    assert whole["written_records"] == whole["anomalous_records"] > 0
    assert found["machine"]["packages"]["onnxruntime"]
    assert found["peak_resident_bytes"] > 1 << 20
    assert msgspec.to_builtins(read_report(tmp_path / "b.json")) == found
    for part in ("warm-up is not counted", "the memory of earlier lines is off", "are no real log", *STAGES):
        assert part in ended.out
    assert "█" in ended.out


def test_what_is_asked_for_is_measured_with_a_log(
    oddline: Callable[..., Any], small_bundle: Path, tmp_path: Path
) -> None:
    log = tmp_path / "my.log"
    log.write_text("Jun 14 15:16:01 combo sshd[1]: session opened\n" * 100 + "odd\n")
    arguments = ("--scenario", "multi-stream", "--scenario", "offline", "--seconds", 0.02)
    ended = oddline("bench", small_bundle, log, *arguments, "--json", tmp_path / "b.json")
    assert ended.status == 0
    found = read(tmp_path / "b.json")
    assert found["input"].pop("sha256")
    assert found["input"] == {
        "kind": "logs",
        "names": [str(log)],
        "format": "syslog",
        "lines": 101,
        "distinct_lines": 2,
        "bytes": log.stat().st_size,
        "complete": True,
    }
    assert found["multi_stream"]["lines_per_query"] == 8
    assert found["single_stream"] is None
    assert found["end_to_end"] is None
    assert "are no real log" not in ended.out
    assert "single-stream" not in ended.out.split("notes")[0]


def test_energy_and_the_state_of_a_board_are_told(
    oddline: Callable[..., Any], small_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = [
        conditions(
            power_mode="MODE_30W_ALL (number 3)", clocks_mhz={"cpu0": 1190.4, "gpu": 905.25}, clocks_locked=True
        ),
        conditions(
            power_mode="MODE_30W_ALL (number 3)", temperatures={"CPU-therm": 96.5}, throttled=["CPU-therm: hot"]
        ),
    ]
    board = instruments(states, meter=lambda: FakeMeter({"GPU": 1.0, "CPU": 2.0}, 3.0))
    monkeypatch.setattr("edge.bench.conditions.here", lambda: board)
    ended = oddline("bench", small_bundle, "--scenario", "offline", "--seconds", 0.02, "--json", tmp_path / "b.json")
    found = read(tmp_path / "b.json")
    assert found["before"]["power_mode"] == "MODE_30W_ALL (number 3)"
    assert found["after"]["throttled"] == ["CPU-therm: hot"]
    energy = found["offline"]["energy"]
    assert energy["joules"] == {"GPU": 1.0, "CPU": 2.0}
    assert energy["joules_per_1000_records"] == pytest.approx(3000 / found["offline"]["records"])
    for part in (
        "cpu 1,190 to 1,190, gpu 905 MHz",
        "CPU-therm 96.5 °C",
        "J per 1,000 records",
        "the machine was slowed down: CPU-therm: hot",
    ):
        assert part in ended.out


def test_all_is_of_ascii_where_the_terminal_is(small_bundle: Path, tmp_path: Path) -> None:
    log = tmp_path / "my.log"
    log.write_text("Jun 14 15:16:01 combo sshd[1]: session opened\n" * 20)
    program = [sys.executable, "-c", "from edge.cli import main; main()", "bench", str(small_bundle), str(log)]
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}
    for more in (["--seconds", "0.02"], ["--soak", "0.04"], ["--providers", "cpu", "--seconds", "0.02"]):
        done = subprocess.run([*program, *more], capture_output=True, env=ascii_only, check=True)
        assert done.stdout.isascii()
        assert b"####" in done.stdout or more[0] != "--seconds"


def test_a_soak_samples_and_tells_trends(
    oddline: Callable[..., Any], small_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.bench.soak.SHORTEST_INTERVAL", 0.05)
    log = tmp_path / "my.log"
    log.write_text("Jun 14 15:16:01 combo sshd[1]: session opened\n" * 20)
    ended = oddline("bench", small_bundle, log, "--soak", 0.02, "--json", tmp_path / "b.json")
    assert ended.status == 0
    found = read(tmp_path / "b.json")
    assert found["single_stream"] is None
    assert len(found["soak"]["samples"]) >= 3
    assert found["soak"]["records"] > 0
    assert "resident memory" in ended.out
    assert "throughput" in ended.out


def test_ctrl_c_ends_a_soak_and_keeps_it(
    oddline: Callable[..., Any], small_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edge.bench.end_to_end import Passes

    one = Passes.one
    times = [0]

    def interrupted(self: Passes, over: Callable[[], bool]) -> bool:
        times[0] += 1
        if times[0] == 5:
            raise KeyboardInterrupt
        return one(self, over)

    monkeypatch.setattr(Passes, "one", interrupted)
    ended = oddline("bench", small_bundle, "--soak", 60, "--json", tmp_path / "b.json")
    assert ended.status == 130
    found = read(tmp_path / "b.json")
    assert (found["soak"]["interrupted"], found["soak"]["passes"]) == (True, 4)
    assert "the soak was ended after" in ended.out


def test_providers_are_measured_and_score_takes_the_recommended_one(
    oddline: Callable[..., Any], small_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.bench.recommend.thread_counts", lambda _: [1])
    file = tmp_path / "p.json"
    ended = oddline("bench", small_bundle, "--providers", "all", "--seconds", 0.02, "--json", file)
    assert ended.status == 0
    found = read(file)
    assert (found["kind"], found["schema_version"]) == ("providers", 2)
    sizes = load_bundle(small_bundle).manifest.conversion.batch_sizes
    assert [cell["batch_size"] for cell in found["cells"] if cell["provider"] == "cpu"] == sizes
    assert len(list((tmp_path / "cache" / "recommendations").iterdir())) == 1
    log = tmp_path / "my.log"
    log.write_text("Jun 14 15:16:01 combo sshd[1]: session opened\nodd\n")
    scored = oddline("score", small_bundle, log)
    chosen = found["recommended"]
    assert f": {chosen['provider']}, batch {chosen['batch_size']}" in scored.err
    benched = oddline("bench", small_bundle, "--scenario", "offline", "--seconds", 0.02, "--json", tmp_path / "b.json")
    assert f": {chosen['provider']}, batch {chosen['batch_size']}" in benched.err
    settings = read(tmp_path / "b.json")["settings"]
    assert all(settings[name] == chosen[name] for name in ("provider", "batch_size", "threads"))
    only = oddline("bench", small_bundle, "--providers", "cpu", "--seconds", 0.02)
    assert "not measured" not in only.out


def lines(path: Path) -> Path:
    """A log of which every line is computed."""
    path.write_text("".join(f"Jun 14 15:16:01 combo sshd[1]: session x{n:x}g opened\n" for n in range(300)))
    return path


def lost_after(runs: int) -> Callable[[str, int], Optional[Exception]]:
    left = [runs]

    def failing(provider: str, rows: int) -> Optional[Exception]:
        left[0] -= provider == CUDA
        return RuntimeError(LOST) if provider == CUDA and left[0] < 0 else None

    return failing


SHORT = ("--seconds", 0.02, "--min-queries", 10)


def test_a_gpu_that_is_lost_meanwhile_is_told(
    oddline: Callable[..., Any], small_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, FakeGpu([CPU, CUDA], failing=lost_after(3)))
    file = tmp_path / "b.json"
    ended = oddline("bench", small_bundle, lines(tmp_path / "my.log"), *SHORT, "--json", file)
    assert ended.status == 0
    settings = read(file)["settings"]
    assert settings["provider"] == "cuda then cpu"
    assert settings["changed"] == ["provider in single-stream: cuda, then cpu"]
    assert "what was used did not stay the same (provider in single-stream: cuda, then cpu)" in ended.out
    refused = oddline("bench", "--compare", file, file)
    assert (refused.status, "what was used until the end" in refused.err) == (1, True)


def test_the_batch_size_is_the_one_that_ran(
    oddline: Callable[..., Any], small_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, file = lines(tmp_path / "my.log"), tmp_path / "b.json"
    small = FakeGpu([CPU, CUDA], failing=lambda _, rows: RuntimeError(NO_MEMORY) if rows > 8 else None)
    install(monkeypatch, small)
    told = oddline("bench", small_bundle, log, "--provider", "cuda", "--scenario", "offline", *SHORT, "--json", file)
    settings = read(file)["settings"]
    assert (settings["batch_size"], settings["changed"]) == (8, ["batch size in offline: 32, then 8"])
    assert "did not stay the same (batch size in offline: 32, then 8)" in told.out
    install(monkeypatch, FakeGpu([CPU, CUDA]))
    asked = ("--provider", "cuda", "--batch-size", 512, "--scenario", "offline")
    told = oddline("bench", small_bundle, log, *asked, *SHORT, "--json", file)
    settings = read(file)["settings"]
    assert (settings["batch_size"], settings["changed"]) == (32, [])
    assert "512 rows at once are more than the bundle's largest batch: 32 ran at once" in told.out


def test_tensorrt_is_measured_with_the_options_that_score_gives_it(
    oddline: Callable[..., Any], small_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = install(monkeypatch, FakeGpu([CPU, TENSORRT]))
    arguments = ("--provider", "tensorrt", "--scenario", "offline", *SHORT, "--json", tmp_path / "b.json")
    assert oddline("bench", small_bundle, *arguments).status == 0
    (given,) = [options[TENSORRT] for options in runtime.options]
    assert "ids:32x" in given["trt_profile_max_shapes"]
    assert read(tmp_path / "b.json")["settings"]["provider"] == "tensorrt"


def test_a_recommended_provider_that_is_gone_is_replaced_as_in_score(
    oddline: Callable[..., Any], small_bundle: Path, tmp_path: Path
) -> None:
    setup = setup_of(load_bundle(small_bundle).model_sha256, read_machine(), gpu_names(), power_mode_now())
    record(Recommendation(SCHEMA_VERSION, "2025-03-04T05:06:07+00:00", "0.2.0", setup, "cuda", 8, 2, 9000.0, 0.7))
    ended = oddline("bench", small_bundle, "--scenario", "offline", *SHORT, "--json", tmp_path / "b.json")
    assert ended.status == 0
    assert "as measured on 2025-03-04: cuda, batch 8, 2 threads" in ended.err
    assert "cuda, which was recommended, does not work now" in ended.err
    settings = read(tmp_path / "b.json")["settings"]
    assert (settings["provider"], settings["batch_size"], settings["threads"]) == ("cpu", 32, 0)


def written(path: Path, **changes: Any) -> Path:
    path.write_bytes(encode_report(sample_report(offline=sample_offline(), **changes)))
    return path


def test_two_results_are_compared(oddline: Callable[..., Any], tmp_path: Path) -> None:
    first, second = written(tmp_path / "a.json"), written(tmp_path / "b.json")
    ended = oddline("bench", "--compare", first, second)
    assert (ended.status, ended.err) == (0, "")
    assert "within the noise" in ended.out
    assert "setups differ" not in ended.out


def test_unlike_results_are_refused_without_force(oddline: Callable[..., Any], tmp_path: Path) -> None:
    first = written(tmp_path / "a.json")
    second = written(tmp_path / "b.json", machine=replace(MACHINE, cpu="AMD EPYC", oddline="9"))
    ended = oddline("bench", "--compare", first, second)
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.startswith(
        f"oddline: error: {first} and {second}: what was measured differs in CPU: NVIDIA Carmel"
    )
    assert "no obstacle: oddline" in ended.err
    assert "--force" in ended.err
    forced = oddline("bench", "--compare", first, second, "--force")
    assert forced.status == 0
    assert "fatal" in forced.out
    assert "because of --force" in forced.out


def test_a_result_of_another_version_is_refused(oddline: Callable[..., Any], tmp_path: Path) -> None:
    first, second = written(tmp_path / "a.json"), written(tmp_path / "b.json", schema_version=1)
    ended = oddline("bench", "--compare", first, second)
    assert ended.status == 1
    assert f"{second}: is of schema version 1, and this oddline reads 3" in ended.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "a folder of a bundle is needed, or --compare A.json B.json"),
        (["BUNDLE", "--compare", "a.json", "b.json"], "does not go with --compare"),
        (["--compare", "a.json", "b.json", "--json", "c.json"], "does not go with --compare"),
        (["--compare", "a.json", "b.json", "--seconds", "3"], "does not go with --compare"),
        (["--compare", "a.json", "b.json", "--min-queries", "9"], "does not go with --compare"),
        (["--compare", "a.json", "b.json", "--threads", "0"], "does not go with --compare"),
        (["BUNDLE", "--providers", "all", "--min-queries", "9"], "does not go with --providers"),
        (["BUNDLE", "--force"], "goes with --compare"),
        (["BUNDLE", "--providers", "all", "--threads", "2"], "does not go with --providers"),
        (["BUNDLE", "--providers", "all", "--soak", "1"], "does not go with --providers"),
        (["BUNDLE", "--providers", "cpu,gpu"], "'gpu' is not one of all, tensorrt, cuda, cpu"),
        (["BUNDLE", "--scenario", "server"], "'server' is not one of single-stream, multi-stream, offline, end-to-end"),
        (["BUNDLE", "--provider", "gpu"], "'gpu' is not one of auto"),
    ],
)
def test_what_does_not_go_together_is_a_matter_of_usage(
    oddline: Callable[..., Any], small_bundle: Path, arguments: Any, said: str
) -> None:
    ended = oddline("bench", *[small_bundle if one == "BUNDLE" else one for one in arguments])
    assert ended.status == 2
    assert said in " ".join(ended.err.replace("│", " ").split())


def test_it_is_refused_before_it_is_measured(oddline: Callable[..., Any], small_bundle: Path, tmp_path: Path) -> None:
    missing = oddline("bench", small_bundle, tmp_path / "missing.log")
    assert missing.status == 1
    assert "missing.log: there is no such file or folder" in missing.err
    nowhere = oddline("bench", small_bundle, "--seconds", 600, "--json", tmp_path / "none" / "b.json")
    assert nowhere.status == 1
    assert "the target folder does not exist" in nowhere.err
