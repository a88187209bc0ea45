"""What the detector `line` finds in real logs, how many alerts it gives, and whether it says so when a log drifts.

    python benchmarks/quality/line.py --data DATA [--seeds 0] [--runs RUNS] [--published] [--json OUT]

DATA is a folder of real logs, which the project does not carry. Models are trained by the code of ``oddline train``: on
the first 60 % of a log by time, with the threshold from the next 20 %. With ``--runs`` the runs are kept in a folder,
and those that are there already are taken: equal seeds give equal runs.

- Foreign and odd lines in ``linux_messages_full``, see `foreign`; with ``--published`` the preset seed, too.
- ``loghub_2k/BGL_2k.log`` as it is, with its alert column: what is found of the alerts, beside the trivial baselines.
- Of all logs, how many of the last 20 % of the normal lines are flagged, for each budget that the held-out lines allow,
  and what ``oddline train`` says of it (`export.training.drift`). Baselines have a threshold from the same lines.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
from common import command, environment, no_progress, parser, run, say, silent, write
from foreign import LINUX_NAME, Foreign, find_foreign, render_foreign

from edge.runtime.verdicts import is_anomalous
from export.calibrate import choose_threshold
from export.evaluate.heldout import HeldOut
from export.evaluate.inputs import keys_of
from export.evaluate.reading import Reading
from export.evaluate.report import Row
from export.evaluate.scorers import DetectorScorer, Scorer, Subject, open_subject, score_all
from export.evaluate.study import StudyOptions, evaluate
from export.evaluate.terminal import table
from export.labels import NORMAL
from export.line.train import LineTrainable
from export.run import CALIBRATION_NAME, TEST_NAME, Run, is_run
from export.training.drift import CHANCE, Drift, Part, compare, describe
from export.training.options import TrainOptions
from export.training.train import train

SCHEMA_VERSION = 1
BUDGETS = (0.001, 0.005, 0.01, 0.02)
BGL_NAME = "loghub_2k/BGL_2k.log"
BGL_BUDGET = 0.01
BGL_LAYOUT = "<Label> <Timestamp> <Date> <Node> <Time> <NodeRepeat> <Type> <Component> <Level> <Content>"
LOGS = {
    "linux": LINUX_NAME,
    "bgl": BGL_NAME,
    "auth": "auth_elastic/auth.log.gz",
    "journal": "journald_json/journal.log.gz",
    "proxifier_full": "proxifier_full/Proxifier.log.gz",
    "linux_2k": "loghub_2k/Linux_2k.log",
    **{name.lower(): f"loghub_2k/{name}_2k.log" for name in ("Apache", "Mac", "Zookeeper", "HDFS", "Spark", "HPC")},
}


class Alerts(msgspec.Struct, frozen=True, kw_only=True):
    """One scorer at one budget; `chance` is that of as many alerts or more in a log that does not drift.

    `flagged` of the later normal lines, `per_10000` of them, `times` the budget; `within` says whether that is within
    twice the budget, and `drifts` whether ``oddline train`` says that the end of the log is unlike what came before.
    `recall` is the share of the labelled anomalies that is flagged, None without labels.
    """

    model: str
    budget: float
    flagged: int
    per_10000: float
    times: float
    chance: float
    within: bool
    drifts: bool
    recall: float | None


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """One log. `new` are the shares of lines whose masked text was never learnt, and `new_inputs` the distinct texts.

    Both are of the lines that set the threshold and of the later ones; `news_chance` is that of so many later ones in a
    log that does not drift, which does not look at any score. `rows` are figures of labelled lines.
    """

    log: str
    seed: int
    learnt: int
    held_out: int
    later: int
    anomalous: int
    new: tuple[float, float]
    new_inputs: tuple[int, int]
    news_chance: float
    alerts: list[Alerts]
    rows: list[Row]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The whole experiment."""

    schema_version: int
    command: str
    environment: dict[str, str]
    seeds: list[int]
    foreign: list[Foreign]
    logs: list[Log]


