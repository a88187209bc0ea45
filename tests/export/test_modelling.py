"""A model is written only when it is proven: what fails, what is said, and what the manifest states of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Sequence

import numpy as np
import pytest
from workstation import Ended, Trained

import export.modelling as modelling
from edge.bundle.folder import load_bundle
from edge.errors import ParityError
from export.parity.limits import Limits
from export.precision.lower import Layers

Oddline = Callable[..., Ended]


def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """No flip is allowed, and every difference is a flip."""
    monkeypatch.setattr(modelling, "limits_for", limits)


def limits(precision: str, flips: float | None = None) -> Limits:
    return Limits(1e-5 if precision == "fp32" else 1e-9, flips or 0.0, None)


def few_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the first four layers can be lowered: a search through all takes long, and shows no more."""
    whole = modelling.find_layers

    def found(model: Any, **options: str) -> Layers:
        layers = whole(model, **options)
        return Layers(layers.all[:4], layers.able[:4])

    monkeypatch.setattr(modelling, "find_layers", found)


@pytest.mark.parametrize("precision", ["fp16", "int8"])
@pytest.mark.parametrize("target", ["xavier-jp5", "cpu"])
def test_a_lower_precision_is_proven_and_recorded(
    trained: Trained, oddline: Oddline, tmp_path: Path, target: str, precision: str
) -> None:
    ended = oddline("export", trained.folder, "-o", tmp_path / "b", "--target", target, "--precision", precision)
    assert ended.status == 0, ended.err
    manifest = load_bundle(tmp_path / "b").manifest
    assert (manifest.precision, manifest.target) == (precision, target)
    first, second = manifest.parity.steps
    assert (first.reference, first.compared) == ("Keras, float32", "ONNX Runtime, fp32, CPU")
    rounded = ", rounded as on a GPU" if precision == "fp16" else ""
    computed = f"ONNX Runtime, {precision}, CPU{rounded}"
    assert (second.reference, second.compared) == ("ONNX Runtime, fp32, CPU", computed)
    assert first.max_relative_difference < 1e-5 < second.max_relative_difference < manifest.parity.tolerance
    assert manifest.parity.max_flips is None
    assert f"ONNX Runtime, fp32, CPU with {computed}: largest" in ended.out
    assert oddline("verify", tmp_path / "b", "--provider", "cpu").status == 0


def test_a_precision_that_no_layer_bears_is_refused(
    trained: Trained, oddline: Oddline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict(monkeypatch)
    few_layers(monkeypatch)
    ended = oddline("export", trained.folder, "-o", tmp_path / "b", "--precision", "int8")
    error = ended.error
    assert "no layer of the model bears int8; with all of them: a relative difference of " in error
    assert "; worst: " in error
    assert " scores " in error
    assert error.endswith("; export with --precision fp32"), "more flips would not mend it"
    assert not (tmp_path / "b").exists()


def test_layers_that_do_not_bear_it_stay_in_float32(
    trained: Trained, oddline: Oddline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnx

    whole = modelling.lower

    def spoilt(model: Any, *, chosen: Sequence[str], **others: Any) -> Any:
        """The first layer, lowered, makes other scores altogether."""
        lowered = whole(model, chosen=chosen, **others)
        if first in chosen:
            constant = next(one for one in lowered.graph.initializer if one.name == bias)
            constant.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(constant) + 50.0, bias))
        return lowered

    model = onnx.load(trained.bundle / "model.onnx")
    node = next(node for node in model.graph.node if node.op_type == "Gemm")
    first, bias = node.name, node.input[2]
    monkeypatch.setattr(modelling, "lower", spoilt)
    few_layers(monkeypatch)
    ended = oddline("export", trained.folder, "-o", tmp_path / "b", "--precision", "int8")
    assert ended.status == 0, ended.err
    assert "int8 throughout is too much (" in ended.err
    assert "1 of 4 layers stay in float32, so that verdicts do" in ended.err
    manifest = load_bundle(tmp_path / "b").manifest
    (left,) = manifest.conversion.float32_nodes
    lowered = onnx.load(tmp_path / "b" / "model.onnx")
    made_by = {name: node.op_type for node in lowered.graph.node for name in node.output}
    (kept,) = [node for node in lowered.graph.node if node.name == left]
    assert made_by.get(kept.input[0]) != "DequantizeLinear", "the name is that of the node in the bundle's own graph"


def test_a_limit_can_be_raised_on_purpose_and_the_manifest_says_so(
    trained: Trained, oddline: Oddline, tmp_path: Path
) -> None:
    ended = oddline("export", trained.folder, "-o", tmp_path / "b", "--precision", "int8", "--max-flips", "0.5")
    assert ended.status == 0, ended.err
    assert load_bundle(tmp_path / "b").manifest.parity.max_flips == 0.5


