"""The benchmark of all detectors, with ready bundles and logs of a moment."""

from __future__ import annotations

import gzip
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from sample_report import sample_end_to_end, sample_offline, sample_report, sample_stream
from small_bundle import LINES, make_small_bundle

from edge.bench.report import SCHEMA_VERSION

if sys.version_info < (3, 10):
    pytest.skip("the script is for the workstation, on Python 3.10 or later", allow_module_level=True)

SCRIPT = Path(__file__).resolve().parents[3] / "benchmarks" / "detectors.py"


@pytest.fixture(scope="module")
def detectors() -> ModuleType:
    spec = importlib.util.spec_from_file_location("detectors", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["detectors"] = module
    spec.loader.exec_module(module)
    return module


def test_the_tables_hold_each_scenario(detectors: ModuleType) -> None:
    whole = sample_report(
        single_stream=sample_stream(0.5),
        multi_stream=sample_stream(4.0),
        offline=sample_offline(5000.0),
        end_to_end=sample_end_to_end(20_000.0),
    )
    results = detectors.Results(schema_version=1, commands=[], reports={"line": whole})
    text = "\n".join(detectors.markdown(results))
    assert "NVIDIA Carmel, 8 cores, Ubuntu 20.04.6 LTS, Python 3.8.10" in text
    assert "| `line` | /var/log/messages, 1,000 lines | 0.50 ms | 0.50 ms | 0.50 ms | 0.50 ms | 4.02 ms |" in text
    assert "| 5,000 records/s | 20,000 records/s | 1.60 MB/s |" in text
    assert "| `line` | 16.7% | 16.7% | 16.7% | 16.7% | 16.7% | 16.7% | 95.0% | 0.0% |" in text


def test_ready_bundles_are_measured(tmp_path: Path) -> None:
    make_small_bundle(tmp_path / "bundles" / "line")
    log = tmp_path / "data" / "linux_messages_full" / "Linux.log.gz"
    log.parent.mkdir(parents=True)
    log.write_bytes(gzip.compress("\n".join(LINES * 20).encode()))
    done = subprocess.run(
        [
            *(sys.executable, SCRIPT, "--bundles", tmp_path / "bundles", "--data", tmp_path / "data"),
            *("--only", "line", "--seconds", "0.02", "--json", tmp_path / "out.json", "--work", tmp_path),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(SCRIPT.parents[1]), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out.json").read_text())
    assert found["schema_version"] == 1
    assert found["reports"]["line"]["schema_version"] == SCHEMA_VERSION
    assert found["commands"] == ["oddline bench line Linux.log.gz --seconds 0.02 --json line.json"]
    assert str(tmp_path) not in (tmp_path / "out.json").read_text(), "places of this machine are nobody else's"
    assert done.stdout.count("| `line` |") == 2
