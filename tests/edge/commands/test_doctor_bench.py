from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable

from edge.bench.stopwatch import STAGES
from edge.bundle.folder import load_bundle

LATENCIES = ["p50_ms", "p90_ms", "p99_ms", "p99_9_ms", "highest_ms"]


def test_bench_measures_all_but_multi_stream(oddline: Callable[..., Any], small_bundle: Path, tmp_path: Path) -> None:
    ended = oddline(
        "bench", small_bundle, "--seconds", 0.05, "--json", tmp_path / "b.json", "--threads", 1, "--batch-size", 16
    )
    assert ended.status == 0
    assert ended.err.splitlines() == [f"oddline: {name}: 0.05 s" for name in ("single-stream", "offline", "end-to-end")]
    found = json.loads((tmp_path / "b.json").read_bytes())
    assert found["schema_version"] == 1
    assert found["multi_stream"] is None
    assert found["settings"] == {
        "provider": "cpu", "threads": 1, "batch_size": 16, "seconds": 0.05, "warm_up_seconds": 0.005
    }  # fmt: skip
    bundle = load_bundle(small_bundle)
    assert found["bundle"]["manifest_sha256"] == bundle.manifest_sha256
    assert found["bundle"]["model_sha256"] == bundle.model_sha256
    assert (found["input"]["kind"], found["input"]["distinct_lines"], found["input"]["format"]) == (
        "golden",
        7,
        "syslog",
    )
    single = found["single_stream"]
    values = [single["latency"][name] for name in LATENCIES]
    assert values == sorted(values)
    assert values[0] > 0
    assert single["computed_lines"] == single["lines"] == single["latency"]["queries"] > 0
    assert found["offline"]["rows"] >= 16
    whole = found["end_to_end"]
    assert list(whole["stage_seconds"]) == list(STAGES)
    assert whole["known_lines"] == whole["lines"] - whole["computed_lines"] > 0
    assert found["machine"]["packages"]["onnxruntime"]
    assert found["peak_resident_bytes"] > 1 << 20
    for part in ("warm-up is not counted", "the memory of earlier lines is off", "are no real log", *STAGES):
        assert part in ended.out
    assert "multi-stream  " not in ended.out


def test_bench_measures_what_it_is_asked_to_with_a_log(
    oddline: Callable[..., Any], small_bundle: Path, tmp_path: Path
) -> None:
    log = tmp_path / "my.log"
    log.write_text("Jun 14 15:16:01 combo sshd[1]: session opened\n" * 100 + "odd\n")
    arguments = ("--scenario", "multi-stream", "--scenario", "offline", "--seconds", 0.02)
    ended = oddline("bench", small_bundle, log, *arguments, "--json", tmp_path / "b.json")
    assert ended.status == 0
    found = json.loads((tmp_path / "b.json").read_bytes())
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


def test_bench_measures_everything(oddline: Callable[..., Any], small_bundle: Path) -> None:
    ended = oddline("bench", small_bundle, "--scenario", "all", "--seconds", 0.01)
    assert ended.status == 0
    assert len(ended.err.splitlines()) == 4


def test_bench_refuses_before_it_measures(oddline: Callable[..., Any], small_bundle: Path, tmp_path: Path) -> None:
    unknown = oddline("bench", small_bundle, "--scenario", "server")
    assert unknown.status == 2
    assert "'server' is not one of single-stream, multi-stream, offline, end-to-end, all" in unknown.err
    missing = oddline("bench", small_bundle, tmp_path / "missing.log")
    assert missing.status == 1
    assert "missing.log: there is no such file or folder" in missing.err
    nowhere = oddline("bench", small_bundle, "--seconds", 600, "--json", tmp_path / "none" / "b.json")
    assert nowhere.status == 1
    assert "the target folder does not exist" in nowhere.err
