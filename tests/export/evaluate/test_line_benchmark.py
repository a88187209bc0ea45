"""The benchmark of the detector line on real logs, with scorers that need no training and a run of a moment."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Iterator

import msgspec
import numpy as np
import pytest
from evaluate_samples import PREPROCESSING, FakeScorer
from workstation import Trained

pytest.importorskip("sklearn", reason="scikit-learn belongs to the extra `export`")

from edge.errors import TooLittleDataError
from edge.files.paths import Source
from edge.formats import detect_format
from export.evaluate.reading import LogFile, Reading
from export.evaluate.scorers import Subject, open_subject
from export.run import TEST_NAME

FOLDER = Path(__file__).resolve().parents[3] / "benchmarks" / "quality"


def load(name: str) -> Iterator[ModuleType]:
    """A script as its own folder sees it; no name of it stays behind."""
    before = set(sys.modules)
    sys.path.insert(0, str(FOLDER))
    try:
        yield importlib.import_module(name)
    finally:
        sys.path.remove(str(FOLDER))
        for module in ("common", "foreign", "line"):
            if module not in before:
                sys.modules.pop(module, None)


@pytest.fixture(scope="module")
def foreign() -> Iterator[ModuleType]:
    yield from load("foreign")


@pytest.fixture(scope="module")
def line() -> Iterator[ModuleType]:
    yield from load("line")


def test_the_odd_lines_are_six_kinds_of_syslog(foreign: ModuleType) -> None:
    assert len(foreign.ODD_LINES) == 6
    lines = [line for kind in foreign.ODD_LINES.values() for line in kind]
    assert len(set(lines)) == len(lines) >= 18
    found = detect_format(lines)
    assert (found.name, found.matched) == ("syslog", len(lines))
    for kind, variants in foreign.ODD_LINES.items():
        program = kind.partition(":")[0]
        file = LogFile(Source(None, "x"), [line.encode() for line in variants])
        contents = file.samples(Reading(PREPROCESSING), lambda _: None).contents
        assert all(content.startswith(program) for content in contents)


def test_a_sample_is_seeded_and_in_order(foreign: ModuleType) -> None:
    picked = [foreign.sample(LogFile(Source(None, "x"), [b"x"] * 2000)).keep for _ in range(2)]
    assert np.array_equal(*picked)
    assert len(np.unique(picked[0])) == 500
    assert np.array_equal(picked[0], np.sort(picked[0]))
    with pytest.raises(TooLittleDataError, match="x: 499 lines are fewer than 500"):
        foreign.sample(LogFile(Source(None, "x"), [b"x"] * 499))


def test_without_the_data(line: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tensorflow", reason="TensorFlow belongs to the extra `export`")
    assert line.main(["--data", str(tmp_path), "--runs", str(tmp_path / "runs")]) == 1
    assert "there is no such file" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        line.main(["--data", str(tmp_path), "--logs", "nothing"])
    assert "--logs names none of them" in capsys.readouterr().err


def test_foreign_lines(foreign: ModuleType, data_dir: Path) -> None:
    known = ("sshd(pam_unix)", "ftpd", "su(pam_unix)", "kernel:", "logrotate", "unix_chkpwd", "named", "klogind")
    scorer = FakeScorer(lambda text: float(not text.startswith(known)), "programs", preprocessing=PREPROCESSING)
    found = foreign.find_foreign(data_dir, [Subject(Path("run"), scorer, None)], 0)
    assert (found.lines, found.normal_from_line) == (25567, 20455)
    (row,) = found.rows
    assert (row.records.normal, row.records.anomalous) == (5113, 2000)
    assert [kind.name for kind in row.kinds] == list(foreign.FOREIGN_NAMES)
    assert row.records.auroc > 0.9
    kinds = {kind.kind.partition(":")[0]: kind for kind in found.kinds}
    assert kinds["groupadd"].lowest == pytest.approx(1 - row.records.fpr)
    assert kinds["kernel"].lowest == 0
    assert not kinds["kernel"].above_99
    assert msgspec.json.decode(msgspec.json.encode(found), type=foreign.Foreign) == found
    assert str(data_dir) not in msgspec.json.encode(found).decode()
    assert "programs" in "\n".join(foreign.render_foreign(found))


def test_the_alerts_of_a_run_on_its_own_log(line: ModuleType, trained: Trained) -> None:
    subject = open_subject(trained.folder, say=lambda _: None)
    found = line.measure_log("auth", subject, 0)
    spec = trained.run.spec
    scores = subject.scorer.score([example.content for example in trained.run.heldout(TEST_NAME)])
    assert (found.learnt, found.later, found.anomalous, found.rows) == (spec.training.records, len(scores), 0, [])
    # 320 held-out lines are too few for the smallest budget.
    assert [one.budget for one in found.alerts] == [0.005, 0.01, 0.02]
    last = found.alerts[-1]
    assert last.flagged == np.count_nonzero(scores >= np.float32(spec.threshold.value))
    assert last.per_10000 == pytest.approx(10_000 * last.flagged / len(scores))
    assert last.within == (last.times <= 2)
    assert last.recall is None
    result = line.Result(schema_version=1, command="", environment={}, seeds=[0], foreign=[], logs=[found])
    assert msgspec.json.decode(msgspec.json.encode(result), type=line.Result) == result
    assert f"{last.per_10000:.0f} ({last.times:.1f}" in "\n".join(line.render(result))
