"""The benchmark of detection on a real Linux log, with scorers that need no training."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import msgspec
import numpy as np
import pytest
from evaluate_samples import PREPROCESSING, FakeScorer

pytest.importorskip("sklearn", reason="scikit-learn belongs to the extra `export`")

from edge.errors import TooLittleDataError
from edge.files.paths import Source
from edge.formats import detect_format
from export.evaluate.reading import LogFile, Reading
from export.evaluate.scorers import Subject

SCRIPT = Path(__file__).resolve().parents[3] / "benchmarks" / "detection_linux.py"


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("detection_linux", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its structures look their annotations up there
    spec.loader.exec_module(module)
    return module


def test_the_odd_lines_are_six_kinds_of_syslog(benchmark: ModuleType) -> None:
    assert len(benchmark.ODD_LINES) == 6
    lines = [line for kind in benchmark.ODD_LINES.values() for line in kind]
    assert len(set(lines)) == len(lines) >= 18
    found = detect_format(lines)
    assert (found.name, found.matched) == ("syslog", len(lines))
    for kind, variants in benchmark.ODD_LINES.items():
        program = kind.partition(":")[0]
        file = LogFile(Source(None, "x"), [line.encode() for line in variants])
        contents = file.samples(Reading(PREPROCESSING), lambda _: None).contents
        assert all(content.startswith(program) for content in contents)


def test_a_sample_is_seeded_and_in_order(benchmark: ModuleType) -> None:
    picked = [benchmark.sample(LogFile(Source(None, "x"), [b"x"] * 2000)).keep for _ in range(2)]
    assert np.array_equal(*picked)
    assert len(np.unique(picked[0])) == 500
    assert np.array_equal(picked[0], np.sort(picked[0]))
    with pytest.raises(TooLittleDataError, match="x: 499 lines are fewer than 500"):
        benchmark.sample(LogFile(Source(None, "x"), [b"x"] * 499))


def test_without_the_data_or_a_run(benchmark: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tensorflow", reason="TensorFlow belongs to the extra `export`")
    assert benchmark.main(["--data", str(tmp_path), "--runs", str(tmp_path / "run")]) == 1
    assert "no such folder" in capsys.readouterr().err


def test_the_experiment(benchmark: ModuleType, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = ("sshd(pam_unix)", "ftpd", "su(pam_unix)", "kernel:", "logrotate", "unix_chkpwd", "named", "klogind")
    scorer = FakeScorer(lambda text: float(not text.startswith(known)), "programs", preprocessing=PREPROCESSING)
    monkeypatch.setattr(benchmark, "open_subjects", lambda runs, say: [Subject(runs[0], scorer, None)])
    result = benchmark.experiment(data_dir, [Path("run")])
    assert (result.lines, result.normal_from_line) == (25567, 20455)
    (row,) = result.detection.rows
    assert (row.records.normal, row.records.anomalous) == (5113, 2000)
    assert [kind.name for kind in row.kinds] == list(benchmark.FOREIGN_NAMES)
    assert row.records.auroc > 0.9
    kinds = {kind.kind.partition(":")[0]: kind for kind in result.kinds}
    normal_ones = row.records.fpr
    assert kinds["groupadd"].lowest == pytest.approx(1 - normal_ones)
    assert kinds["kernel"].lowest == 0
    assert not kinds["kernel"].above_99
    assert msgspec.json.decode(msgspec.json.encode(result), type=benchmark.Result) == result
    assert str(data_dir) not in msgspec.json.encode(result).decode()
    assert "programs" in "\n".join(benchmark.render_kinds(result))
