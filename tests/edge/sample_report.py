"""Reports of benchmarks that nobody ran, to compare, read and show."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from fake_instruments import QUIET

from edge.bench.conditions import Energy, Garbage
from edge.bench.end_to_end import EndToEnd
from edge.bench.latency import figures_by_block, summarise
from edge.bench.report import KIND, SCHEMA_VERSION, BundleFacts, InputFacts, MachineFacts, Report, Settings
from edge.bench.scenarios import Offline, Stream
from edge.bench.stopwatch import PARTS, STAGES

MACHINE = MachineFacts(
    oddline="0.2.0",
    python="3.8.10",
    packages={"numpy": "1.24.4", "tokenizers": "0.20.3", "onnxruntime": None, "onnxruntime-gpu": "1.16.0"},
    system="Ubuntu 20.04.6 LTS",
    kernel="5.10.120-tegra",
    architecture="aarch64",
    board="Jetson-AGX",
    l4t="35.4.1",
    cpu="NVIDIA Carmel",
    cores=8,
    usable_cores=8,
    gpus=["Xavier, compute capability 7.2"],
    libraries={"CUDA": "11.4.315", "cuDNN": "8.6.0", "TensorRT": "8.5.2", "CUDA driver": None},
    memory_bytes=32 << 30,
)
BUNDLE = BundleFacts("lines", "line", "default", "xavier-jp5", "fp32", "a" * 64, "b" * 64)
INPUT = InputFacts("logs", ["/var/log/messages"], "syslog", 1000, 900, 80_000, "c" * 64, True)
SETTINGS = Settings("cpu", 0, 32, [], 3.0, 0.3, 1000)
NO_GARBAGE = Garbage(0, 0.0)


def sample_stream(milliseconds: float = 1.0, energy: Optional[Energy] = None) -> Stream:
    """Ten thousand queries of about so many milliseconds."""
    taken = [int(milliseconds * (1_000_000 + 1000 * (place % 7))) for place in range(10_000)]
    return Stream(
        lines_per_query=1,
        lines=10_000,
        records=10_000,
        computed_records=10_000,
        anomalous_records=5,
        seconds=10.0 * milliseconds,
        warm_up_queries=100,
        latency=summarise(taken),
        blocks=figures_by_block(taken),
        garbage=NO_GARBAGE,
        energy=energy,
    )


def sample_offline(rate: float = 5000.0) -> Offline:
    """Three seconds at so many records a second."""
    blocks = {"records_per_second": [rate + place for place in range(10)]}
    return Offline(int(3 * rate), int(3 * rate), 3.0, rate, rate, 2, blocks, NO_GARBAGE, None)


def sample_end_to_end(rate: float = 20_000.0, blocks: Optional[Dict[str, List[float]]] = None) -> EndToEnd:
    """One second at so many records a second."""
    return EndToEnd(
        passes=20,
        lines=int(rate),
        records=int(rate),
        bytes=int(80 * rate),
        seconds=1.0,
        records_per_second=rate,
        lines_per_second=rate,
        megabytes_per_second=80 * rate / 1e6,
        computed_records=1000,
        known_records=int(rate) - 1000,
        anomalous_records=7,
        unparsed_records=0,
        written_records=7,
        written_bytes=2000,
        warm_up_lines=1000,
        stage_seconds={stage: 1 / len(STAGES) for stage in STAGES},
        part_seconds={part: 1 / len(PARTS) for part in PARTS},
        blocks={} if blocks is None else blocks,
        garbage=NO_GARBAGE,
        energy=None,
    )


def sample_report(**changes: Any) -> Report:
    """A report without any scenario; `changes` are its fields."""
    fields: Dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "kind": KIND,
        "measured_at": "2025-01-01T00:00:00+00:00",
        "bundle": BUNDLE,
        "machine": MACHINE,
        "settings": SETTINGS,
        "input": INPUT,
        "before": QUIET,
        "after": QUIET,
        "single_stream": None,
        "multi_stream": None,
        "offline": None,
        "end_to_end": None,
        "soak": None,
        "peak_resident_bytes": 100 << 20,
        "notes": [],
    }
    return Report(**{**fields, **changes})
