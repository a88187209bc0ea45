"""One evaluation: every detector and every baseline scores the same lines, and the report says how they compare."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge import __version__
from edge.errors import InputError
from edge.runtime.pipeline import FormatChoice
from export.evaluate import report as reports
from export.evaluate.baselines import train_baselines
from export.evaluate.metrics import CONFIDENCE, MAX_FPR, REPLICATES, auroc, measure
from export.evaluate.reading import LogFile, Material, read_material
from export.evaluate.scorers import Scorer, Subject, mask_contents, open_subject, score_all
from export.evaluate.verdict import conclude

NO_BASELINES = "A bundle holds no training texts, so the baselines are left out; evaluate the run that it came from"


@dataclass(frozen=True)
class StudyOptions:
    """What the user asked for besides paths; `compare` are further runs or bundles."""

    compare: tuple[Path, ...] = ()
    format: str | None = None
    layout: str | None = None
    year: int | None = None
    seed: int = 0


@dataclass(frozen=True)
class Scored:
    """One scorer's scores: float32, of all normal lines and of each anomalous file's lines."""

    scorer: Scorer
    kind: str
    normal: np.ndarray
    anomalous: list[np.ndarray]

    @property
    def all_anomalous(self) -> np.ndarray:
        """The anomalous scores of all files, one after the other."""
        return np.concatenate(self.anomalous)


@dataclass(frozen=True)
class Study:
    """The report, and the scores that it was made from, in the order of its rows."""

    report: reports.Report
    scored: list[Scored]


def evaluate_paths(
    folder: Path,
    normal: Sequence[str],
    anomalous: Sequence[str],
    options: StudyOptions,
    *,
    say: Callable[[str], None],
) -> Study:
    """Evaluate the run or bundle in `folder` on the lines that the paths name.

    Raises:
        InputError: a path or folder cannot be read, or holds too little.
        BundleError: a bundle must not be used.
        FormatError: the format that was asked for is wrong.
    """
    subjects = open_subjects([folder, *options.compare], say=say)
    return evaluate(subjects, read_material(normal, anomalous, say=say), options, say=say)


def open_subjects(folders: Sequence[Path], *, say: Callable[[str], None]) -> list[Subject]:
    """The runs and bundles; each folder once.

    Raises:
        InputError: a folder is neither a run nor a bundle, or is given twice.
        BundleError: a bundle must not be used.
    """
    for index, folder in enumerate(folders):
        if folder in folders[:index]:
            raise InputError("is given twice", where=str(folder), mend="compare it with another run")
    return [open_subject(folder, say=say) for folder in folders]


def evaluate(
    subjects: Sequence[Subject], material: Material, options: StudyOptions, *, say: Callable[[str], None]
) -> Study:
    """Score the material with every subject and with the baselines of the first one.

    Raises:
        InputError: scores are no finite numbers.
        FormatError: the format that was asked for is wrong.
    """
    first = subjects[0]
    detectors: list[tuple[Scorer, str]] = [(subject.scorer, reports.DETECTOR) for subject in subjects]
    baselines = [] if first.run is None else train_baselines(first.run, say=say)
    scored = [
        _score(scorer, kind, material, options, say if scorer is first.scorer else _silent)
        for scorer, kind in [*detectors, *((baseline, reports.BASELINE) for baseline in baselines)]
    ]
    distinct = _Distinct(first, material, options)
    rows = [_row(one, material, distinct, options.seed) for one in scored]
    report = reports.Report(
        schema_version=reports.REPORT_SCHEMA_VERSION,
        created_by=f"oddline {__version__}",
        subject=str(first.folder),
        seed=options.seed,
        replicates=REPLICATES,
        confidence=CONFIDENCE,
        max_fpr=MAX_FPR,
        normal=[reports.FileReport(name=file.name, lines=len(file)) for file in material.normal],
        anomalous=[reports.FileReport(name=file.name, lines=len(file)) for file in material.anomalous],
        known=distinct.known,
        shared=distinct.shared,
        rows=rows,
        baselines_left_out=NO_BASELINES if first.run is None else None,
        conclusions=conclude(rows),
    )
    return Study(report, scored)


class _Distinct:
    """Which lines are the first of their masked content, within the normal and within the anomalous lines.

    `known` is the share of normal lines whose masked content was learnt from, None where that is not known; `shared` is
    how many distinct masked contents stand on both sides.
    """

    def __init__(self, subject: Subject, material: Material, options: StudyOptions) -> None:
        scorer = subject.scorer
        choice = _choice(scorer, options)
        masked = [
            [text for file in files for text in mask_contents(scorer.preprocessing, file.contents(choice, _silent))]
            for files in (material.normal, material.anomalous)
        ]
        self.normal, self.anomalous = (_first_places(texts) for texts in masked)
        self.shared = len(set(masked[0]) & set(masked[1]))
        self.known: float | None = None
        if subject.run is not None:
            learnt = subject.run.training_inputs()
            self.known = sum(text in learnt for text in masked[0]) / len(masked[0])


def _score(scorer: Scorer, kind: str, material: Material, options: StudyOptions, say: Callable[[str], None]) -> Scored:
    choice = _choice(scorer, options)

    def score(files: Sequence[LogFile]) -> list[np.ndarray]:
        return [score_all(scorer, file.contents(choice, say)) for file in files]

    # A baseline reads as the run does, and has the contents parsed already.
    return Scored(scorer, kind, np.concatenate(score(material.normal)), score(material.anomalous))


def _row(scored: Scored, material: Material, distinct: _Distinct, seed: int) -> reports.Row:
    threshold = scored.scorer.threshold
    normal, anomalous = scored.normal, scored.all_anomalous
    return reports.Row(
        name=scored.scorer.name,
        kind=scored.kind,
        threshold=threshold,
        lines=measure(normal, anomalous, threshold, seed=seed),
        distinct=measure(normal[distinct.normal], anomalous[distinct.anomalous], threshold, seed=seed),
        files=[
            reports.FileAuroc(name=file.name, lines=len(file), auroc=auroc(normal, scores) if len(scores) else None)
            for file, scores in zip(material.anomalous, scored.anomalous, strict=True)
        ],
    )


def _choice(scorer: Scorer, options: StudyOptions) -> FormatChoice:
    return FormatChoice(scorer.preprocessing.format, options.format, options.layout, options.year)


def _first_places(texts: Sequence[str]) -> np.ndarray:
    first: dict[str, int] = {}
    for place, text in enumerate(texts):
        first.setdefault(text, place)
    return np.fromiter(first.values(), np.int64, len(first))


def _silent(_: str) -> None:
    """Say nothing."""
