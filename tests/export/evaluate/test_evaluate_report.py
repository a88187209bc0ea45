"""The report: its file, its table, its sentences, its pictures and its page."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import numpy as np
import pytest
from evaluate_samples import PREPROCESSING, FakeScorer

from edge.errors import InputError, OutputError, SchemaError
from export.evaluate.audit import Audit, SeparatingFeature
from export.evaluate.metrics import Metrics
from export.evaluate.output import write_study
from export.evaluate.page import page
from export.evaluate.plots import confusion_figure, pictures, training_figure, write_pictures
from export.evaluate.report import (
    BASELINE,
    DETECTOR,
    REPORT_SCHEMA_VERSION,
    KindFigures,
    Report,
    Row,
    SourceReport,
    read_report,
    write_report,
)
from export.evaluate.samples import Samples
from export.evaluate.study import Scored, Study
from export.evaluate.terminal import render
from export.evaluate.tradeoff import TradeOff
from export.evaluate.verdict import conclude
from export.evaluate.worst import WorstError, WorstErrors


def metrics(auroc: float, pauc: float = 0.9, f1: float = 0.6) -> Metrics:
    return Metrics(
        normal=1000,
        anomalous=200,
        distinct_normal=500,
        distinct_anomalous=100,
        flagged_normal=1,
        flagged_anomalous=100,
        auroc=auroc,
        auroc_low=auroc - 0.01,
        auroc_high=auroc + 0.01,
        average_precision=0.75,
        pauc=pauc,
        tpr_at_max_fpr=0.6,
        tpr=0.5,
        tpr_low=0.4,
        tpr_high=0.6,
        fpr=0.001,
        fpr_low=0.0,
        fpr_high=0.002,
        precision=0.99,
        f1=f1,
        f1_low=f1 - 0.1,
        f1_high=f1 + 0.1,
        precision_at_base_rate=None,
        f1_at_base_rate=None,
        f1_at_base_rate_low=None,
        f1_at_base_rate_high=None,
    )


def row(name: str, kind: str, auroc: float, pauc: float = 0.9, kinds: int = 2, f1: float = 0.6) -> Row:
    return Row(
        name=name,
        kind=kind,
        threshold=1.5,
        unscored=0,
        records=metrics(auroc, pauc, f1),
        distinct=metrics(auroc - 0.1, pauc),
        kinds=[
            KindFigures(name=f"kind {i}", records=10, recall=0.25, auroc=auroc, trained=(None, False)[i % 2])
            for i in range(kinds)
        ],
    )


def worst(text: str) -> WorstErrors:
    error = WorstError(text=text, place="x.log:7", kind="", score=2.5, records=3, reasons=[text])
    return WorstErrors(false_positives=[error], misses=[])


def report(rows: list[Row], **changes: object) -> Report:
    base = Report(
        schema_version=REPORT_SCHEMA_VERSION,
        created_by="oddline test",
        subject="runs/x",
        origin="files",
        sources=[SourceReport(name="normal.log", lines=1000)],
        unlabelled=0,
        seed=0,
        replicates=1000,
        confidence=0.95,
        max_fpr=0.01,
        base_rate=None,
        normal_per_day=500.0,
        rows=rows,
        baselines_left_out=None,
        audit=Audit(
            known_normal=0.5,
            known_anomalous=0.25,
            contradicting=0,
            shared=0,
            shared_records=0,
            separating=[],
            trained_kinds=[],
            new_kinds=[],
        ),
        trade_offs=[
            TradeOff(
                threshold=1.5,
                own=True,
                recall=0.5,
                fpr=0.001,
                precision=0.9,
                precision_at_base_rate=None,
                alerts_per_day=0.5,
            )
        ],
        worst=worst("a line"),
        history={},
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
    assert lines[0] == "1,000 normal records (500 distinct) and 200 anomalous records (100 distinct)"
    assert re.split(r"  +", lines[2].strip()) == [
        "AUROC",
        "95 % interval",
        "AP",
        "recall at 1%",
        "recall",
        "FPR",
        "F1",
        "95 % interval",
        "AUROC distinct",
    ]
    assert lines[3].split() == [
        *("line", "default", "0.9500", "0.9400-0.9600"),
        *("0.7500", "60.00%", "50.00%", "0.10%", "0.6000", "0.5000-0.7000", "0.8500"),
    ]
    assert len({len(line) for line in lines[2:5]}) == 1
    assert lines[6] == "By kind of anomaly"
    assert lines[8].split() == ["kind", "0", "10", "-", "25.00%", "0.9500", "0.9100"]
    assert lines[9].split() == ["kind", "1", "10", "never", "25.00%", "0.9500", "0.9100"]
    assert any(line.startswith("50.0% of the normal and 25.0% of the anomalous records") for line in lines)
    assert lines[-1].startswith("No baseline beats 'line default' on these records: AUROC 0.9500")


def test_many_kinds_stay_short_and_a_single_one_is_not_repeated() -> None:
    text = render(report([row("d", DETECTOR, 0.9, kinds=20)]))
    assert text.count("\nkind ") == 13
    assert "... and 8 kinds more" in text
    assert "By kind" not in render(report([row("d", DETECTOR, 0.9, kinds=1)]))


def test_a_base_rate_is_named() -> None:
    figures = msgspec.structs.replace(
        metrics(0.9), f1_at_base_rate=0.1234, f1_at_base_rate_low=0.1, f1_at_base_rate_high=0.2
    )
    text = render(report([msgspec.structs.replace(row("d", DETECTOR, 0.9), records=figures)], base_rate=0.0295))
    assert "F1 at 0.0295" in text
    assert "0.1234  0.1000-0.2000" in text


def test_names_do_not_steer_the_terminal() -> None:
    assert "\x1b" not in render(report([row("line \x1b[2J", DETECTOR, 0.95)]))


def test_what_a_reader_must_know_is_said() -> None:
    few = msgspec.structs.replace(metrics(0.9), distinct_anomalous=3)
    rows = [msgspec.structs.replace(row("d", DETECTOR, 0.9), records=few, unscored=5)]
    leaky = msgspec.structs.replace(
        report(rows).audit, shared=3, shared_records=9, separating=[SeparatingFeature(name="ttl", auroc=0.999)]
    )
    text = render(report(rows, baselines_left_out="no baselines; do this", audit=leaky, unlabelled=4))
    assert " at its threshold of 1.5, on this mixture of records: accuracy 0.9158, precision 0.9900, recall 0.5" in text
    for part in (
        "\nno baselines; do this.",
        "fewer than 20: they are a guess",
        "5 records cannot be scored by d",
        "4 records have no label",
        "3 distinct inputs (9 records) stand among the normal and among the anomalous",
        "alone separate the classes (AUROC of 0.99 or more): ttl (0.9990).",
    ):
        assert part in text


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
        "'d' IS BEATEN on these records by 3 of 3 baselines: 'a' (AUROC 0.9550 against 0.9500, intervals overlap); "
        "'b' (AUROC 0.9900 against 0.9500); 'c' (pAUC 0.8100 against 0.8000)."
    ]
    assert (
        "the best baseline is 'b' with 0.9500"
        in conclude([row("d", DETECTOR, 0.95), row("a", BASELINE, 0.9), row("b", BASELINE, 0.95001)])[0]
    )


def test_a_baseline_that_is_ahead_in_f1() -> None:
    (sentence,) = conclude([row("d", DETECTOR, 0.95, f1=0.6), row("a", BASELINE, 0.9, 0.8, f1=0.75)])
    assert "IS BEATEN" in sentence
    assert "'a' (F1 0.7500 against 0.6000, intervals overlap)" in sentence


def scored(name: str, kind: str, normal: np.ndarray, anomalous: np.ndarray) -> Scored:
    texts = [str(number) for number in range(len(normal) + len(anomalous))]
    kinds = [""] * len(normal) + ["odd"] * len(anomalous)
    scorer = FakeScorer(len, name, preprocessing=PREPROCESSING, threshold=1.5)
    scores = np.concatenate([normal, anomalous])
    return Scored(scorer, kind, Samples(texts, texts, kinds, texts), scores, np.arange(len(texts)), 0)


@pytest.fixture(scope="module")
def study() -> Study:
    pytest.importorskip("matplotlib", reason="matplotlib belongs to the extra `export`")
    pytest.importorskip("sklearn", reason="scikit-learn belongs to the extra `export`")
    random = np.random.default_rng(0)
    normal, odd = (random.normal(mean, 1, 300).astype(np.float32) for mean in (0, 3))
    constant = np.zeros(300, np.float32)
    both = [scored("detector", DETECTOR, normal, odd), scored("constant", BASELINE, constant, constant)]
    return Study(report(ROWS, history={"loss": [2.0, 1.0], "val_loss": [2.5, 1.5], "accuracy": [0.5, 0.9]}), both)


def test_pictures(study: Study, tmp_path: Path) -> None:
    drawn = pictures(study)
    assert sorted(drawn) == NAMES
    for data in drawn.values():
        assert data.startswith(b"\x89PNG")
        assert len(data) > 4000
    again = pictures(Study(report(ROWS), study.scored))
    assert again == {name: data for name, data in drawn.items() if name != "training.png"}
    write_pictures(tmp_path / "new" / "plots", drawn)
    assert (tmp_path / "new" / "plots" / "roc.png").read_bytes() == drawn["roc.png"]
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="is not a folder"):
        write_pictures(tmp_path / "file", drawn)


def test_the_confusion_matrix_is_labelled_as_published(study: Study) -> None:
    one = study.scored[0]
    (axes,) = confusion_figure(one).axes
    assert [label.get_text() for label in axes.get_xticklabels()] == ["No Attack", "Attack"]
    counts = [int(text.get_text()) for text in axes.texts]
    alarms, hits = int((one.normal >= 1.5).sum()), int((one.anomalous >= 1.5).sum())
    assert counts == [300 - alarms, alarms, 300 - hits, hits]


def test_validation_stands_beside_training(study: Study) -> None:
    loss, accuracy = training_figure(study.report.history).axes
    assert [line.get_label() for line in loss.lines] == ["training", "validation"]
    assert [list(line.get_ydata()) for line in accuracy.lines] == [[0.5, 0.9]]


NAMES = ["confusion.png", "precision_recall.png", "roc.png", "scores.png", "training.png"]


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_stands_alone_and_log_text_is_no_markup(tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script> \x1b[2J\u202e \"'><img src=https://evil.example/x onerror=alert(1)> &amp;"
    rows = [row(f"line {hostile}", DETECTOR, 0.95), ROWS[1]]
    told = report(rows, worst=worst(hostile), sources=[SourceReport(name=hostile, lines=1)])
    drawn = dict.fromkeys(NAMES, b"\x89PNG")
    write_study(tmp_path / "out", Study(told, []), drawn)
    html = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(html)
    assert {tag for tag, _ in tags.found} <= {
        *("html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "p", "ul", "li", "div"),
        *("table", "tr", "th", "td", "figure", "figcaption", "img"),
    }
    sources = [attributes["src"] or "" for tag, attributes in tags.found if tag == "img"]
    assert len(sources) == 5
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    for _, attributes in tags.found:
        assert not any(name.startswith("on") or name in ("href", "srcset") for name in attributes)
        assert not any((value or "").startswith("http") for value in attributes.values())
    assert "<script" not in html
    assert "\x1b" not in html
    assert "\u202e" not in html
    assert "<script>alert(1)</script> \\x1b[2J\\u202e" in tags.text
    assert read_report(tmp_path / "out" / "metrics.json").rows[1] == ROWS[1]


def test_the_page_says_what_the_table_says() -> None:
    html = page(report(ROWS), {})
    for part in ("No baseline beats", "draw distinct records", "false alarms a day", "x.log:7", "No anomalous record"):
        assert part in html
