"""What may make an evaluation look better than it is: records that leak from training, labels that contradict, features
that give the label away.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import List, Optional

import msgspec
import numpy as np

from edge.bundle.preprocessing import FeatureEncoderSpec, Preprocessing
from export.evaluate.baselines.tables import encode_rows
from export.evaluate.inputs import keys_of
from export.evaluate.metrics import auroc
from export.evaluate.samples import Samples
from export.labels import NORMAL
from export.run import Run

SEPARATES = 0.99


class SeparatingFeature(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A feature that alone tells anomalous from normal; `auroc` is its area, the larger of both directions."""

    name: str
    auroc: float


class Audit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was looked for, and found.

    `known_normal` and `known_anomalous` are the shares of test records whose input, as the detector encodes it, stood
    in the training slice; `contradicting` is how many test records have an input that stood there with the other label
    only. All three are None for a bundle, which does not know its training records. `shared` counts the distinct inputs
    that stand on both sides of the labels of the test records, and `shared_records` the records that have them.
    `separating` are the features with an area of 0.99 or more by themselves. `trained_kinds` are the kinds of anomalies
    in the training slice, and `new_kinds` those of the test records that are not among them.
    """

    known_normal: Optional[float]
    known_anomalous: Optional[float]
    contradicting: Optional[int]
    shared: int
    shared_records: int
    separating: List[SeparatingFeature]
    trained_kinds: List[str]
    new_kinds: List[str]


def audit(samples: Samples, preprocessing: Preprocessing, run: Run | None) -> Audit:
    """The audit of test records, as the detector with this preprocessing encodes them."""
    keys = keys_of(preprocessing, samples.contents)
    anomalous = samples.anomalous
    sides = [{key for key, odd in zip(keys, anomalous, strict=True) if odd == side} for side in (False, True)]
    shared = sides[0] & sides[1]
    known_normal = known_anomalous = contradicting = None
    trained: set[str] = set()
    if run is not None:
        learnt: dict[str, set[bool]] = {}
        for one in run.labelled_inputs():
            learnt.setdefault(one.key, set()).add(one.kind != NORMAL)
            trained.add(one.kind)
        known = np.array([key in learnt for key in keys])
        known_normal = float(known[~anomalous].mean())
        known_anomalous = float(known[anomalous].mean())
        contradicting = sum(
            key in learnt and bool(odd) not in learnt[key] for key, odd in zip(keys, anomalous, strict=True)
        )
    trained -= {NORMAL}
    return Audit(
        known_normal=known_normal,
        known_anomalous=known_anomalous,
        contradicting=contradicting,
        shared=len(shared),
        shared_records=sum(key in shared for key in keys),
        separating=separating_features(samples, preprocessing),
        trained_kinds=sorted(trained),
        new_kinds=sorted(set(samples.kinds) - trained - {NORMAL}),
    )


def separating_features(samples: Samples, preprocessing: Preprocessing) -> list[SeparatingFeature]:
    """The features that alone have an area of 0.99 or more, the largest first; none where inputs are no features."""
    spec = preprocessing.encoder
    if not isinstance(spec, FeatureEncoderSpec):
        return []
    rows, sound = encode_rows(spec, samples.contents)
    odd = samples.anomalous & sound
    normal = ~samples.anomalous & sound
    if not odd.any() or not normal.any():
        return []
    found = []
    for name, column in zip(_names(spec), rows.T, strict=True):
        area = auroc(column[normal], column[odd])
        if max(area, 1 - area) >= SEPARATES:
            found.append(SeparatingFeature(name=name, auroc=max(area, 1 - area)))
    return sorted(found, key=lambda feature: (-feature.auroc, feature.name))


def _names(spec: FeatureEncoderSpec) -> list[str]:
    """The names of the columns of encoded rows."""
    return [
        name
        for feature in spec.features
        for name in (
            [feature.name]
            if feature.categories is None
            else [f"{feature.name}={category}" for category in feature.categories]
        )
    ]


def describe(found: Audit) -> list[str]:
    """The audit as sentences; what was not found is not mentioned, except that nothing was."""
    notes = []
    if found.known_normal is not None and found.known_anomalous is not None:
        notes.append(
            f"{found.known_normal:.1%} of the normal and {found.known_anomalous:.1%} of the anomalous records have an "
            "input that stood in the training part too."
        )
    if found.contradicting:
        notes.append(f"{found.contradicting:,} records have an input that was learnt with the other label only.")
    if found.shared:
        notes.append(
            f"{found.shared:,} distinct inputs ({found.shared_records:,} records) stand among the normal and among the "
            "anomalous records: no method that sees one record at a time can tell those apart."
        )
    if found.separating:
        named = _listed([f"{feature.name} ({feature.auroc:.4f})" for feature in found.separating])
        notes.append(f"Features that alone separate the classes (AUROC of {SEPARATES} or more): {named}.")
    if found.trained_kinds and found.new_kinds:
        notes.append(f"Kinds of anomalies that the training part does not hold: {_listed(found.new_kinds)}.")
    return notes


def _listed(names: Sequence[str], most: int = 8) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
