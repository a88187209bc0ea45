"""What the detector `flow` finds, beside logistic regression and a random forest.

    python benchmarks/quality/flow.py --data DATA [--seeds 0,1,2] [--json OUT]

DATA is a folder of real data sets, which the project does not carry: ``cicids2017_improved`` (the corrected CIC-IDS2017
flows of Engelen, Rimmer and Joosen, 2021, and Liu et al., CNS 2022), ``cicids2017_mthids_sample`` and ``nsl_kdd``. The
models are trained by the code of ``oddline train``, the baselines (scikit-learn's, standardised, with default settings)
on the same rows, and all are measured on the same test rows. A verdict is ``score >= threshold`` with the threshold of
the run, which comes from held-out benign rows; a part is one of the two scores of the preset default at its own
threshold. Baselines and the preset seed decide at a probability of one half.

The first seed is the figure to quote; the others say how much of it is chance. The preset seed is trained with the
first one only, as its epochs may be thousands.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from common import command, contents_of, environment, parser, run, say, silent, spread, trained, write

from edge.bundle.preprocessing import FeatureEncoderSpec, FormatSpec
from edge.encoders.features import FeatureEncoder
from edge.runtime.verdicts import is_anomalous
from export.dataset import LogData
from export.evaluate.terminal import table
from export.flow.splitting import by_time, shuffled
from export.flow.train import DEFAULT_SHARES, FlowTrainable, features_of
from export.labels import NORMAL
from export.run import TEST_NAME, Run
from export.trained import load_scorer
from export.training.options import TrainOptions
from export.training.trainable import Slices

SCHEMA_VERSION = 1
IMPROVED = "cicids2017_improved"
TRAINED_ON = tuple(f"{IMPROVED}/{name}.csv.gz" for name in ("BENIGN", "DoS_GoldenEye", "DoS_Slowloris"))
WANTED_NEW = ("DDoS.csv.gz", "FTP-Patator.csv.gz", "DoS_Hulk.csv.gz", "DoS_Slowhttptest.csv.gz")
OTHER_NEW = (
    *("Infiltration.csv", "Infiltration_-_Portscan.csv.gz", "Heartbleed.csv", "Web_Attack_-_Brute_Force.csv"),
    *("Web_Attack_-_SQL_Injection.csv", "Web_Attack_-_XSS.csv"),
)
MTHIDS = ("cicids2017_mthids_sample/CICIDS2017_sample.csv.gz",)
NSL_KDD = ("nsl_kdd/KDDTrain+_20Percent.txt.gz",)
EARLY_SHARES = (0.48, 0.12, 0.4)
TIGHT = 0.001

SHUFFLED = "shuffled 60/20/20"
BY_TIME = "by time: first 60 % learnt, benign 60-80 % for thresholds; test benign 80-100 %, attacks 60-100 %"
BY_TIME_ALL = "by time: first 48 % learnt, benign 48-60 % for thresholds; test all of 60-100 %"
BY_ROWS = "by the order of rows within each class, 60/20/20"


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One model on one set of test rows: counts, and shares of them."""

    task: str
    model: str
    seed: int
    benign: int
    attacks: int
    f1: float
    precision: float
    recall: float
    fpr: float


