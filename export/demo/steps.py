"""The steps of the demo, each of them what one command does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from edge.bench.report import Report as BenchReport
from edge.bench.run import run_bench
from edge.bench.sample import read_sample
from edge.bundle.folder import Bundle, load_bundle
from edge.doctor.machine import read_machine
from edge.files.atomic import AtomicFile
from edge.files.paths import expand_paths
from edge.reading import sessions_of
from edge.runtime.detector import Detector
from edge.runtime.pipeline import FormatChoice, Totals
from edge.runtime.scoring import ScoreRun
from edge.runtime.session import DEFAULT_BATCH_ROWS
from edge.runtime.verifying import self_test
from edge.sinks.output import open_output
from edge.sinks.render import JsonlRenderer
from export.bundling import ExportOptions, export_bundle
from export.evaluate.report import Report as EvaluationReport
from export.evaluate.report import write_report
from export.evaluate.study import StudyOptions, Wanted, evaluate_paths
from export.run import open_run
from export.simulate import simulate_syslog, write_simulation
from export.simulate.model import SimulationPaths
from export.training.detectors import load_detector
from export.training.options import TrainOptions
from export.training.train import TrainReport, train

# Long enough that what is rare and normal has been seen, and that one line in a thousand is more than a few.
DAYS = 21
BENCH_SCENARIOS = ("single-stream", "end-to-end")
BENCH_SECONDS = 3.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class DemoFiles:
    """Where the demo leaves what it makes."""

    root: Path

    @property
    def logs(self) -> Path:
        """The simulated log and its parts."""
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
    def evaluation(self) -> Path:
        """The report of the evaluation."""
        return self.root / "eval.json"

    @property
    def bench(self) -> Path:
        """The report of the benchmark."""
        return self.root / "bench.json"


@dataclass(frozen=True)
class Outcome:
    """What the steps gave; `seconds` is the time that all of them took."""

    files: DemoFiles
    training: TrainReport
    bundle: Bundle
    scored: Totals
    evaluation: EvaluationReport
    bench: BenchReport
    seconds: float


def run_demo(root: Path, *, seed: int, say: Say, progress: Callable[[int, int, float], None]) -> Outcome:
    """Simulate, train, export, verify, score, evaluate and bench in the folder `root`.

    `say` gets one line for each thing worth knowing, the command that does a step alone among them; `progress` is told
    of each epoch.

    Raises:
        OddlineError: as the commands do.
    """
    files = DemoFiles(root)
    started = time.perf_counter()
    step = _Steps(say, 7)
    with step(f"oddline simulate line --days {DAYS} -o {files.logs}"):
        logs = write_simulation(simulate_syslog(seed, DAYS), files.logs)
    with step(f"oddline train line {logs.train} -o {files.run}"):
        options = TrainOptions(seed=seed)
        training = train(load_detector("line"), [str(logs.train)], files.run, options, say=say, progress=progress)
    with step(f"oddline export {files.run} -o {files.bundle}"):
        export_bundle(open_run(files.run), files.bundle, ExportOptions(name="demo"), say=say)
    with step(f"oddline verify {files.bundle}"):
        bundle = load_bundle(files.bundle)
        detector = Detector(bundle, say=say)
        result = self_test(bundle, detector)
        say(f"{result.lines} golden lines score as promised")
    with step(f"oddline score {files.bundle} {logs.log} --output {files.alerts}"):
        scored = _score(bundle, detector, logs.log, files.alerts, say)
    with step(
        f"oddline evaluate {files.run} --normal {logs.normal} --anomalous {logs.anomalous} --json {files.evaluation}"
    ):
        evaluation = _evaluate(files, logs, say)
    with step(f"oddline bench {files.bundle} {logs.normal} --json {files.bench}"):
        bench = _bench(bundle, logs.normal, files.bench, say)
    return Outcome(files, training, bundle, scored, evaluation, bench, time.perf_counter() - started)


class _Steps:
    """Counts the steps, and says of each which command does it, and how long it took."""

    def __init__(self, say: Say, steps: int) -> None:
        self._say = say
        self._steps = steps
        self._done = 0

    @contextmanager
    def __call__(self, command: str) -> Iterator[None]:
        self._done += 1
        self._say(f"[{self._done}/{self._steps}] {command}")
        started = time.perf_counter()
        yield
        self._say(f"[{self._done}/{self._steps}] done in {time.perf_counter() - started:.1f} s")


class _NoProgress:
    def update(self, lines: int, done_bytes: int) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Nothing to wipe."""


def _score(bundle: Bundle, detector: Detector, log: Path, alerts: Path, say: Say) -> Totals:
    run = ScoreRun(
        detector,
        FormatChoice(
            bundle.manifest.preprocessing.format, sessions=sessions_of(bundle.manifest.preprocessing, bundle.read)
        ),
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


def _evaluate(files: DemoFiles, logs: SimulationPaths, say: Say) -> EvaluationReport:
    study = evaluate_paths(files.run, Wanted([str(logs.normal)], [str(logs.anomalous)]), StudyOptions(), say=say)
    write_report(files.evaluation, study.report)
    return study.report


def _bench(bundle: Bundle, log: Path, target: Path, say: Say) -> BenchReport:
    report = run_bench(
        bundle,
        read_sample([str(log)], warn=say),
        BENCH_SCENARIOS,
        provider="auto",
        threads=0,
        batch_size=DEFAULT_BATCH_ROWS,
        seconds=BENCH_SECONDS,
        machine=read_machine(),
        say=say,
    )
    with AtomicFile(target) as file:
        file.write(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    return report