def main(arguments: list[str] | None = None) -> int:
    """Run the experiment; the exit status."""
    asked = parser("Detection and alerts of the detector line on real logs.", seeds="0")
    asked.add_argument("--runs", type=Path, metavar="DIR", help="keep runs here, and take those that are there")
    asked.add_argument("--logs", default=",".join(LOGS), metavar="NAME,...", help="some of " + ", ".join(LOGS))
    asked.add_argument("--published", action="store_true", help="train the preset seed on the Linux log, too: hours")
    options = asked.parse_args(arguments)
    names = [name for name in LOGS if name in options.logs.split(",")]
    if not names:
        asked.error("--logs names none of them")
    with tempfile.TemporaryDirectory() as folder:
        runs = options.runs or Path(folder)
        return run(lambda: run_all(options.data, options.seeds, names, runs, options.published, options.json), render)


def run_all(
    data: Path, seeds: Sequence[int], names: Sequence[str], runs: Path, published: bool, output: Path | None
) -> Result:
    """All trainings; what there is so far is written to `output` after each log.

    Raises:
        OddlineError: a log cannot be used, or the output not written.
    """
    more = "" if list(names) == list(LOGS) else f" --logs {','.join(names)}"
    foreign: list[Foreign] = []
    logs: list[Log] = []
    result: Result | None = None
    for seed in seeds:
        for name in names:
            subject = learn(data, name, runs, TrainOptions(seed=seed))
            if name == "linux":
                subjects = [subject]
                if published and seed == seeds[0]:
                    subjects.append(learn(data, name, runs, TrainOptions(seed=seed, preset="seed")))
                foreign.append(find_foreign(data, subjects, seed))
            logs.append(measure_log(name, subject, seed))
            result = Result(
                schema_version=SCHEMA_VERSION,
                command=command("line.py", seeds, more + (" --published" if published else "")),
                environment=environment(),
                seeds=list(seeds),
                foreign=foreign,
                logs=logs,
            )
            write(result, output)
    assert result is not None
    return result


def learn(data: Path, name: str, runs: Path, options: TrainOptions) -> Subject:
    """A run on a log, trained unless it is there.

    Raises:
        OddlineError: the log cannot be learnt from.
    """
    folder = runs / f"{name}-{options.preset}-{options.seed}"
    if not is_run(folder):
        say(f"{LOGS[name]}: preset {options.preset}, seed {options.seed}")
        if LOGS[name] == BGL_NAME:
            options = replace(options, format="layout", layout=BGL_LAYOUT, label_column="Label", target_fpr=BGL_BUDGET)
        train(LineTrainable(), [str(data / LOGS[name])], folder, options, say=silent, progress=no_progress)
    subject = open_subject(folder, say=silent)
    assert isinstance(subject.scorer, DetectorScorer)
    return replace(subject, scorer=replace(subject.scorer, name=f"line, {options.preset}"))


def measure_log(name: str, subject: Subject, seed: int) -> Log:
    """The figures of one run on its own log; of the baselines too, where lines are labelled."""
    trained = subject.run
    assert trained is not None
    test = trained.heldout(TEST_NAME)
    scorers, rows = [subject.scorer], []
    if any(example.kind != NORMAL for example in test):
        reading = Reading(subject.scorer.preprocessing)
        study = evaluate([subject], HeldOut.of(trained, reading), StudyOptions(seed=seed), say=silent)
        scorers, rows = [scored.scorer for scored in study.scored], study.report.rows
    measured = [(one.name, *found) for one in scorers for found in drifts_of(one, trained)]
    first = measured[0][2]
    assert first.news is not None
    for model, budget, drift, _ in measured:
        if model == subject.scorer.name:
            say(f"{LOGS[name]}, budget {budget:.1%}: " + "; ".join(describe(drift)))
    return Log(
        log=LOGS[name],
        seed=seed,
        learnt=trained.spec.training.records,
        held_out=trained.spec.threshold.records,
        later=first.records,
        anomalous=len(test) - first.records,
        new=first.news.records,
        new_inputs=first.news.inputs,
        news_chance=first.news.chance,
        alerts=[_alerts(*one) for one in measured],
        rows=rows,
    )


