"""One evaluation: every detector and every baseline scores the same records, and the report says how they compare."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edge import __version__
from edge.errors import InputError
from edge.runtime.verdicts import is_anomalous
from export.evaluate import report as reports
from export.evaluate.audit import audit
from export.evaluate.baselines.registry import train_baselines
from export.evaluate.bootstrap import CONFIDENCE, REPLICATES, Side
from export.evaluate.heldout import HeldOut
from export.evaluate.inputs import ReadInputs, first_places, number
from export.evaluate.metrics import MAX_FPR, auroc, measure
from export.evaluate.reading import Material, Reading, Say, read_labelled, read_normal_and_anomalous
from export.evaluate.samples import Samples
from export.evaluate.scorers import DetectorScorer, Scorer, Subject, open_subject, score_all
from export.evaluate.tradeoff import trade_offs
from export.evaluate.verdict import conclude
from export.evaluate.worst import worst_errors
from export.labelled import Labelling
from export.labels import NORMAL

NO_BASELINES = "A bundle holds no training records, so the baselines are left out; evaluate the run that it came from"


@dataclass(frozen=True)
class StudyOptions:
    """What the user asked for besides paths; `compare` are further runs or bundles."""

    compare: tuple[Path, ...] = ()
    format: str | None = None
    layout: str | None = None
    year: int | None = None
    seed: int = 0
    base_rate: float | None = None


@dataclass(frozen=True)
class Scored:
    """One scorer's scores, float32 [n], of the records that it could score; `clusters`: which of them are equal."""

    scorer: Scorer
    kind: str
    samples: Samples
    scores: np.ndarray
    clusters: np.ndarray
    unscored: int

    @property
    def normal(self) -> np.ndarray:
        """The scores of the normal records, float32."""
        picked: np.ndarray = self.scores[~self.samples.anomalous]
        return picked

    @property
    def anomalous(self) -> np.ndarray:
        """The scores of the anomalous records, float32."""
        picked: np.ndarray = self.scores[self.samples.anomalous]
        return picked


@dataclass(frozen=True)
class Study:
    """The report, and the scores that it was made from, in the order of its rows."""

    report: reports.Report
    scored: list[Scored]


@dataclass(frozen=True)
class Wanted:
    """What to evaluate on: normal and anomalous paths, or labelled ones; without any, the run's own test slice."""

    normal: Sequence[str] = ()
    anomalous: Sequence[str] = ()
    labelled: Sequence[str] = ()
    labelling: Labelling = field(default_factory=Labelling)


def evaluate_paths(folder: Path, wanted: Wanted, options: StudyOptions, *, say: Callable[[str], None]) -> Study:
    """Evaluate the run or bundle in `folder` on the records that are wanted.

    Raises:
        InputError: a path or folder cannot be read, or holds too little.
        BundleError: a bundle must not be used.
        FormatError: the format that was asked for is wrong.
    """
    subjects = open_subjects([folder, *options.compare], say=say)
    return evaluate(subjects, _material(subjects[0], wanted, options, say), options, say=say)


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


def _material(first: Subject, wanted: Wanted, options: StudyOptions, say: Say) -> Material:
    if wanted.labelled:
        return read_labelled(wanted.labelled, wanted.labelling, say=say)
    if wanted.normal or wanted.anomalous:
        return read_normal_and_anomalous(wanted.normal, wanted.anomalous, say=say)
    if first.run is None:
        raise InputError(
            "a bundle keeps no records for tests",
            where=str(first.folder),
            mend="give --normal and --anomalous, or --labelled",
        )
    say("evaluating on the records that the run kept for tests")
    return HeldOut.of(first.run, _reading(first, options))


