"""Contents that are rows of a table: their fields as numbers."""

from __future__ import annotations

from typing import Dict, List, Optional, Sequence

import numpy as np

from edge.bundle.caps import BATCH_AXIS
from edge.bundle.manifest import TensorSpec
from edge.bundle.preprocessing import Feature, FeatureEncoderSpec
from edge.encoders.base import Encoded
from edge.reason import Reason
from edge.table.reader import FAULT
from edge.table.rows import split_fields
from edge.text.reasons import MOST_REASONS, SHARE_OF_ODDEST

_SHOWN_CHARACTERS = 40


class FeatureEncoder:
    """Numbers as they are, and a number for each category of a text; see `Feature`."""

    reason_output = "feature_scores"

    def __init__(self, spec: FeatureEncoderSpec) -> None:
        self._features = spec.features
        self._width = spec.width
        widths = [1 if feature.categories is None else len(feature.categories) for feature in spec.features]
        self._starts = np.cumsum([0, *widths])
        self._numeric = all(feature.categories is None for feature in spec.features)
        self._place = [
            None if feature.categories is None else {name: i for i, name in enumerate(feature.categories)}
            for feature in spec.features
        ]

    def signature(self) -> List[TensorSpec]:
        """``features`` and ``feature_scores``, float32 [batch, width] both."""
        return [
            TensorSpec(name=name, dtype="float32", shape=[BATCH_AXIS, self._width])
            for name in ("features", self.reason_output)
        ]

    def keys(self, contents: Sequence[str]) -> List[str]:
        """The contents themselves."""
        return list(contents)

    def encode(self, keys: Sequence[str]) -> Encoded:
        """A row for each content; one that holds a missing or infinite value, or no number, is faulty."""
        values = self._read_all(keys) if self._numeric else None
        faults: Dict[int, str] = {}
        if values is None:
            values = np.zeros((len(keys), self._width), np.float64)
            for row, content in enumerate(keys):
                fault = self._read_row(content, values[row])
                if fault is not None:
                    faults[row] = fault
        with np.errstate(over="ignore"):
            features = values.astype(np.float32)
        for row in np.flatnonzero(~np.isfinite(features).all(axis=1)).tolist():
            if row not in faults:
                place = int(np.flatnonzero(~np.isfinite(features[row]))[0])
                feature = self._features[int(np.searchsorted(self._starts, place, side="right")) - 1]
                faults[row] = f"{feature.name} is {_call(values[row, place])}"
        features[list(faults)] = 0.0
        return Encoded({"features": features}, np.arange(len(keys)), faults, 0)

    def explain(self, contents: Sequence[str], odd: Sequence[np.ndarray]) -> List[List[Reason]]:
        """The features of each row that count most, as ``name=value``; a category counts with all its numbers."""
        return [
            self._reasons(content, np.add.reduceat(rows.max(axis=0), self._starts[:-1]))
            for content, rows in zip(contents, odd)
        ]

    def _reasons(self, content: str, scores: np.ndarray) -> List[Reason]:
        order = np.argsort(-scores, kind="stable")[:MOST_REASONS].tolist()
        if not len(order) or not scores[order[0]] > 0:
            return []
        least = scores[order[0]] * SHARE_OF_ODDEST
        fields = split_fields(content)
        ends = np.cumsum([len(field) + 1 for field in fields]) - 1
        return [
            Reason(
                f"{self._features[place].name}={fields[place]}",
                int(ends[place]) - len(fields[place]),
                int(ends[place]),
                round(float(scores[place]), 4),
            )
            for place in order
            if scores[place] >= least
        ]

    def _read_all(self, keys: Sequence[str]) -> Optional[np.ndarray]:
        """float64 [rows, width] where every field of every row is a number, in one go; None otherwise."""
        joined = ",".join(keys)
        fields = joined.split(",")
        if (
            "_" in joined
            or len(fields) != len(keys) * self._width
            or any(key.count(",") != self._width - 1 for key in keys)
        ):
            return None
        try:
            return np.array(list(map(float, fields)), np.float64).reshape(len(keys), self._width)
        except ValueError:
            return None

    def _read_row(self, content: str, row: np.ndarray) -> Optional[str]:
        """Fill a row of zeros with a content's numbers; what is wrong with it, None when nothing is."""
        if content.startswith(FAULT):
            return content[len(FAULT) :]
        fields = split_fields(content)
        if len(fields) != len(self._features):
            return f"it holds {len(fields)} values where {len(self._features)} are expected"
        for field, feature, known, start in zip(fields, self._features, self._place, self._starts.tolist()):
            if known is not None:
                if field in known:
                    row[start + known[field]] = 1.0
                continue
            try:
                row[start] = _number(field)
            except ValueError:
                return _no_number(feature, field)
        return None


def _number(field: str) -> float:
    """Raises ValueError for what is no number; Python's own ``1_000`` is none."""
    if "_" in field:
        raise ValueError(field)
    return float(field)


def _no_number(feature: Feature, field: str) -> str:
    if not field:
        return f"{feature.name} is missing"
    shown = field if len(field) <= _SHOWN_CHARACTERS else field[:_SHOWN_CHARACTERS] + "..."
    return f"{feature.name} is {shown!r}, which is no number"


def _call(value: float) -> str:
    if np.isnan(value):
        return "missing"
    return "infinite" if np.isinf(value) else "too large"