def drifts_of(scorer: Scorer, trained: Run) -> Iterator[tuple[float, Drift, float | None]]:
    """For each budget that the held-out lines suffice for: it, the later normal lines, and the recall if there is one.

    Raises:
        OddlineError: the run is damaged.
    """
    before = [example.content for example in trained.heldout(CALIBRATION_NAME)]
    test = trained.heldout(TEST_NAME)
    last = [example.content for example in test if example.kind == NORMAL]
    odd = score_all(scorer, [example.content for example in test if example.kind != NORMAL])
    held_out, later = score_all(scorer, before), score_all(scorer, last)
    keys, new_keys = (keys_of(trained.spec.preprocessing, contents) for contents in (before, last))
    for budget in BUDGETS:
        if budget * (len(before) + 1) >= 1:
            threshold = choose_threshold(held_out, target_fpr=budget, alerts_per_day=None, days=None)
            drift = compare(keys, Part(new_keys, later), trained.training_inputs(), threshold)
            yield budget, drift, float(np.mean(is_anomalous(odd, threshold.value))) if len(odd) else None


def _alerts(model: str, budget: float, drift: Drift, recall: float | None) -> Alerts:
    return Alerts(
        model=model,
        budget=budget,
        flagged=drift.flagged,
        per_10000=10_000 * drift.share,
        times=drift.times,
        chance=drift.chance,
        within=not drift.exceeds,
        drifts=drift.drifts,
        recall=recall,
    )


def render(result: Result) -> Iterator[str]:
    """The tables."""
    for foreign in result.foreign:
        yield from render_foreign(foreign)
        yield ""
    heads = ["", "seed", "held out", "later", "new before", "new later", "chance", "drifts"]
    rows = [
        [
            one.log,
            str(one.seed),
            f"{one.held_out:,}",
            f"{one.later:,}",
            *(f"{share:.1%} ({count:,})" for share, count in zip(one.new, one.new_inputs, strict=True)),
            f"{one.news_chance:.3g}",
            "yes" if one.news_chance < CHANCE else "no",
        ]
        for one in result.logs
    ]
    yield "Normal lines (and distinct texts) that were never learnt: those that set the threshold, and later ones"
    yield from table(heads, rows)
    yield ""
    yield "Alerts in 10,000 later normal lines at each budget, and how many times the budget that is"
    yield from table(["", "seed", *(f"{budget:.1%}" for budget in BUDGETS)], list(map(_alert_row, result.logs)))
    for one in result.logs:
        if one.rows:
            yield ""
            yield from _render_labelled(one)


def _alert_row(log: Log) -> list[str]:
    own = {one.budget: one for one in log.alerts if one.model == log.alerts[0].model}
    cells = []
    for budget in BUDGETS:
        one = own.get(budget)
        verdict = "" if one is None or one.within else ", drift" if one.drifts else ", chance"
        cells.append("-" if one is None else f"{one.per_10000:.0f} ({one.times:.1f}{verdict})")
    return [log.log, str(log.seed), *cells]


def _render_labelled(log: Log) -> Iterator[str]:
    yield f"{log.log}: {log.anomalous:,} labelled lines against {log.later:,} later normal ones, seed {log.seed}"
    budgets = list(dict.fromkeys(one.budget for one in log.alerts))
    heads = ["", "AUROC", "95 % interval", "AUROC distinct", "recall at 1 %"]
    heads += [f"budget {budget:.1%}: recall at false alarms" for budget in budgets]
    rows = []
    for row in log.rows:
        at = [one for one in log.alerts if one.model == row.name]
        figures = row.records
        cells = [f"{one.recall or 0:.4f} at {one.per_10000 / 10_000:.4f}" for one in at]
        interval = f"{figures.auroc_low:.4f}-{figures.auroc_high:.4f}"
        shares = [f"{share:.4f}" for share in (row.distinct.auroc, figures.tpr_at_max_fpr)]
        rows.append([row.name, f"{figures.auroc:.4f}", interval, *shares, *cells])
    yield from table(heads, rows)
    yield ""
    kinds = [
        [kind.name, f"{kind.records:,}", *(f"{row.kinds[place].auroc:.4f}" for row in log.rows)]
        for place, kind in enumerate(log.rows[0].kinds)
    ]
    yield from table(["AUROC of a kind", "lines", *(row.name for row in log.rows)], kinds)


if __name__ == "__main__":
    sys.exit(main())
