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
from edge.reading import sessions_of
from edge.reason import Reason
from edge.sequence.reader import Sessions
from export.run import Run, is_run, open_run

# Contents handed to a scorer at once: enough to share the work on equal ones, little enough to hold in memory.
_CHUNK = 1 << 16

Explain = Callable[[Sequence[str]], list[list[Reason]]]


class Scorer(Protocol):
    """Something that gives each content a score; higher is more anomalous.

    `threshold` is the score from which a record counts as anomalous.
    """

    @property
    def name(self) -> str:
        """What reports call it."""

    @property
    def preprocessing(self) -> Preprocessing:
        """How it reads raw lines."""

    @property
    def threshold(self) -> float:
        """The score from which a record counts as anomalous."""

    def score(self, contents: Sequence[str], /) -> np.ndarray:
        """float32 [n]; NaN where a content cannot be scored."""


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

    def faults(self, contents: Sequence[str], /) -> list[str]:
        """Why each of these contents cannot be scored, as its encoder says it."""
        faults: list[str] = self.inner.faults(contents)
        return faults


@dataclass(frozen=True)
class Subject:
    """A detector to evaluate, with the run that it came from where there is one.

    `sessions` says how its records are put together, and `explain` gives the reasons for the scores of contents; both
    are None where there is nothing like it.
    """

    folder: Path
    scorer: Scorer
    run: Run | None
    sessions: Sessions | None = None
    explain: Explain | None = None


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
        spec = run.spec
        model = load_scorer(run)

        def explain_run(contents: Sequence[str]) -> list[list[Reason]]:
            return [one.reasons for one in model.explain(contents, [])]

        scorer = DetectorScorer(
            _name(spec.detector, spec.preset, folder), spec.preprocessing, spec.threshold.value, model
        )
        return Subject(folder, scorer, run, sessions_of(spec.preprocessing, run.read), explain_run)
    if (folder / MANIFEST_NAME).is_file():
        from edge.runtime.detector import Detector

        bundle = load_bundle(folder)
        manifest = bundle.manifest
        detector = Detector(bundle, say=say)

        def explain_bundle(contents: Sequence[str]) -> list[list[Reason]]:
            return [one.reasons for one in detector.explain(contents)]

        name = _name(manifest.detector, manifest.preset, folder)
        scorer = DetectorScorer(name, manifest.preprocessing, detector.threshold, detector)
        return Subject(folder, scorer, None, sessions_of(manifest.preprocessing, bundle.read), explain_bundle)
    raise InputError(
        "this is neither a run nor a bundle" if folder.exists() else "there is no such folder",
        where=str(folder),
        mend="give the folder that oddline train or oddline export wrote",
    )


def score_all(scorer: Scorer, contents: Sequence[str]) -> np.ndarray:
    """float32 [n]: the scores of any number of contents; NaN where one cannot be scored.

    Raises:
        InputError: a score is infinite, as after a training that diverged.
    """
    parts = [scorer.score(contents[start : start + _CHUNK]) for start in range(0, len(contents), _CHUNK)]
    scores = np.concatenate(parts).astype(np.float32, copy=False) if parts else np.zeros(0, np.float32)
    broken = int(np.count_nonzero(np.isinf(scores)))
    if broken:
        raise InputError(f"{broken:,} of {len(scores):,} scores are infinite", where=scorer.name, mend="train it again")
    return scores


def _name(detector: str, preset: str, folder: Path) -> str:
    return f"{detector} {preset} ({folder})"
