"""The steps of the demo, each of them what one command does."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from edge.bench.conditions import here
from edge.bench.report import Report as BenchReport
from edge.bench.report import encode_report, library_versions, machine_facts
from edge.bench.run import BenchOptions, opener, run_bench
from edge.bench.sample import read_sample
from edge.bundle.folder import Bundle, load_bundle
from edge.doctor.machine import read_machine
from edge.files.atomic import AtomicFile
from edge.files.paths import expand_paths
from edge.reading import sessions_of
from edge.recommendation import gpu_names
from edge.runtime.detector import Detector
from edge.runtime.pipeline import FormatChoice, Totals
from edge.runtime.scoring import ScoreRun
from edge.runtime.verifying import self_test
from edge.sinks.output import open_output
from edge.sinks.render import JsonlRenderer
from export.bundling import ExportOptions, export_bundle
from export.commands.simulate import WRITERS
from export.demo.plans import LABEL_COLUMN, Plan
from export.evaluate.output import write_study
from export.evaluate.report import Report as EvaluationReport
from export.evaluate.study import StudyOptions, Wanted, evaluate_paths
from export.labelled import Labelling
from export.labels import LabelMap
from export.run import open_run
from export.training.detectors import load_detector
from export.training.options import TrainOptions
from export.training.train import TrainReport, train
from export.training.trainable import Progress

BENCH_SCENARIOS = ("single-stream", "end-to-end")
BENCH_SECONDS = 1.0
STEPS = 7

Say = Callable[[str], None]


@dataclass(frozen=True)
class DemoFiles:
    """Where the demo of one detector leaves what it makes."""

    root: Path

    @property
    def logs(self) -> Path:
        """The simulated sample."""
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """The trained run."""
        return self.root / "run"

    @property
    def bundle(self) -> Path:
        """The exported bundle."""
        return self.root / "bundle"

    @property
    def alerts(self) -> Path:
        """The anomalous records."""
        return self.root / "alerts.jsonl"

    @property
    def report(self) -> Path:
        """The report of the evaluation."""
        return self.root / "report"

    @property
    def bench(self) -> Path:
        """The report of the benchmark."""
        return self.root / "bench.json"


@dataclass(frozen=True)
class Outcome:
    """What the steps gave for one detector; `seconds` is the time that all of them took."""

    plan: Plan
    files: DemoFiles
    training: TrainReport
    bundle: Bundle
    scored: Totals
    evaluation: EvaluationReport
    bench: BenchReport
    seconds: float


def run_demo(root: Path, plans: Sequence[Plan], *, seed: int, say: Say, progress: Progress) -> list[Outcome]:
    """Simulate, train, export, verify, score, evaluate and bench each detector, in folders below `root`.

    `say` gets one line for each thing worth knowing, the command that does a step alone among them; `progress` is told
    of each epoch.

    Raises:
        OddlineError: as the commands do.
    """
    steps = _Steps(say, STEPS * len(plans))
    return [_one(plan, DemoFiles(root / plan.detector), steps, seed, say, progress) for plan in plans]


def _one(plan: Plan, files: DemoFiles, step: _Steps, seed: int, say: Say, progress: Progress) -> Outcome:
    started = time.perf_counter()
    seeded = ["--seed", seed] if seed else []
    with step("simulate", plan.detector, "--days", plan.days, *seeded, "-o", files.logs):
        import_module(WRITERS[plan.detector]).write(files.logs, seed=seed, days=plan.days, per_day=None)
    shorter = ["--epochs", plan.epochs] if plan.epochs else []
    with step("train", plan.detector, files.logs / plan.train, *shorter, *seeded, "-o", files.run):
        training = _train(plan, files, seed, say, progress)
    with step("export", files.run, "-o", files.bundle, "--name", plan.detector):
        export_bundle(open_run(files.run), files.bundle, ExportOptions(name=plan.detector), say=say)
    with step("verify", files.bundle):
        bundle = load_bundle(files.bundle)
        detector = Detector(bundle, say=say)
        result = self_test(bundle, detector)
        say(f"{result.lines} golden records score as promised")
    with step("score", files.bundle, files.logs / plan.score, "--output", files.alerts):
        scored = _score(bundle, detector, files.logs / plan.score, files.alerts, say)
    with step("evaluate", files.run, *plan.inputs(files.logs), "--output", files.report):
        evaluation = _evaluate(plan, files, say)
    scenarios = [text for name in BENCH_SCENARIOS for text in ("--scenario", name)]
    sample = files.logs / plan.score
    with step("bench", files.bundle, sample, *scenarios, "--seconds", BENCH_SECONDS, "--json", files.bench):
        bench = _bench(bundle, sample, files.bench, say)
    return Outcome(plan, files, training, bundle, scored, evaluation, bench, time.perf_counter() - started)


class _Steps:
    """Counts the steps, and says of each which command does it, and how long it took."""

    def __init__(self, say: Say, steps: int) -> None:
        self._say = say
        self._steps = steps
        self._done = 0

    @contextmanager
    def __call__(self, *command: object) -> Iterator[None]:
        self._done += 1
        self._say(f"[{self._done}/{self._steps}] oddline {shlex.join(map(str, command))}")
        started = time.perf_counter()
        yield
        self._say(f"[{self._done}/{self._steps}] done in {time.perf_counter() - started:.1f} s")


class _NoProgress:
    def update(self, lines: int, done_bytes: int) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Nothing to wipe."""


def _train(plan: Plan, files: DemoFiles, seed: int, say: Say, progress: Progress) -> TrainReport:
    options = TrainOptions(seed=seed, epochs=plan.epochs)
    paths = [str(files.logs / plan.train)]
    return train(load_detector(plan.detector), paths, files.run, options, say=say, progress=progress)


def _score(bundle: Bundle, detector: Detector, log: Path, alerts: Path, say: Say) -> Totals:
    preprocessing = bundle.manifest.preprocessing
    run = ScoreRun(
        detector,
        FormatChoice(preprocessing.format, sessions=sessions_of(preprocessing, bundle.read)),
        JsonlRenderer(),
        everything=False,
        max_line_bytes=1 << 20,
        say=say,
        complain=say,
        progress=_NoProgress(),
    )
    started = time.perf_counter()
    with open_output(alerts, say=say) as out:
        run.all(expand_paths([str(log)], warn=say), out)
    say(run.summary(time.perf_counter() - started))
    return run.totals


def _evaluate(plan: Plan, files: DemoFiles, say: Say) -> EvaluationReport:
    if plan.labelled is not None:
        labelling = Labelling(LABEL_COLUMN, LabelMap(), None, None)
        wanted = Wanted(labelled=[str(files.logs / plan.labelled)], labelling=labelling)
    else:
        names = (str(plan.normal), str(plan.anomalous))
        normal, anomalous = ([str(files.logs / name)] for name in names)
        wanted = Wanted(normal=normal, anomalous=anomalous)
    study = evaluate_paths(files.run, wanted, StudyOptions(), say=say)
    write_study(files.report, study)
    return study.report


def _bench(bundle: Bundle, log: Path, target: Path, say: Say) -> BenchReport:
    report = run_bench(
        bundle,
        read_sample([str(log)], warn=say),
        BenchOptions(BENCH_SCENARIOS, seconds=BENCH_SECONDS),
        opener(bundle, say=say),
        machine=machine_facts(read_machine(), gpu_names(), library_versions()),
        instruments=here(),
        say=say,
    )
    with AtomicFile(target) as file:
        file.write(encode_report(report))
    return report
