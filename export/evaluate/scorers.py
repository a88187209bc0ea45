"""What can be evaluated: runs in TensorFlow, bundles in ONNX Runtime, and baselines, all behind one protocol."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from edge.bundle.folder import load_bundle
from edge.bundle.manifest import MANIFEST_NAME
from edge.bundle.preprocessing import Preprocessing
from edge.errors import InputError
from edge.text.masks import Masker
from export.run import Run, is_run, open_run

# Contents handed to a scorer at once: enough to share the work on equal ones, little enough to hold in memory.
_CHUNK = 1 << 16


class Scorer(Protocol):
    """Something that gives each content a score; higher is more anomalous.

    `threshold` is the score from which a line counts as anomalous.
    """

    @property
    def name(self) -> str:
        """What reports call it."""

    @property
    def preprocessing(self) -> Preprocessing:
        """How it reads raw lines."""

    @property
    def threshold(self) -> float:
        """The score from which a line counts as anomalous."""

    def score(self, contents: Sequence[str], /) -> np.ndarray:
        """float32 [n]."""


@dataclass(frozen=True)
class DetectorScorer:
    """A trained detector: `inner` is the Keras model of a run, or a bundle's `Detector`."""

    name: str
    preprocessing: Preprocessing
    threshold: float
    inner: Any

    def score(self, contents: Sequence[str], /) -> np.ndarray:
        """float32 [n]."""
        scores: np.ndarray = self.inner.score(contents)
        return scores


@dataclass(frozen=True)
class Subject:
    """A detector to evaluate, with the run that it came from where there is one."""

    folder: Path
    scorer: Scorer
    run: Run | None


def open_subject(folder: Path, *, say: Callable[[str], None]) -> Subject:
    """The run or bundle in a folder.

    Raises:
        InputError: the folder is neither.
        SchemaError: the run is damaged.
        BundleError: the bundle must not be used.
    """
    if is_run(folder):
        from export.trained import load_scorer

        run = open_run(folder)
        name = f"{run.spec.detector} {run.spec.preset} ({folder})"
        inner = load_scorer(run)
        return Subject(folder, DetectorScorer(name, run.spec.preprocessing, run.spec.threshold.value, inner), run)
    if (folder / MANIFEST_NAME).is_file():
        from edge.runtime.detector import Detector

        bundle = load_bundle(folder)
        manifest = bundle.manifest
        name = f"{manifest.detector} {manifest.preset} ({folder})"
        detector = Detector(bundle, say=say)
        return Subject(folder, DetectorScorer(name, manifest.preprocessing, detector.threshold, detector), None)
    raise InputError(
        "this is neither a run nor a bundle" if folder.exists() else "there is no such folder",
        where=str(folder),
        mend="give the folder that oddline train or oddline export wrote",
    )


def mask_contents(preprocessing: Preprocessing, contents: Sequence[str]) -> list[str]:
    """The contents as the tokenizer sees them."""
    skip = preprocessing.format.skip_characters
    return Masker(preprocessing.masks).apply([content[skip:] for content in contents])


def score_all(scorer: Scorer, contents: Sequence[str]) -> np.ndarray:
    """float32 [n]: the scores of any number of contents.

    Raises:
        InputError: a score is not finite, as after a training that diverged.
    """
    parts = [scorer.score(contents[start : start + _CHUNK]) for start in range(0, len(contents), _CHUNK)]
    scores = np.concatenate(parts).astype(np.float32, copy=False) if parts else np.zeros(0, np.float32)
    broken = int(np.count_nonzero(~np.isfinite(scores)))
    if broken:
        raise InputError(
            f"{broken:,} of {len(scores):,} scores are no finite numbers", where=scorer.name, mend="train it again"
        )
    return scores
