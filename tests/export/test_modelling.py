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

Oddline = Callable[..., Ended]


def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """No flip is allowed, and every difference is a flip."""
    monkeypatch.setattr(modelling, "limits_for", lambda precision, flips: limits(precision, flips))


def limits(precision: str, flips: float | None) -> Limits:
    return Limits(1e-5 if precision == "fp32" else 1e-9, flips or 0.0, None)


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
    assert (second.reference, second.compared) == ("ONNX Runtime, fp32, CPU", f"ONNX Runtime, {precision}, CPU")
    assert first.max_relative_difference < 1e-5 < second.max_relative_difference < manifest.parity.tolerance
    assert manifest.parity.max_flips is None
    assert f"ONNX Runtime, fp32, CPU with ONNX Runtime, {precision}, CPU: largest" in ended.out
    assert oddline("verify", tmp_path / "b", "--provider", "cpu").status == 0


def test_a_precision_that_no_layer_bears_is_refused(
    trained: Trained, oddline: Oddline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict(monkeypatch)
    ended = oddline("export", trained.folder, "-o", tmp_path / "b", "--precision", "int8")
    error = ended.error
    assert "no layer of the model bears int8; with all of them: a relative difference of " in error
    assert "; worst: " in error
    assert " scores " in error
    assert error.endswith("export with --precision fp32, or raise the limit with --max-flips")
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
    ended = oddline("export", trained.folder, "-o", tmp_path / "b", "--precision", "int8")
    assert ended.status == 0, ended.err
    assert "int8 throughout is too much (" in ended.err
    assert "1 of 24 layers stay in float32, so that verdicts do" in ended.err
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


@pytest.mark.parametrize("share", ["-0.1", "1.1", "many"])
def test_a_share_is_between_nothing_and_all(trained: Trained, oddline: Oddline, tmp_path: Path, share: str) -> None:
    assert oddline("export", trained.folder, "-o", tmp_path / "b", "--max-flips", share).status == 2


def test_an_embedding_is_folded_unless_told_otherwise(trained_seed: Trained, oddline: Oddline, tmp_path: Path) -> None:
    manifest = load_bundle(trained_seed.bundle).manifest
    assert len(manifest.conversion.folded) == 1
    assert "folded: embedding of 300 tokens" in trained_seed.export.out
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

    monkeypatch.setattr(modelling, "layer_names", lambda *_, **__: [])
    with pytest.raises(ParityError, match="the model has no layer that int8 is for; export with --precision fp32"):
        export_bundle(trained.run, Path("never"), ExportOptions("b", precision="int8"), say=lambda _: None)


def test_known_scores_are_compared_with_those_of_the_run() -> None:
    class Two:
        numbers = np.array([0, 2])

    assert modelling.check_scores([1.0, None, 2.0], np.float32([1.0, 2.0]), Two(), 1.0)
    assert not modelling.check_scores([1.0, None, 2.1], np.float32([1.0, 2.0]), Two(), 1.0)
    assert modelling.check_scores([None, 5.0, None], np.float32([1.0, 2.0]), Two(), 1.0)
