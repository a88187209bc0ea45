"""The audit finds leaks that were planted; thresholds and worst errors of records that are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from evaluate_samples import PREPROCESSING, labelled_run
from test_evaluate_baseline_families import ROWS

pytest.importorskip("sklearn", reason="scikit-learn belongs to the extra `export`")

from edge.reason import Reason
from export.evaluate.audit import audit, describe, separating_features
from export.evaluate.samples import Samples
from export.evaluate.tradeoff import trade_offs
from export.evaluate.worst import worst_errors


def samples(*records: tuple[str, str]) -> Samples:
    contents = [content for content, _ in records]
    return Samples(
        contents,
        [f"raw {one}" for one in contents],
        [kind for _, kind in records],
        [f"x:{i}" for i in range(len(records))],
    )


def test_planted_leaks(tmp_path: Path) -> None:
    kinds = {("job <num> done", ""): 5, ("login <num>", ""): 1, ("worm <num>", "worm"): 2}
    run = labelled_run(tmp_path / "run", PREPROCESSING, kinds)
    test = samples(
        ("job 1 done", ""),
        ("job 2 done", ""),
        ("new", ""),
        ("both 1", ""),
        ("worm 1", "worm"),
        ("login 7", "theft"),
        ("both 2", "theft"),
        ("both 3", "theft"),
    )
    found = audit(test, PREPROCESSING, run)
    assert (found.known_normal, found.known_anomalous) == (0.5, 0.5)
    assert found.contradicting == 1
    assert (found.shared, found.shared_records) == (1, 3)
    assert (found.trained_kinds, found.new_kinds) == (["worm"], ["theft"])
    text = " ".join(describe(found))
    assert "50.0% of the normal and 50.0% of the anomalous records" in text
    assert "1 records have an input that was learnt with the other label only" in text
    assert "1 distinct inputs (3 records) stand among the normal and among the anomalous" in text
    assert "does not hold: theft" in text
    assert audit(test, PREPROCESSING, None).known_normal is None


def test_features_that_give_the_label_away() -> None:
    random = np.random.default_rng(0)
    rows = [(f"{n},{random.normal():.3f},{'udp' if n % 2 else 'tcp'}", "" if n < 50 else "DoS") for n in range(100)]
    (found,) = separating_features(samples(*rows, ("nan,1,tcp", "DoS")), ROWS)
    assert (found.name, found.auroc) == ("a", 1.0)
    # Low values of the anomalous records give it away as well, and so does a category.
    turned = [(f"{-n},0,{'tcp' if n < 50 else 'udp'}", kind) for n, (_, kind) in enumerate(rows)]
    assert [one.name for one in separating_features(samples(*turned), ROWS)] == ["a", "c=tcp", "c=udp"]
    assert separating_features(samples(("x", ""), ("y", "odd")), PREPROCESSING) == []


def test_trade_offs() -> None:
    normal, anomalous = np.arange(1000, dtype=np.float32), np.array([500, 995, 998.5, 2000], np.float32)
    rows = trade_offs(normal, anomalous, 998.25, base_rate=0.001, per_day=10_000)
    assert [row.threshold for row in rows] == sorted((row.threshold for row in rows), reverse=True)
    (own,) = (row for row in rows if row.own)
    assert (own.threshold, own.recall, own.fpr, own.alerts_per_day) == (998.25, 0.5, 0.001, 10)
    assert own.precision == pytest.approx(2 / 3)
    assert own.precision_at_base_rate == pytest.approx(0.0005 / (0.0005 + 0.999 * 0.001))
    assert rows[0].fpr == 0
    assert rows[0].recall == 0.25
    rates = [row.fpr for row in rows]
    assert all(any(rate - 0.0011 < found <= rate for found in rates) for rate in (0.001, 0.01, 0.1))
    assert trade_offs(normal, anomalous, 5.0, base_rate=None, per_day=None)[0].alerts_per_day is None


def test_worst_errors() -> None:
    records = samples(("a", ""), ("b", ""), ("b", ""), ("c", ""), ("d", "odd"), ("e", "odd"), ("f", "odd"))
    scores = np.array([0.6, 0.9, 0.9, 0.1, 0.2, 0.1, 0.9], np.float32)
    clusters = np.array([0, 1, 1, 2, 3, 4, 5])
    found = worst_errors(
        records, scores, clusters, 0.5, lambda contents: [[Reason(one * 2, 0, 1, 1.0)] for one in contents]
    )
    assert [(one.text, one.records, one.kind, one.reasons) for one in found.false_positives] == [
        ("raw b", 2, "", ["bb"]),
        ("raw a", 1, "", ["aa"]),
    ]
    assert [(one.text, one.kind, one.place) for one in found.misses] == [
        ("raw e", "odd", "x:5"),
        ("raw d", "odd", "x:4"),
    ]
    nothing = worst_errors(records, scores, clusters, 5.0, None)
    assert nothing.false_positives == []
    assert nothing.misses[0].reasons == []
