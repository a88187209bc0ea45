"""The detector `flow` from a table to verdicts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flow_tables import HEADER, rows, write_table
from flow_training import TrainedFlow, train_flow
from workstation import run_oddline

from edge.bundle.folder import load_bundle
from edge.bundle.golden import decode_golden
from edge.errors import SchemaError
from export.flow.models import graph_of, load_graph
from export.flow.novelty import Mixture, Scaling
from export.flow.presets import EVEN_ODDS, PRESETS
from export.run import CALIBRATION_NAME, TEST_NAME, Run
from export.trained import load_scorer

FIELDS = ["Duration", "Bytes", "Rate", "Proto", "Constant"]


def score(bundle: Path, table: Path, *options: object) -> list[dict[str, Any]]:
    output = table.with_suffix(".jsonl")
    ended = run_oddline("score", bundle, table, "-o", output, *options)
    assert ended.status == 0, ended.err
    return [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]


def features_of(run: Run) -> np.ndarray:
    contents = [example.content for name in (CALIBRATION_NAME, TEST_NAME) for example in run.heldout(name)]
    encoded: np.ndarray = load_scorer(run).encode(contents).inputs["features"]
    return encoded


def test_a_run_and_its_bundle_say_what_they_are(flow_default: TrainedFlow) -> None:
    spec = flow_default.run.spec
    assert spec.preprocessing.format.fields == FIELDS
    assert [part.name for part in spec.parts] == ["attack", "novelty"]
    assert spec.threshold.value == 1.0
    assert spec.threshold.target_fpr == pytest.approx(0.022)
    assert spec.training.parameters["attacks"] == 72
    assert {"loss", "accuracy"} <= set(spec.history)
    manifest = load_bundle(flow_default.bundle).manifest
    assert manifest.detector == "flow"
    assert manifest.parity.steps[0].max_relative_difference <= 1e-5
    said = flow_default.training.err
    assert "only 240 normal rows to learn from" in said
    assert "Constant: the same in all rows" in said


def test_too_few_held_out_rows_leave_the_attack_at_even_odds(flow_default: TrainedFlow) -> None:
    attack = flow_default.run.spec.parts[0].threshold
    assert attack.value == pytest.approx(EVEN_ODDS)
    assert attack.method == "80 held-out records are too few to set it on"


def test_known_and_new_attacks_are_found_and_each_by_its_score(flow_default: TrainedFlow, tmp_path: Path) -> None:
    table = write_table(tmp_path / "new.csv", rows("DoS", 30, seed=1) + rows("Scan", 30, seed=1))
    found = score(flow_default.bundle, table, "--all")
    assert [one["anomalous"] for one in found] == [True] * 60
    assert all("attack" in one["found_by"] for one in found[:30])
    assert all("novelty" in one["found_by"] for one in found[30:])
    for one in found:
        assert one["reasons"]
        for reason in one["reasons"]:
            name, _, value = reason["text"].partition("=")
            assert name in FIELDS
            assert one["text"][reason["start"] : reason["end"]] == value
    benign = score(flow_default.bundle, write_table(tmp_path / "b.csv", rows("BENIGN", 300, seed=1)), "--all")
    assert sum(one["anomalous"] for one in benign) < 30


def test_rows_that_cannot_be_scored_say_why(flow_default: TrainedFlow, tmp_path: Path) -> None:
    lines = ["x,1,inf,2,3,tcp,7,BENIGN", "x,1,1,,3,tcp,7,BENIGN", "x,1,1", "x,1,3e38,3e38,3e38,gre,3e38,BENIGN"]
    found = score(flow_default.bundle, write_table(tmp_path / "bad.csv", lines), "--all")
    assert [one["unscored"] for one in found] == [
        "Duration is infinite",
        "Bytes is missing",
        "the row has 3 fields where the header has 8",
        None,
    ]
    assert found[3]["anomalous"]


def test_the_golden_records_hold_rows_that_cannot_be_scored(flow_default: TrainedFlow) -> None:
    golden = decode_golden(load_bundle(flow_default.bundle).read("golden.jsonl"), "golden")
    unscored = [one.lines[1] for one in golden if one.score is None]
    assert {"inf,inf,inf,inf,inf", ",,,,", "0,0,0,0,0,0", "text,text,text,text,text"} <= set(unscored)
    assert {True, False} == {one.anomalous for one in golden}
    ended = run_oddline("verify", flow_default.bundle)
    assert ended.status == 0, ended.err


def test_a_source_without_a_column_does_not_end_the_run(flow_default: TrainedFlow, tmp_path: Path) -> None:
    lacking = write_table(tmp_path / "a.csv", ["1,2,3"], "Duration,Bytes,Rate")
    good = write_table(tmp_path / "b.csv", rows("DoS", 2))
    output = tmp_path / "out.jsonl"
    ended = run_oddline("score", flow_default.bundle, lacking, good, "-o", output)
    assert ended.status == 1
    assert f"error: {lacking}: it lacks 2 columns: Proto, Constant;" in ended.err
    assert len(output.read_text(encoding="utf-8").splitlines()) == 2


def test_the_graph_is_what_was_learnt(flow_default: TrainedFlow) -> None:
    run = flow_default.run
    weights = run.weights()
    rows_ = features_of(run)
    outputs = {name: np.asarray(value) for name, value in load_graph(run)(features=rows_).items()}
    z = Scaling(*weights[:4])(rows_)
    mixture = Mixture(*weights[4:11])
    np.testing.assert_allclose(outputs["novelty"], mixture(z), rtol=1e-4, atol=1e-3)
    kernel, bias, last, last_bias = weights[11:]
    logit = (np.maximum(z @ kernel + bias, 0) @ last + last_bias)[:, 0]
    np.testing.assert_allclose(outputs["attack"], np.logaddexp(0.0, logit), rtol=1e-4, atol=1e-5)
    attack, novelty = (part.threshold.value for part in run.spec.parts)
    expected = np.maximum(outputs["attack"] / attack, outputs["novelty"] / novelty)
    np.testing.assert_allclose(outputs["score"], expected, rtol=1e-6)
    by_novelty = outputs["attack"] / attack < outputs["novelty"] / novelty
    assert by_novelty.any()
    np.testing.assert_allclose(
        outputs["feature_scores"].sum(axis=1)[by_novelty], outputs["score"][by_novelty], rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize("value", [0.0, -1.0, 1.0, 3e38, -3e38])
def test_no_row_gives_what_is_no_number(flow_default: TrainedFlow, flow_seed: TrainedFlow, value: float) -> None:
    for trained in (flow_default, flow_seed):
        run = trained.run
        row = np.full((1, features_of(run).shape[1]), value, np.float32)
        for name, output in load_graph(run)(features=row).items():
            assert np.isfinite(np.asarray(output)).all(), name


def test_the_lowest_threshold_bounds_the_joint_score(flow_default: TrainedFlow) -> None:
    run = flow_default.run
    graph = graph_of("default", run.weights(), {"attack": EVEN_ODDS, "novelty": 1e9})
    scores = np.asarray(graph(features=features_of(run))["score"])
    assert 1.0 < scores.max() < 1e4


def test_seed_is_the_published_network(flow_seed: TrainedFlow) -> None:
    import keras

    from export.flow.fit import build

    run = flow_seed.run
    spec = run.spec
    assert (spec.parts, spec.threshold.value, spec.threshold.method) == ([], 0.5, "fixed, not from held-out records")
    assert "Constant" not in (spec.preprocessing.format.fields or [])
    mean, inverse, *layers = run.weights()
    model = build(PRESETS["seed"], len(mean))
    assert [layer.__class__.__name__ for layer in model.layers] == ["Dense", "Dense"]
    assert [layer.units for layer in model.layers] == [128, 1]
    model.set_weights(layers)
    rows_ = features_of(run)
    expected = np.asarray(model(keras.ops.convert_to_tensor((rows_ - mean) * inverse)))[:, 0]
    np.testing.assert_allclose(np.asarray(load_graph(run)(features=rows_)["score"]), expected, atol=1e-6)
    assert {"val_loss", "val_accuracy"} <= set(spec.history)
    assert (len(run.heldout(CALIBRATION_NAME)), len(run.heldout(TEST_NAME))) == (
        sum(one.kind == "" for one in run.heldout(CALIBRATION_NAME)),
        104,
    )


def test_seed_stops_early() -> None:
    seed = PRESETS["seed"]
    assert (seed.hidden, seed.epochs, seed.batch, seed.learning_rate, seed.patience) == (128, 5000, 1024, 1e-3, 2)


def test_equal_seeds_give_equal_models_and_other_ones_do_not(flow_default: TrainedFlow, tmp_path: Path) -> None:
    again = train_flow(tmp_path, flow_default.table, "--epochs", 60)
    assert (again.bundle / "model.onnx").read_bytes() == (flow_default.bundle / "model.onnx").read_bytes()
    other = run_oddline("train", "flow", flow_default.table, "-o", tmp_path / "other", "--epochs", 1, "--seed", 5)
    assert other.status == 0
    assert (tmp_path / "other" / "weights.npz").read_bytes() != (again.folder / "weights.npz").read_bytes()


def test_benign_rows_alone_teach_novelty_and_seed_refuses_them(tensorflow: None, tmp_path: Path) -> None:
    table = write_table(tmp_path / "benign.csv", rows("BENIGN", 400))
    trained = train_flow(tmp_path, table)
    assert [part.name for part in trained.run.spec.parts] == ["novelty"]
    assert trained.run.spec.threshold.target_fpr == pytest.approx(0.02)
    assert "there are no attacks to learn from: the verdict is by novelty alone" in trained.training.err
    found = score(trained.bundle, write_table(tmp_path / "scan.csv", rows("Scan", 20, seed=1)))
    assert [one["found_by"] for one in found] == [["novelty"]] * 20
    ended = run_oddline("train", "flow", table, "-o", tmp_path / "seed", "--preset", "seed")
    assert "there are no attacks to learn from, and the preset seed learns nothing else" in ended.error
    assert not (tmp_path / "seed").exists()


def test_text_that_is_too_rare_is_no_feature(tensorflow: None, tmp_path: Path) -> None:
    lines = [f"{line.rpartition(',')[0]},v{number % 100},BENIGN" for number, line in enumerate(rows("BENIGN", 400))]
    table = write_table(tmp_path / "t.csv", lines, HEADER.replace(",Label", ",Version,Label"))
    trained = train_flow(tmp_path, table)
    assert trained.run.spec.preprocessing.format.fields == FIELDS
    assert "Version: no text there is frequent enough to learn from" in trained.training.err
    assert run_oddline("verify", trained.bundle).status == 0


def test_options_of_other_detectors_and_damaged_runs_are_refused(
    flow_default: TrainedFlow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = run_oddline("train", "flow", flow_default.table, "-o", tmp_path / "run", "--vocabulary", 300)
    assert "--vocabulary: the detector flow knows no such option; leave it out" in ended.error
    ended = run_oddline("train", "flow", flow_default.table, "-o", tmp_path / "run", "--map", "Benign")
    assert "--map: 'Benign' is not LABEL=0" in ended.error
    run = flow_default.run
    monkeypatch.setattr(Run, "weights", lambda self: [np.zeros(3, np.float32)])
    with pytest.raises(SchemaError, match="the weights do not fit the network of the preset default"):
        load_graph(run)
