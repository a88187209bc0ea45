"""What the detector `sequence` finds, beside methods that need no training to speak of.

    python benchmarks/quality/sequence.py --data DATA [--seeds 0] [--only hdfs,hadoop,bgl,robust] [--json OUT]

DATA is a folder of real data sets, which the project does not carry. ``hdfs_deeplog``: the sessions of Du et al.
(DeepLog, CCS 2017): 4,855 normal ones are learnt; tested are all 16,838 abnormal ones, and 10,000 other normal ones
(the published 553,366 are not at hand), so precision and F1 are those of the real base rate, 16,838 in 570,204.
``hadoop_sequences``: 17 normal sessions are learnt. ``bgl_100k_events``: windows of 20 events, normal ones of a random
half are learnt and the other half tested. ``robust_log_*`` of ``hdfs_deeplog``: labelled sessions.

The models are trained by the code of ``oddline train``. Thresholds come from the training part alone, for a budget of
0.1 % of normal sessions (1 % for BGL, whose part is small): the model's from models that had not seen the sessions, and
those of the graded methods likewise from four blocks, each rated by what was learnt from the others. `best_f1` is what
the best threshold, chosen on the test data, would give, to tell a bad threshold from a bad score. The row `ORACLE` is
told the labels, and still has to rate equal sessions equally: nothing that judges one session at a time is better.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
from common import command, environment, parser, raw_lines, run, say, silent, trained, write

from edge.bundle.preprocessing import Preprocessing
from edge.runtime.verdicts import is_anomalous
from export.evaluate.base_rate import f1_at, precision_at
from export.evaluate.baselines.base import Baseline, ExactMatch
from export.evaluate.baselines.sessions import CountRegression, EventCounts, EventTrigrams, SessionLength
from export.evaluate.inputs import ReadInputs
from export.labels import NORMAL
from export.run import TrainingInput
from export.sequence.presets import PRESETS
from export.sequence.reading import READY, read_ready
from export.sequence.train import SequenceTrainable
from export.trained import load_scorer
from export.training.options import TrainOptions

SCHEMA_VERSION = 1
HDFS_BASE_RATE = 16_838 / 570_204
BGL_WINDOW = 20
FOLDS = 4
ORACLE = "told the labels"
TASKS = ("hdfs", "hadoop", "bgl", "robust")


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One model on one set of test sessions; precision and F1 are those at `base_rate`."""

    task: str
    model: str
    seed: int
    normal: int
    anomalous: int
    false_alarms: int
    found: int
    recall: float
    precision: float
    f1: float
    base_rate: float
    auroc: float
    best_f1: float


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The whole experiment."""

    schema_version: int
    command: str
    environment: dict[str, str]
    seeds: list[int]
    seconds: float
    figures: list[Figure]


Sessions = tuple[list[str], list[str]]
"""Normal and anomalous contents."""

_AS_THEY_ARE = ReadInputs(Preprocessing(format=READY, masks=[], sessions=None, encoder=PRESETS["default"].encoder))


def main(arguments: list[str] | None = None) -> int:
    """Run the experiment; the exit status."""
    asked = parser("Detection of anomalous sessions of events.", seeds="0")
    asked.add_argument("--only", default=",".join(TASKS), metavar="TASK,...", help="some of " + ", ".join(TASKS))
    options = asked.parse_args(arguments)
    return run(lambda: run_all(options.data, options.seeds, options.only, options.json), render)


def run_all(data: Path, seeds: list[int], only: str, output: Path | None) -> Result:
    """All figures of the tasks that `only` lists, which are written to `output`.

    Raises:
        OddlineError: a data set cannot be used, or the output not written.
    """
    started = time.perf_counter()
    asked = [task for task in TASKS if task in only.split(",")]
    figures = [figure for seed in seeds for task in asked for figure in _run(task, data, seed)]
    result = Result(
        schema_version=SCHEMA_VERSION,
        command=command("sequence.py", seeds, f" --only {only}"),
        environment=environment(),
        seeds=seeds,
        seconds=round(time.perf_counter() - started, 1),
        figures=figures,
    )
    write(result, output)
    return result


def _run(task: str, data: Path, seed: int) -> Iterator[Figure]:
    """The figures of one task."""
    tasks: dict[str, Callable[[Path, int], Iterator[Figure]]] = {
        "hdfs": hdfs,
        "hadoop": hadoop,
        "bgl": bgl,
        "robust": robust,
    }
    yield from tasks[task](data, seed)


def hdfs(data: Path, seed: int) -> Iterator[Figure]:
    """HDFS, at its real base rate."""
    folder = data / "hdfs_deeplog"
    test: Sessions = ([], [])
    for name in ("robust_log_train.csv.gz", "robust_log_valid.csv.gz", "hdfs_loghub_normal_part.gz"):
        test[0].extend(read(folder / name)[0])
    test[1].extend(read(folder / "hdfs_test_abnormal.gz")[0])
    yield from unsupervised("HDFS", [folder / "hdfs_train.gz"], test, seed, 0.001, HDFS_BASE_RATE)


def hadoop(data: Path, seed: int) -> Iterator[Figure]:
    """Hadoop, at the base rate of the test data."""
    folder = data / "hadoop_sequences"
    test = (read(folder / "hadoop_test_normal.gz")[0], read(folder / "hadoop_test_abnormal.gz")[0])
    yield from unsupervised("Hadoop", [folder / "hadoop_train"], test, seed, 0.001, None)


def bgl(data: Path, seed: int) -> Iterator[Figure]:
    """BGL windows, random halves; the training part in random order, as the log drifts."""
    lines = [line.decode() for line in raw_lines(data / "bgl_100k_events" / "BGL_100k_structured.csv.gz")][1:]
    rows = [line.split(",") for line in lines]
    windows = [rows[start : start + BGL_WINDOW] for start in range(0, len(rows), BGL_WINDOW)]
    contents = [" ".join(row[2] for row in window) for window in windows]
    anomalous = np.array([any(row[0] != "-" for row in window) for window in windows])
    order = np.random.default_rng(0).permutation(len(windows))
    learnt, tested = order[: len(order) // 2], order[len(order) // 2 :]
    test = (
        [contents[place] for place in tested[~anomalous[tested]]],
        [contents[place] for place in tested[anomalous[tested]]],
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bgl_train"
        path.write_text("".join(f"{contents[place]}\n" for place in learnt[~anomalous[learnt]]))
        yield from unsupervised("BGL, windows of 20", [path], test, seed, 0.01, None)


def robust(data: Path, seed: int) -> Iterator[Figure]:
    """Labelled HDFS sessions; how much of the test part the training part holds is large (see the data set's notes)."""
    path = data / "hdfs_deeplog" / "robust_log_train.csv.gz"
    test = read(data / "hdfs_deeplog" / "robust_log_valid.csv.gz")
    for preset in ("default", "seed"):
        run_scores, threshold, learnt = _train([path], TrainOptions(seed=seed, preset=preset))
        scores = (run_scores(test[0]), run_scores(test[1]))
        yield _figure("HDFS, supervised", f"sequence, {preset}", seed, scores, threshold, None)
        known = {one.key for one in learnt}
        unseen: Sessions = ([one for one in test[0] if one not in known], [one for one in test[1] if one not in known])
        scores = (run_scores(unseen[0]), run_scores(unseen[1]))
        yield _figure("HDFS, supervised, sequences not learnt", f"sequence, {preset}", seed, scores, threshold, None)
    baseline = CountRegression(_AS_THEY_ARE)
    baseline.learn(learnt)
    for title, part in (("HDFS, supervised", test), ("HDFS, supervised, sequences not learnt", unseen)):
        scores = (baseline.score_inputs(part[0]), baseline.score_inputs(part[1]))
        yield _figure(title, baseline.name, seed, scores, 0.5, None)


def unsupervised(
    task: str, paths: Sequence[Path], test: Sessions, seed: int, budget: float, base_rate: float | None
) -> Iterator[Figure]:
    """The figures of the preset default and of all baselines."""
    score, threshold, learnt = _train(paths, TrainOptions(seed=seed, target_fpr=budget))
    yield _figure(task, "sequence, default", seed, (score(test[0]), score(test[1])), threshold, base_rate)
    training = [content for path in paths for content in read(path)[0]]
    for kind in (ExactMatch, EventCounts, EventTrigrams, SessionLength):
        baseline = kind(_AS_THEY_ARE)
        baseline.calibrate(_out_of_fold(baseline, training), budget)
        baseline.learn(learnt)
        scores = (baseline.score_inputs(test[0]), baseline.score_inputs(test[1]))
        yield _figure(task, baseline.name, seed, scores, baseline.threshold, base_rate)
    scores = told(test)
    rate = _rate(scores, base_rate)
    values, found = _all_f1(scores, rate)
    yield _figure(task, ORACLE, seed, scores, float(values[found.argmax()]), base_rate)


def told(test: Sessions) -> tuple[np.ndarray, np.ndarray]:
    """The share of anomalous ones among the sessions that are equal to each, float [n] of either kind."""
    counts = [Counter(part) for part in test]

    def share(content: str) -> float:
        normal, anomalous = (count[content] for count in counts)
        return anomalous / (normal + anomalous)

    normal, anomalous = (np.array([share(content) for content in part], np.float32) for part in test)
    return normal, anomalous


def _train(
    paths: Sequence[Path], options: TrainOptions
) -> tuple[Callable[[Sequence[str]], np.ndarray], float, list[TrainingInput]]:
    """What scores contents, the threshold, and what was learnt from."""
    with trained(SequenceTrainable(), paths, options) as learnt:
        return load_scorer(learnt).score, learnt.spec.threshold.value, learnt.labelled_inputs()


def _out_of_fold(baseline: Baseline, training: Sequence[str]) -> np.ndarray:
    blocks = np.array_split(np.arange(len(training)), min(FOLDS, len(training)))
    scores = np.zeros(len(training), np.float32)
    for held in blocks:
        inside = set(held.tolist())
        counts = Counter(content for place, content in enumerate(training) if place not in inside)
        baseline.learn([TrainingInput(key, records, NORMAL) for key, records in counts.items()])
        scores[held] = baseline.score_inputs([training[place] for place in held.tolist()])
    return scores


def read(path: Path) -> Sessions:
    """The normal and the anomalous sessions of an event-id file; without labels all are normal."""
    data = read_ready([str(path)], TrainOptions(), None, say=silent).data
    pairs = list(zip(data.contents, data.kinds, strict=True))
    return [content for content, kind in pairs if kind == NORMAL], [
        content for content, kind in pairs if kind != NORMAL
    ]


def _figure(
    task: str, model: str, seed: int, scores: tuple[np.ndarray, np.ndarray], threshold: float, base_rate: float | None
) -> Figure:
    from sklearn.metrics import roc_auc_score

    normal, anomalous = scores
    rate = _rate(scores, base_rate)
    alarms = int(is_anomalous(normal, threshold).sum())
    found = int(is_anomalous(anomalous, threshold).sum())
    recall, fpr = found / len(anomalous), alarms / len(normal)
    labels = np.repeat([1, 0], [len(anomalous), len(normal)])
    figure = Figure(
        task=task,
        model=model,
        seed=seed,
        normal=len(normal),
        anomalous=len(anomalous),
        false_alarms=alarms,
        found=found,
        recall=recall,
        precision=float(precision_at(recall, fpr, rate)),
        f1=float(f1_at(recall, fpr, rate)),
        base_rate=rate,
        auroc=float(roc_auc_score(labels, np.concatenate([anomalous, normal]))),
        best_f1=float(_all_f1(scores, rate)[1].max()),
    )
    say(f"seed {seed}: {task}, {model}: F1 {figure.f1:.4f}")
    return figure


def _rate(scores: tuple[np.ndarray, np.ndarray], base_rate: float | None) -> float:
    """The base rate, or the share of anomalous sessions in the test data."""
    return len(scores[1]) / (len(scores[0]) + len(scores[1])) if base_rate is None else base_rate


def _all_f1(scores: tuple[np.ndarray, np.ndarray], rate: float) -> tuple[np.ndarray, np.ndarray]:
    """All thresholds there are, and F1 at each of them."""
    values = np.unique(np.concatenate(scores))
    shares, recalls = (1 - np.searchsorted(np.sort(part), values) / len(part) for part in scores)
    return values, f1_at(recalls, shares, rate)


def render(result: Result) -> Iterator[str]:
    """The table."""
    heads = f"{'seed':>5}{'recall':>8}{'alarms':>14}{'precision':>11}{'F1':>8}{'AUROC':>8}{'best F1':>9}"
    yield f"{'task':<40}{'model':<36}{heads}"
    for one in result.figures:
        alarms = f"{one.false_alarms:,}/{one.normal:,}"
        yield (
            f"{one.task:<40}{one.model:<36}{one.seed:>5}{one.recall:>8.4f}{alarms:>14}{one.precision:>11.4f}"
            f"{one.f1:>8.4f}{one.auroc:>8.4f}{one.best_f1:>9.4f}"
        )


if __name__ == "__main__":
    sys.exit(main())