class NewClass(msgspec.Struct, frozen=True, kw_only=True):
    """The share of the rows of a class that was never trained on, which a model flags."""

    name: str
    model: str
    seed: int
    rows: int
    recall: float


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The whole experiment."""

    schema_version: int
    command: str
    environment: dict[str, str]
    seeds: list[int]
    figures: list[Figure]
    new_classes: list[NewClass]


class Shuffled(FlowTrainable):
    """Any preset on the published split."""

    def cut(self, data: LogData, options: TrainOptions) -> Slices:
        return shuffled(data, options.shares or DEFAULT_SHARES, options.seed)


class ByTime(FlowTrainable):
    """The published preset on a split by time, stopped early by a random fifth of its training rows."""

    def cut(self, data: LogData, options: TrainOptions) -> Slices:
        learnt, _, test = by_time(data, options.shares or DEFAULT_SHARES)
        inner = shuffled(learnt, (0.8, 0.2, 0.0), options.seed)
        return Slices(inner.training, inner.calibration, test)


Model = tuple[str, Callable[[list[str]], np.ndarray]]
"""A name, and what gives a verdict, bool [n], for each content."""


def main(arguments: list[str] | None = None) -> int:
    """Run the experiment; the exit status."""
    options = parser("Detection of attacks in network flows.", seeds="0,1,2").parse_args(arguments)
    return run(lambda: run_all(options.data, options.seeds, options.json), render)


def run_all(data: Path, seeds: list[int], output: Path | None) -> Result:
    """All seeds; what there is so far is written to `output` after each of them, as one takes minutes.

    Raises:
        OddlineError: a data set cannot be used, or the output not written.
    """
    figures: list[Figure] = []
    new_classes: list[NewClass] = []
    for count, seed in enumerate(seeds, 1):
        experiment(data, seed, count == 1, figures, new_classes)
        result = Result(
            schema_version=SCHEMA_VERSION,
            command=command("flow.py", seeds[:count]),
            environment=environment(),
            seeds=seeds[:count],
            figures=figures,
            new_classes=new_classes,
        )
        write(result, output)
    return result


def experiment(data: Path, seed: int, published: bool, figures: list[Figure], new_classes: list[NewClass]) -> None:
    """Add every figure of one seed; those of the preset seed if `published`.

    Raises:
        OddlineError: a data set cannot be used.
    """

    def measure(
        task: str, detector: FlowTrainable, names: tuple[str, ...], **options: Any
    ) -> tuple[list[Model], FormatSpec]:
        say(f"seed {seed}: {task}, {options.get('preset', 'default')}")
        paths = [str(data / name) for name in names]
        asked = TrainOptions(seed=seed, **options)
        with trained(detector, paths, asked) as learnt:
            models = list(_models(learnt))
            spec = learnt.spec.preprocessing.format
            test = learnt.heldout(TEST_NAME)
        if asked.preset == "default":
            models += _baselines(detector, paths, asked)
        kinds = np.array([example.kind != NORMAL for example in test])
        figures.extend(_figure(task, model, seed, [example.content for example in test], kinds) for model in models)
        return models, spec

    if published:
        measure(f"CIC-IDS2017 improved, {SHUFFLED}", FlowTrainable(), TRAINED_ON, preset="seed")
    measure(f"CIC-IDS2017 improved, {SHUFFLED}", Shuffled(), TRAINED_ON)
    measure(f"CIC-IDS2017 improved, {SHUFFLED}, for a budget of {TIGHT:.1%}", Shuffled(), TRAINED_ON, target_fpr=TIGHT)
    if published:
        measure(f"CIC-IDS2017 improved, {BY_TIME}", ByTime(), TRAINED_ON, preset="seed")
    models, spec = measure(f"CIC-IDS2017 improved, {BY_TIME}", FlowTrainable(), TRAINED_ON)
    for name in (*WANTED_NEW, *OTHER_NEW):
        contents = contents_of(data / IMPROVED / name, spec)
        new_classes.extend(_new_class(name, model, seed, contents) for model in models)
    measure(f"CIC-IDS2017 improved, {BY_TIME_ALL}", FlowTrainable(), TRAINED_ON, shares=EARLY_SHARES)
    for title, names in (("NSL-KDD 20 %", NSL_KDD), ("CIC-IDS2017 MTHIDS sample", MTHIDS)):
        if published:
            measure(f"{title}, {SHUFFLED}", FlowTrainable(), names, preset="seed")
        measure(f"{title}, {SHUFFLED}", Shuffled(), names)
        measure(f"{title}, {BY_ROWS}", FlowTrainable(), names)


def _models(run: Run) -> Iterator[Model]:
    """The verdict of a run, and those of its parts."""
    scorer = load_scorer(run)
    preset = run.spec.preset
    threshold = run.spec.threshold.value
    yield preset, lambda contents: is_anomalous(scorer.score(contents), threshold)
    for part in run.spec.parts:

        def verdicts(contents: list[str], name: str = part.name, at: float = part.threshold.value) -> np.ndarray:
            return is_anomalous(scorer.outputs(contents, [name])[0], at)

        yield f"{preset}, {part.name} alone", verdicts


def _baselines(detector: FlowTrainable, paths: list[str], options: TrainOptions) -> list[Model]:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    slices = detector.split(detector.read(paths, options, say=silent), options, say=silent)
    features = [feature for feature in features_of(slices.training) if feature is not None]
    encoder = FeatureEncoder(FeatureEncoderSpec(features=features))
    rows = encoder.encode(slices.training.contents).inputs["features"]
    attacks = np.array([kind != NORMAL for kind in slices.training.kinds])
    models = {
        "logistic regression": make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000)),
        "random forest": RandomForestClassifier(random_state=options.seed),
    }

    def verdict(model: Any) -> Callable[[list[str]], np.ndarray]:
        model.fit(rows.astype(np.float64), attacks)
        return lambda contents: model.predict(encoder.encode(contents).inputs["features"].astype(np.float64))

    return [(name, verdict(model)) for name, model in models.items()]


def _figure(task: str, model: Model, seed: int, contents: list[str], attacks: np.ndarray) -> Figure:
    from sklearn.metrics import f1_score, precision_score, recall_score

    name, verdicts = model
    found = verdicts(contents)
    return Figure(
        task=task,
        model=name,
        seed=seed,
        benign=int((~attacks).sum()),
        attacks=int(attacks.sum()),
        f1=float(f1_score(attacks, found)),
        precision=float(precision_score(attacks, found, zero_division=0.0)),
        recall=float(recall_score(attacks, found)),
        fpr=float(found[~attacks].mean()),
    )


def _new_class(file: str, model: Model, seed: int, contents: list[str]) -> NewClass:
    name, verdicts = model
    return NewClass(
        name=file.partition(".")[0],
        model=name,
        seed=seed,
        rows=len(contents),
        recall=float(verdicts(contents).mean()),
    )


def render(result: Result) -> list[str]:
    """Two tables: the first seed's figure, and in brackets the lowest and the highest of all seeds."""
    lines = []
    tasks = dict.fromkeys(figure.task for figure in result.figures)
    for task in tasks:
        of_task = [figure for figure in result.figures if figure.task == task]
        one = of_task[0]
        rows = []
        for model in dict.fromkeys(figure.model for figure in of_task):
            seeds = [figure for figure in of_task if figure.model == model]
            rows.append(
                [model, *(spread([getattr(figure, name) for figure in seeds]) for name in ("f1", "recall", "fpr"))]
            )
        heads = ["", "F1", "recall", "false positives"]
        lines += [f"{task} ({one.benign:,} benign rows, {one.attacks:,} attacks)", *table(heads, rows), ""]
    models = list(dict.fromkeys(new.model for new in result.new_classes))
    rows = []
    for name in dict.fromkeys(new.name for new in result.new_classes):
        found = [
            [new.recall for new in result.new_classes if (new.name, new.model) == (name, model)] for model in models
        ]
        rows.append([name, *map(spread, found)])
    return [*lines, f"recall on classes never trained on; {BY_TIME}", *table(["", *models], rows)]


if __name__ == "__main__":
    sys.exit(main())
