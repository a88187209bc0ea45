"""The report: its file, its table, its sentences, its pictures."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from evaluate_samples import FakeScorer

from edge.errors import InputError, OutputError, SchemaError
from export.evaluate.metrics import Metrics
from export.evaluate.plots import draw
from export.evaluate.report import (
    BASELINE,
    DETECTOR,
    FileAuroc,
    FileReport,
    Report,
    Row,
    read_report,
    render,
    write_report,
)
from export.evaluate.study import Scored
from export.evaluate.verdict import conclude


def metrics(auroc: float, pauc: float = 0.9) -> Metrics:
    return Metrics(
        normal=1000,
        anomalous=200,
        auroc=auroc,
        auroc_low=auroc - 0.01,
        auroc_high=auroc + 0.01,
        average_precision=0.75,
        pauc=pauc,
        tpr_at_max_fpr=0.6,
        tpr=0.5,
        fpr=0.001,
    )


def row(name: str, kind: str, auroc: float, pauc: float = 0.9, files: int = 2) -> Row:
    return Row(
        name=name,
        kind=kind,
        threshold=1.5,
        lines=metrics(auroc, pauc),
        distinct=metrics(auroc - 0.1, pauc),
        files=[FileAuroc(name=f"odd/{i}.log", lines=10, auroc=None if i else auroc) for i in range(files)],
    )


def report(rows: list[Row], **changes: object) -> Report:
    files = [FileReport(name=file.name, lines=file.lines) for file in rows[0].files]
    base = Report(
        schema_version=1,
        created_by="oddline test",
        subject="runs/x",
        seed=0,
        replicates=1000,
        confidence=0.95,
        max_fpr=0.01,
        normal=[FileReport(name="normal.log", lines=1000)],
        anomalous=files,
        known=0.5,
        shared=0,
        rows=rows,
        baselines_left_out=None,
        conclusions=conclude(rows),
    )
    return msgspec.structs.replace(base, **changes)


ROWS = [row("line default", DETECTOR, 0.95), row("exact match", BASELINE, 0.91)]


def test_the_file_comes_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "eval.json"
    write_report(path, report(ROWS))
    assert read_report(path) == report(ROWS)
    assert path.read_bytes().endswith(b"}\n")
    assert [file.name for file in tmp_path.iterdir()] == ["eval.json"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="mkdir -p"):
        write_report(tmp_path / "no" / "eval.json", report(ROWS))


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"schema_version": 2}', b'{"schema_version": 1}', b"\xff"])
def test_what_is_no_report(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "eval.json").write_bytes(data)
    with pytest.raises(SchemaError, match=r"eval\.json: .*evaluate again"):
        read_report(tmp_path / "eval.json")


def test_a_report_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_report(tmp_path / "eval.json")


def test_the_table() -> None:
    lines = render(report(ROWS)).split("\n")
    assert lines[0] == (
        "1,000 normal lines (1,000 distinct after masking) and 200 anomalous lines (200 distinct after masking)"
    )
    heads, detector = (line.split() for line in lines[2:4])
    assert heads == [
        "AUROC",
        "95",
        "%",
        "interval",
        "AP",
        "pAUC",
        "1%",
        "TPR",
        "at",
        "1%",
        "TPR",
        "FPR",
        "AUROC",
        "distinct",
    ]
    assert detector[:4] == ["line", "default", "0.9500", "0.9400-0.9600"]
    assert detector[4:] == ["0.7500", "0.9000", "60.00%", "50.00%", "0.10%", "0.8500"]
    assert len({len(line) for line in lines[2:5]}) == 1
    assert lines[6:9] == ["AUROC by file", "               0.log  1.log", "line default  0.9500      -"]
    assert "50.0% of the normal lines stood in the training part too, after masking." in lines
    assert lines[-1].startswith("No baseline beats 'line default' on these lines: AUROC 0.9500")


def test_many_files_stand_in_blocks_and_one_is_not_repeated() -> None:
    text = render(report([row("d", DETECTOR, 0.9, files=7)]))
    assert text.count("\nd  ") == 3
    assert "AUROC by file" not in render(report([row("d", DETECTOR, 0.9, files=1)]))


def test_names_that_differ_in_their_folder_only() -> None:
    rows = [
        msgspec.structs.replace(
            row("d", DETECTOR, 0.9), files=[FileAuroc(name=f"{x}/a", lines=1, auroc=0.5) for x in "pq"]
        )
    ]
    assert "   p/a     q/a" in render(report(rows))


def test_file_names_do_not_steer_the_terminal() -> None:
    rows = [row("line \x1b[2J", DETECTOR, 0.95)]
    assert "\x1b" not in render(report(rows))


def test_what_was_left_out_is_said() -> None:
    text = render(report(ROWS[:1], baselines_left_out="no baselines; do this", shared=3, known=None))
    assert "\nno baselines; do this." in text
    assert "\n3 distinct masked lines stand among the normal lines and among the anomalous ones" in text
    assert "training part" not in text


def test_sentences() -> None:
    beaten = conclude(
        [
            row("d", DETECTOR, 0.95, 0.8),
            row("a", BASELINE, 0.955, 0.7),
            row("b", BASELINE, 0.99, 0.8),
            row("c", BASELINE, 0.9, 0.81),
        ]
    )
    assert beaten == [
        "'d' IS BEATEN on these lines by 3 of 3 baselines: 'a' (AUROC 0.9550 against 0.9500, intervals overlap); "
        "'b' (AUROC 0.9900 against 0.9500); 'c' (pAUC 0.8100 against 0.8000)."
    ]
    assert (
        "the best baseline is 'b' with 0.9500"
        in conclude([row("d", DETECTOR, 0.95), row("a", BASELINE, 0.9), row("b", BASELINE, 0.95001)])[0]
    )


def test_pictures(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib belongs to the extra `export`")
    pytest.importorskip("sklearn", reason="scikit-learn belongs to the extra `export`")
    random = np.random.default_rng(0)
    normal, odd = (random.normal(mean, 1, 300).astype(np.float32) for mean in (0, 3))
    constant = np.zeros(300, np.float32)
    scored = [
        Scored(FakeScorer(len, "detector"), DETECTOR, normal, [odd[:100], odd[100:]]),
        Scored(FakeScorer(len, "constant"), BASELINE, constant, [constant]),
    ]
    draw(tmp_path / "new" / "plots", scored)
    for name in ("roc.png", "scores.png"):
        data = (tmp_path / "new" / "plots" / name).read_bytes()
        assert data.startswith(b"\x89PNG")
        assert len(data) > 5000
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="is not a folder"):
        draw(tmp_path / "file", scored)