def evaluate(subjects: Sequence[Subject], material: Material, options: StudyOptions, *, say: Say) -> Study:
    """Score the material with every subject and with the baselines of the first one.

    Raises:
        InputError: scores are infinite, or there are too few records.
        FormatError: the format that was asked for is wrong.
    """
    first = subjects[0]
    own = material.samples(_reading(first, options), say)
    own.check(_names(material), by_column=material.by_column)
    scored = [_score(first.scorer, reports.DETECTOR, own, say)]
    kept = scored[0].samples
    for subject in subjects[1:]:
        samples = material.samples(_reading(subject, options), _silent)
        samples.check(_names(material), by_column=material.by_column)
        scored.append(_score(subject.scorer, reports.DETECTOR, samples, say))
    baselines = [] if first.run is None else train_baselines(first.run, say=say)
    # What the detector cannot score counts for none of its baselines.
    scored += [_score(baseline, reports.BASELINE, kept, say) for baseline in baselines]
    report_audit = audit(kept, first.scorer.preprocessing, first.run)
    trained = set(report_audit.trained_kinds) or None
    rows = [_row(one, options, trained) for one in scored]
    per_day = kept.kinds.count(NORMAL) / kept.days if kept.days else None
    threshold = first.scorer.threshold
    report = reports.Report(
        schema_version=reports.REPORT_SCHEMA_VERSION,
        created_by=f"oddline {__version__}",
        subject=str(first.folder),
        origin=material.origin,
        sources=[reports.SourceReport(name=name, lines=lines) for name, lines in material.parts()],
        unlabelled=own.unlabelled,
        seed=options.seed,
        replicates=REPLICATES,
        confidence=CONFIDENCE,
        max_fpr=MAX_FPR,
        base_rate=options.base_rate,
        normal_per_day=per_day,
        rows=rows,
        baselines_left_out=NO_BASELINES if first.run is None else None,
        audit=report_audit,
        trade_offs=trade_offs(
            scored[0].normal, scored[0].anomalous, threshold, base_rate=options.base_rate, per_day=per_day
        ),
        worst=worst_errors(kept, scored[0].scores, scored[0].clusters, threshold, first.explain),
        history={} if first.run is None else first.run.spec.history,
        conclusions=conclude(rows),
    )
    return Study(report, scored)


def _reading(subject: Subject, options: StudyOptions) -> Reading:
    return Reading(subject.scorer.preprocessing, subject.sessions, options.format, options.layout, options.year)


def _score(scorer: Scorer, kind: str, samples: Samples, say: Say) -> Scored:
    scores = score_all(scorer, samples.contents)
    known = ~np.isnan(scores)
    unscored = int(np.count_nonzero(~known))
    if unscored:
        first = int(np.flatnonzero(~known)[0])
        fault = scorer.faults([samples.contents[first]])[0] if isinstance(scorer, DetectorScorer) else ""
        why = f"; the first is {samples.places[first]}" + (f": {fault}" if fault else "")
        say(f"{unscored:,} of {len(scores):,} records cannot be scored by {scorer.name}, and are left out{why}")
        samples, scores = samples.pick(np.flatnonzero(known).tolist()), scores[known]
        samples.check(scorer.name, unscored=unscored)
    # Equal inputs to the baselines count as equal for all: numbers and addresses are no new evidence.
    clusters = number(ReadInputs(scorer.preprocessing).of_contents(samples.contents))
    return Scored(scorer, kind, samples, scores, clusters, unscored)


def _row(scored: Scored, options: StudyOptions, trained: set[str] | None) -> reports.Row:
    anomalous = scored.samples.anomalous
    sides = [
        Side(scored.scores[mask], np.unique(scored.clusters[mask], return_inverse=True)[1])
        for mask in (~anomalous, anomalous)
    ]
    once = [
        Side(side.scores[first], np.arange(len(first))) for side in sides if len(first := first_places(side.clusters))
    ]
    threshold = scored.scorer.threshold
    return reports.Row(
        name=scored.scorer.name,
        kind=scored.kind,
        threshold=threshold,
        unscored=scored.unscored,
        records=measure(sides[0], sides[1], threshold, seed=options.seed, base_rate=options.base_rate),
        distinct=measure(once[0], once[1], threshold, seed=options.seed, base_rate=options.base_rate),
        kinds=_kinds(scored, trained),
    )


def _kinds(scored: Scored, trained: set[str] | None) -> list[reports.KindFigures]:
    kinds = np.array(scored.samples.kinds)
    found = []
    for kind in dict.fromkeys(name for name in scored.samples.kinds if name != NORMAL):
        scores = scored.scores[kinds == kind]
        found.append(
            reports.KindFigures(
                name=kind,
                records=len(scores),
                recall=float(is_anomalous(scores, scored.scorer.threshold).mean()),
                auroc=auroc(scored.normal, scores),
                trained=None if trained is None else kind in trained,
            )
        )
    return found


def _names(material: Material) -> str:
    names = [name for name, _ in material.parts()]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _silent(_: str) -> None:
    """Say nothing."""
