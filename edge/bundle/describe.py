"""A bundle in words: what `inspect` shows."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence, Tuple, Union

import msgspec

from edge.bundle.folder import Bundle
from edge.bundle.manifest import Manifest, ParityStep, TensorSpec
from edge.bundle.preprocessing import Feature, FeatureEncoderSpec, SessionSpec, StepEncoderSpec, TokenEncoderSpec
from edge.errors import escape_control

Row = Tuple[str, ...]
"""One or more cells, for a table."""

_HASH_CHARACTERS = 12


def facts(bundle: Bundle) -> Dict[str, Any]:
    """Everything, for programs: the manifest as it is, its hash, and what was read from the model itself."""
    counts = bundle.facts.node_counts
    return {
        "manifest": msgspec.to_builtins(bundle.manifest),
        "manifest_sha256": bundle.manifest_sha256,
        "model": {
            "size": len(bundle.model),
            "sha256": bundle.model_sha256,
            "ir_version": bundle.facts.ir_version,
            "opsets": {domain or "ai.onnx": version for domain, version in sorted(bundle.facts.opsets.items())},
            "operators": {_operator(domain, name): counts[domain, name] for domain, name in sorted(counts)},
            "nodes": sum(counts.values()),
        },
    }


def sections(bundle: Bundle) -> List[Tuple[str, List[Row]]]:
    """Headed tables for people. All text that comes from the bundle has its control characters escaped."""
    manifest = bundle.manifest
    parts: List[Tuple[str, List[Row]]] = [
        ("bundle", _identity(manifest, bundle.manifest_sha256)),
        ("graph", _graph(bundle)),
        ("preprocessing", _preprocessing(manifest)),
        ("threshold", _threshold(manifest)),
        ("training", _training(manifest)),
        ("parity", _parity(manifest)),
        ("files", [(entry.path, f"{entry.size:,} bytes", _short(entry.sha256)) for entry in manifest.files]),
    ]
    return [(head, [tuple(escape_control(cell) for cell in row) for row in rows]) for head, rows in parts]


def _identity(manifest: Manifest, sha256: str) -> List[Row]:
    return [
        ("name", manifest.name),
        ("detector", f"{manifest.detector}, preset {manifest.preset}"),
        ("target", f"{manifest.target}, {manifest.precision}"),
        ("made by", manifest.created_by),
        ("licence", manifest.licence),
        ("manifest", f"schema version {manifest.schema_version}, sha256 {_short(sha256)}"),
    ]


def _graph(bundle: Bundle) -> List[Row]:
    model = bundle.facts
    counts = sorted(model.node_counts.items(), key=lambda item: (-item[1], item[0]))
    contributed = [f"{domain} {version}" for domain, version in sorted(model.opsets.items()) if domain]
    return [
        ("model", f"{len(bundle.model):,} bytes, sha256 {_short(bundle.model_sha256)}"),
        ("opset", ", ".join([str(model.opset), *contributed]) + f", IR version {model.ir_version}"),
        *[("input", _tensor(spec)) for spec in model.inputs],
        *[("output", _tensor(spec)) for spec in model.outputs],
        ("nodes", f"{sum(model.node_counts.values()):,}"),
        ("operators", ", ".join(f"{_operator(*operator)} {count}" for operator, count in counts)),
    ]


def _preprocessing(manifest: Manifest) -> List[Row]:
    spec = manifest.preprocessing
    line_format = spec.format
    layout = "" if line_format.layout is None else f', layout "{line_format.layout}"'
    skipped = (
        f", then without its first {line_format.skip_characters} characters" if line_format.skip_characters else ""
    )
    rows: List[Row] = [("format", f"{line_format.name}{layout}{skipped}")]
    if line_format.fields is not None and isinstance(spec.encoder, TokenEncoderSpec):
        rows.append(("fields", ", ".join(line_format.fields)))
    if spec.sessions is not None:
        rows.append(("sessions", _sessions(spec.sessions)))
    if isinstance(spec.encoder, TokenEncoderSpec):
        masks: List[Row] = [("mask", f"{mask.name}: {mask.pattern} becomes {mask.token}") for mask in spec.masks]
        return [*rows, *(masks or [("masks", "none")]), ("encoder", _token_encoder(spec.encoder))]
    return [*rows, ("encoder", _numbers(spec.encoder)), *_features(spec.encoder.features)]


def _sessions(spec: SessionSpec) -> str:
    if spec.key is not None:
        return f"records with the same {spec.key}, ended by {spec.idle_records:,} records of others"
    if spec.seconds is not None:
        return f"the records of each {spec.seconds:g} s"
    return f"{spec.length} records on end, one every {spec.step}"


def _token_encoder(encoder: TokenEncoderSpec) -> str:
    longer = (
        f"a longer one is cut into up to {encoder.max_segments} rows"
        + ("" if encoder.continuation_id is None else f", each but the first after id {encoder.continuation_id}")
        if encoder.max_segments > 1
        else "a longer one is cut"
    )
    short = (
        "a shorter content is repeated"
        if encoder.fill == "tile"
        else f"a shorter content is filled with id {encoder.pad_id}"
    )
    marked = "" if encoder.begin_id is None else f" between the ids {encoder.begin_id} and {encoder.end_id}"
    return f"rows of {encoder.length} token ids{marked}; {short}, {longer}"


def _numbers(encoder: Union[FeatureEncoderSpec, StepEncoderSpec]) -> str:
    if isinstance(encoder, StepEncoderSpec):
        return (
            f"{encoder.steps} steps of {encoder.width} numbers; of fewer lines the first steps are empty, "
            f"more are cut into up to {encoder.max_segments} inputs"
        )
    return f"{encoder.width} numbers a row"


def _features(features: Sequence[Feature]) -> List[Row]:
    numbers = [feature.name for feature in features if feature.categories is None]
    rows: List[Row] = [("numbers", ", ".join(numbers))] if numbers else []
    for feature in features:
        if feature.categories is not None:
            rows.append(("categories", f"{feature.name}: {', '.join(feature.categories)}"))
    return rows


def _threshold(manifest: Manifest) -> List[Row]:
    threshold = manifest.threshold
    budget = []
    if threshold.target_fpr is not None:
        budget.append(f"{threshold.target_fpr:.4%} false alarms")
    if threshold.alerts_per_day is not None:
        budget.append(f"{threshold.alerts_per_day:g} alerts a day")
    return [
        ("anomalous", f"score >= {threshold.value:.6g}"),
        ("chosen by", threshold.method),
        ("budget", " or ".join(budget) or "none was given"),
        ("held out", f"{threshold.records:,} normal records, which p-values come from"),
        *[("part", f"{part.name} >= {part.threshold.value:.6g}: {part.threshold.method}") for part in manifest.parts],
        (
            "expected",
            f"{threshold.expected_fpr:.4%} false alarms, 1 in {_one_in(threshold.expected_fpr)} normal records",
        ),
    ]


def _training(manifest: Manifest) -> List[Row]:
    training = manifest.training
    return [
        ("records", f"{training.records:,}, of them {training.distinct_inputs:,} distinct as the model sees them"),
        ("held out", f"{training.calibration_records:,} to calibrate, {training.test_records:,} to test"),
        ("fingerprint", training.fingerprint[:_HASH_CHARACTERS]),
        ("seed", str(training.seed)),
        *[("parameter", f"{name} = {_plain(value)}") for name, value in sorted(training.parameters.items())],
    ]


def _parity(manifest: Manifest) -> List[Row]:
    parity = manifest.parity
    return [
        ("compared on", f"{parity.records:,} held-out records and {parity.altered:,} altered copies of such"),
        *[row for step in parity.steps for row in _parity_step(step)],
        ("tolerance", f"{parity.tolerance:.2g} (relative), which oddline verify allows"),
    ]


def _parity_step(step: ParityStep) -> List[Row]:
    return [
        ("compared", f"{step.reference} with {step.compared}"),
        (
            "difference",
            f"at most {step.max_relative_difference:.2g}, median {step.median_relative_difference:.2g} (relative), "
            f"{step.flipped_verdicts} verdicts flipped ({step.flipped_records} of records), "
            f"AUROC changed by {step.auroc_change:+.2g}",
        ),
    ]


def _tensor(spec: TensorSpec) -> str:
    return f"{spec.name}: {spec.dtype} [{', '.join(map(str, spec.shape))}]"


def _operator(domain: str, name: str) -> str:
    return f"{domain}.{name}" if domain else name


def _short(sha256: str) -> str:
    return sha256[:_HASH_CHARACTERS]


def _one_in(share: float) -> str:
    return f"{1 / share:,.0f}" if share > 0 else "infinitely many"


def _plain(value: object) -> str:
    return "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
