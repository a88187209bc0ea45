"""The detector `flow`, as something that can be trained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from msgspec.structs import replace

from edge.bundle.preprocessing import Feature, FeatureEncoderSpec, Preprocessing
from edge.encoders.features import FeatureEncoder
from edge.errors import InputError, TooLittleDataError
from edge.table.rows import join_fields, split_fields
from export.dataset import LogData
from export.flow.columns import feature_of
from export.flow.fit import fit_classifier
from export.flow.models import graph_of, load_graph
from export.flow.novelty import arrays_of, fit_mixture, fit_scaling
from export.flow.presets import ATTACK, NOVELTY, PRESETS, SEED, SEED_THRESHOLD, FlowPreset, budgets
from export.flow.reading import read_flows
from export.flow.splitting import by_time, shuffled
from export.labels import NORMAL, LabelMap
from export.run import Run
from export.training.options import DEFAULT_TARGET_FPR, TrainOptions
from export.training.trainable import Fitted, Progress, Slices

History = dict[str, list[float]]
DEFAULT_SHARES = (0.6, 0.2, 0.2)
FEW_BENIGN = 1000
"""Below this the novelty finds little: it was measured with thousands (see `docs/detectors/flow.md`)."""


class FlowTrainable:
    """Learns from labelled rows of a table, or from benign ones alone."""

    name = "flow"
    knows = frozenset({"label_column", "labels", "header", "fields"})

    def check(self, options: TrainOptions) -> None:
        """Refuse labels that cannot be understood."""
        if options.labels is not None:
            LabelMap.parse(options.labels)

    def read(self, paths: Sequence[str], options: TrainOptions, *, say: Callable[[str], None]) -> LogData:
        """The rows of the tables."""
        return read_flows(paths, options, drop_constant=not PRESETS[options.preset].novelty, say=say)

    def split(self, data: LogData, options: TrainOptions, *, say: Callable[[str], None]) -> Slices:
        """The cut rows, without columns that nothing can be learnt from."""
        if options.preset == SEED.name:
            say("the rows are shuffled before they are cut, as published: their order and times do not matter")
        return _without_rare(self.cut(data, options), say)

    def cut(self, data: LogData, options: TrainOptions) -> Slices:
        """Shuffled for `seed`, as published; by time otherwise."""
        shares = options.shares or DEFAULT_SHARES
        if options.preset == SEED.name:
            return shuffled(data, shares, options.seed)
        return by_time(data, shares)

    def load_graph(self, run: Run) -> Any:
        """See `export.flow.models`."""
        return load_graph(run)

    def fit(self, slices: Slices, options: TrainOptions, *, say: Callable[[str], None], progress: Progress) -> Fitted:
        """The scales, the mixture where the preset has one, and the classifier where there are attacks."""
        preset = PRESETS[options.preset]
        attacks = len(slices.training) - slices.training.kinds.count(NORMAL)
        if not attacks and not preset.novelty:
            raise InputError(
                f"there are no attacks to learn from, and the preset {preset.name} learns nothing else",
                mend="give rows of attacks too, or take --preset default, which learns what is normal",
            )
        features = [feature for feature in features_of(slices.training) if feature is not None]
        encoder = FeatureEncoder(FeatureEncoderSpec(features=features))
        say(f"learning from {len(slices.training):,} rows ({attacks:,} of them attacks) of {len(features)} features")
        fit = _fit_default if preset.novelty else _fit_seed
        weights, network, history = fit(preset, slices, encoder, options, say, progress)
        parts = ((ATTACK,) if attacks else ()) + (NOVELTY,) if preset.novelty else ()
        shares, target_fpr = budgets(parts)
        return Fitted(
            preprocessing=Preprocessing(
                format=slices.training.format, masks=[], sessions=None, encoder=FeatureEncoderSpec(features=features)
            ),
            files={},
            network=network,
            weights=weights,
            inputs=Counter(encoder.keys(slices.training.contents)),
            graph=lambda thresholds: graph_of(preset.name, weights, dict(zip(parts, thresholds, strict=True))),
            parameters={
                "features": len(features),
                "attacks": attacks,
                "epochs": len(history.get("loss", [])),
                "batch": preset.batch,
            },
            parts=parts,
            fixed_threshold=None if preset.novelty else SEED_THRESHOLD,
            budgets=shares,
            target_fpr=target_fpr or DEFAULT_TARGET_FPR,
            history=history,
        )


def features_of(training: LogData) -> list[Feature | None]:
    """What each field of the rows becomes; None for text of which no value is frequent enough to learn from."""
    columns = zip(*map(split_fields, training.contents), strict=True)
    return [feature_of(name, values) for name, values in zip(training.format.fields or [], columns, strict=True)]


def _without_rare(slices: Slices, say: Callable[[str], None]) -> Slices:
    """The slices without the columns of text that nothing can be learnt from."""
    names = slices.training.format.fields or []
    found = features_of(slices.training)
    kept = [place for place, feature in enumerate(found) if feature is not None]
    if len(kept) == len(names):
        return slices
    rare = [name for name, feature in zip(names, found, strict=True) if feature is None]
    say(f"{', '.join(rare)}: no text there is frequent enough to learn from, and they are no features")
    if not kept:
        raise TooLittleDataError("no column is left to be a feature", mend="give more rows, or other --fields")
    return Slices(*(_keep(part, kept) for part in slices))


def _keep(data: LogData, places: Sequence[int]) -> LogData:
    part = data.pick(range(len(data)))
    part.format = replace(part.format, fields=[(part.format.fields or [])[place] for place in places])
    rows = map(split_fields, part.contents)
    part.contents = [join_fields([fields[place] for place in places]) for fields in rows]
    return part


def _encode(encoder: FeatureEncoder, data: LogData) -> tuple[np.ndarray, np.ndarray]:
    """The features, float32 [n, width], and whether each row is an attack, float32 [n]."""
    encoded = encoder.encode(encoder.keys(data.contents))
    if encoded.faults:
        place, fault = next(iter(encoded.faults.items()))
        raise InputError(f"a row cannot be learnt from: {fault}", where=data.contents[place])
    return encoded.inputs["features"], np.array([kind != NORMAL for kind in data.kinds], np.float32)


def _fit_default(
    preset: FlowPreset,
    slices: Slices,
    encoder: FeatureEncoder,
    options: TrainOptions,
    say: Callable[[str], None],
    progress: Progress,
) -> tuple[list[np.ndarray], dict[str, int], History]:
    rows, attacks = _encode(encoder, slices.training)
    benign = rows[attacks == 0]
    if len(benign) < FEW_BENIGN:
        say(
            f"only {len(benign):,} normal rows to learn from: what is unlike them is found badly with fewer than "
            f"{FEW_BENIGN:,}, and false alarms are more than asked for"
        )
    scaling = fit_scaling(benign)
    mixture = fit_mixture(scaling(benign), options.seed)
    weights = [*arrays_of(scaling), *arrays_of(mixture)]
    network = {
        "width": rows.shape[1],
        "axes": len(mixture.restore),
        "components": len(mixture.peaks),
        "hidden": 0,
    }
    if not attacks.any():
        say("there are no attacks to learn from: the verdict is by novelty alone")
        return weights, network, {}
    epochs = options.epochs or preset.epochs
    inputs = scaling(rows).astype(np.float32)
    layers, history = fit_classifier(preset, inputs, attacks, epochs=epochs, seed=options.seed, progress=progress)
    return [*weights, *layers], {**network, "hidden": preset.hidden}, history


def _fit_seed(
    preset: FlowPreset,
    slices: Slices,
    encoder: FeatureEncoder,
    options: TrainOptions,
    say: Callable[[str], None],  # noqa: ARG001  (the other preset's)
    progress: Progress,
) -> tuple[list[np.ndarray], dict[str, int], History]:
    rows, attacks = _encode(encoder, slices.training)
    exact = rows.astype(np.float64)
    deviation = exact.std(axis=0)
    mean = exact.mean(axis=0).astype(np.float32)
    # A column that varies in other slices only.
    inverse = (1.0 / np.where(deviation > 1e-30, deviation, 1.0)).astype(np.float32)
    held_out, held_out_attacks = _encode(encoder, slices.calibration)
    layers, history = fit_classifier(
        preset,
        (rows - mean) * inverse,
        attacks,
        epochs=options.epochs or preset.epochs,
        seed=options.seed,
        progress=progress,
        validation=((held_out - mean) * inverse, held_out_attacks),
    )
    return [mean, inverse, *layers], {"width": rows.shape[1], "hidden": preset.hidden}, history