@pytest.mark.parametrize("share", ["-0.1", "1.1", "many", "0.001"])
def test_a_share_is_between_the_limit_and_all(trained: Trained, oddline: Oddline, tmp_path: Path, share: str) -> None:
    assert (
        oddline("export", trained.folder, "-o", tmp_path / "b", "--precision", "int8", "--max-flips", share).status == 2
    )


def test_an_embedding_is_folded_unless_told_otherwise(trained_seed: Trained, oddline: Oddline, tmp_path: Path) -> None:
    manifest = load_bundle(trained_seed.bundle).manifest
    assert len(manifest.conversion.folded) == 1
    assert "folded: embedding of 30,000 tokens, 256 wide, and convolution of 2 taps" in trained_seed.export.out
    ended = oddline("export", trained_seed.folder, "-o", tmp_path / "b", "--no-fold")
    assert ended.status == 0, ended.err
    plain = load_bundle(tmp_path / "b")
    assert plain.manifest.conversion.folded == []
    assert plain.facts.node_counts[("", "Conv")] == 3
    folded = load_bundle(trained_seed.bundle)
    assert folded.facts.node_counts[("", "Conv")] == 2
    assert len(folded.model) < len(plain.model)


def test_a_model_without_layers_for_it_is_refused(monkeypatch: pytest.MonkeyPatch, trained: Trained) -> None:
    from export.bundling import ExportOptions, export_bundle

    monkeypatch.setattr(modelling, "find_layers", lambda *_, **__: Layers([], []))
    with pytest.raises(ParityError, match="the model has no layer that int8 is for; export with --precision fp32"):
        export_bundle(trained.run, Path("never"), ExportOptions("b", precision="int8"), say=lambda _: None)


def test_known_scores_are_compared_with_those_of_the_run() -> None:
    class Two:
        numbers = np.array([0, 2])

    assert modelling.check_scores([1.0, None, 2.0], np.float32([1.0, 2.0]), Two(), 1.0)
    assert not modelling.check_scores([1.0, None, 2.1], np.float32([1.0, 2.0]), Two(), 1.0)
    assert modelling.check_scores([None, 5.0, None], np.float32([1.0, 2.0]), Two(), 1.0)


def test_flips_are_allowed_between_precisions_and_not_before(
    trained: Trained, oddline: Oddline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Raised for int8, the limit of the conversion to fp32 stays."""
    whole = modelling.convert

    def spoilt(graph: Any, *, target: str) -> Any:
        import onnx

        model = whole(graph, target=target)
        for node in model.graph.node:
            node.output[:] = ["inner" if name == "score" else name for name in node.output]
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.float32(1.0 + 5e-6), "factor"))
        model.graph.node.append(onnx.helper.make_node("Mul", ["inner", "factor"], ["score"]))
        return model

    monkeypatch.setattr(modelling, "convert", spoilt)
    asked: list[tuple[str, float | None]] = []
    usual = modelling.limits_for

    def noted(precision: str, flips: float | None = None) -> Limits:
        asked.append((precision, flips))
        return usual(precision, flips)

    monkeypatch.setattr(modelling, "limits_for", noted)
    ended = oddline("export", trained.folder, "-o", tmp_path / "b", "--precision", "int8", "--max-flips", "0.5")
    assert ended.status == 0, ended.err
    assert ("fp32", None) in asked
    assert ("fp32", 0.5) not in asked


def test_a_limit_that_is_not_raised_is_not_said_to_be(trained: Trained, oddline: Oddline, tmp_path: Path) -> None:
    ended = oddline("export", trained.folder, "-o", tmp_path / "b", "--max-flips", "0")
    assert ended.status == 0, ended.err
    assert load_bundle(tmp_path / "b").manifest.parity.max_flips is None


def test_golden_records_keep_away_from_the_threshold(trained: Trained, oddline: Oddline, tmp_path: Path) -> None:
    from edge.bundle.golden import decode_golden
    from edge.runtime.verifying import relative_differences

    ended = oddline("export", trained.folder, "-o", tmp_path / "b", "--precision", "int8")
    assert ended.status == 0, ended.err
    manifest = load_bundle(tmp_path / "b").manifest
    golden = decode_golden((tmp_path / "b" / "golden.jsonl").read_bytes(), "golden")
    scores = [one.score for one in golden if one.score is not None]
    threshold = manifest.threshold.value
    away = relative_differences(scores, np.full(len(scores), threshold), threshold)
    assert away.min() > manifest.parity.tolerance
    assert len(golden) < len(decode_golden((trained.bundle / "golden.jsonl").read_bytes(), "golden"))


def test_without_a_self_test_there_is_no_bundle(
    trained: Trained, oddline: Oddline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("export.bundling._LEAST_GOLDEN", 10_000)
    ended = oddline("export", trained.folder, "-o", tmp_path / "b", "--precision", "int8")
    assert "int8 moves scores so far that no self-test could be made of the held-out records" in ended.error
    assert not (tmp_path / "b").exists()
