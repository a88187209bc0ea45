"""What the detector `access` finds of scans and attacks, beside trivial baselines.

    python benchmarks/quality/access.py --data DATA [--seeds 0,1,2] [--json OUT]

DATA is a folder of real logs, which the project does not carry: ``access_elastic`` (ordinary traffic of one site; its
first half is learnt, the next tenth sets thresholds, the rest is the normal test part), ``access_attack_scans`` (two
vulnerability scanners on another site: Seyyar, Catak and Gül, Applied Computing and Informatics 14(1), 2018),
``access_spam_bots`` (bots that abuse a form), and ``csic2010_http`` (raw requests to a shop, split in the same shares).
Models are trained by the code of ``oddline train``, baselines learn from the same requests, and every threshold comes
from the same tenth. The normal test part of ``access_elastic`` is a real log with real probes in it (`PROBES`); the
figures count them as false alarms, and the area under the curve is given without them, too.

The first seed is the figure to quote; the others say how much of it is chance. Both presets are trained, the preset
seed with the first seed only, as is the detector on ``csic2010_http``.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
from common import command, contents_of, environment, parser, run, say, spread, trained, write

from edge.bundle.preprocessing import Preprocessing
from edge.runtime.verdicts import is_anomalous
from export.access.train import AccessTrainable
from export.calibrate import choose_threshold
from export.evaluate.baselines.base import Baseline, ExactMatch
from export.evaluate.baselines.text import TokenTrigrams
from export.evaluate.inputs import ReadInputs
from export.evaluate.metrics import auroc, tpr_at
from export.evaluate.terminal import table
from export.run import CALIBRATION_NAME, TEST_NAME, Run, TrainingInput
from export.trained import load_scorer
from export.training.options import TrainOptions

SCHEMA_VERSION = 1
SHARES = (0.5, 0.1, 0.4)
BUDGETS = (0.001, 0.005, 0.01)
NORMAL_LOG = "access_elastic/apache_logs.gz"
ATTACKS = {
    "acunetix": "access_attack_scans/acunetix.txt.gz",
    "netsparker": "access_attack_scans/netsparker.txt.gz",
    "spam bots": "access_spam_bots/hackers-access.log.gz",
}
CSIC = {"csic2010": "csic2010_http/anomal.txt.gz"}
CSIC_NORMAL = "csic2010_http/norm.txt.gz"
# What nobody asks an ordinary site for; these stand in the log that counts as normal.
PROBES = re.compile(r"wp-(?:login|admin)|fckeditor|phpmyadmin|\$\{|svnweb|^OPTIONS|/setup\.php|/\.\. |cgi-bin", re.I)
# Kinds of attacks of csic2010, by what stands in the content; the first that fits counts.
KINDS = {
    "script or markup": r"<script|%3cscript|alert|javascript|onmouse|%3c|\+onload|bgcolor",
    "SQL": r"select|union|%27|or\+1|drop\+|delay|'--|insert\+|delete\+|%22\+and",
    "line feed, header": r"%0d|%0a|set-cookie",
    "server-side include, command": r"<!--|%23|exec|ssi",
    "renamed parameter": r"[?& ]\w*(?-i:[a-z0-9]A)=",
    "other or hidden file": (
        r"\.(?:bak|old|inc|tmp|zip|tar|copia|backup|orig|cfg|log|save|swp|nsf|dll|exe|cgi|pl|asp|php)\b"
    ),
    "other": "",
}


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One model on one set of attacks.

    `auroc_without_probes` leaves the `PROBES` out of the normal lines, and is None where there are none.
    `recall_at_one_percent` is at the threshold that one in a hundred of the normal *test* lines exceeds. `budgets` has,
    for each share of false alarms that a threshold was set for, the measured share of them and the recall.
    """

    model: str
    attack: str
    seed: int
    normal: int
    attacks: int
    auroc: float
    auroc_without_probes: float | None
    recall_at_one_percent: float
    budgets: dict[str, tuple[float, float]]
    recall_of_kinds: dict[str, tuple[int, float]]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The whole experiment."""

    schema_version: int
    command: str
    environment: dict[str, str]
    seeds: list[int]
    probes_in_normal: int
    figures: list[Figure]


class AsRead(ReadInputs):
    """Baselines read what the detector reads, without masks: status codes and sizes are words to them too."""

    def of_keys(self, keys: Sequence[str]) -> list[str]:
        """The keys themselves."""
        return list(keys)


class UnseenPath(Baseline):
    """1 for a path that no training request had, else 0."""

    name = "unseen path"
    graded = False

    def learn(self, training: Sequence[TrainingInput]) -> None:
        """Remember every path."""
        self._known = frozenset(path_of(one.key) for one in training)

    def rate(self, inputs: Sequence[str], /) -> np.ndarray:
        """Float [n]."""
        return np.array([path_of(text) not in self._known for text in inputs], np.float64)


def path_of(content: str) -> str:
    """The path of a content: all between the method and the query, the protocol, or a body."""
    words = content.split(" ")[1:]
    ends = (place for place, word in enumerate(words) if not word.startswith("/") and place)
    return " ".join(words[: next(ends, len(words))])


Scoring = Callable[[list[str]], np.ndarray]


def main(arguments: list[str] | None = None) -> int:
    """Run the experiment; the exit status."""
    options = parser("Detection of scans and attacks in web access logs.", seeds="0,1,2").parse_args(arguments)
    return run(lambda: run_all(options.data, options.seeds, options.json), render)


def run_all(data: Path, seeds: Sequence[int], output: Path | None) -> Result:
    """All trainings; what there is so far is written to `output` after each of them.

    Raises:
        OddlineError: a log cannot be used, or the output not written.
    """

    def asked(seed: int, preset: str, line_format: str | None = None) -> TrainOptions:
        return TrainOptions(seed=seed, shares=SHARES, preset=preset, format=line_format)

    trainings = [
        (NORMAL_LOG, ATTACKS, asked(seeds[0], "default")),
        (NORMAL_LOG, ATTACKS, asked(seeds[0], "seed")),
        (CSIC_NORMAL, CSIC, asked(seeds[0], "default", "http")),
        (CSIC_NORMAL, CSIC, asked(seeds[0], "seed", "http")),
        *((NORMAL_LOG, ATTACKS, asked(seed, "default")) for seed in seeds[1:]),
    ]
    figures: list[Figure] = []
    probes = 0
    for normal_log, attacks, options in trainings:
        found, among_normal = experiment(data, normal_log, attacks, options)
        figures += found
        probes = max(probes, among_normal)
        result = Result(
            schema_version=SCHEMA_VERSION,
            command=command("access.py", seeds),
            environment=environment(),
            seeds=sorted({figure.seed for figure in figures}),
            probes_in_normal=probes,
            figures=figures,
        )
        write(result, output)
    return result


def experiment(data: Path, normal_log: str, attacks: dict[str, str], options: TrainOptions) -> tuple[list[Figure], int]:
    """The figures of one training, and of the baselines beside the preset default; and the probes among normal lines.

    Raises:
        OddlineError: a log cannot be used.
    """
    say(f"{normal_log}: preset {options.preset}, seed {options.seed}")
    with trained(AccessTrainable(), [data / normal_log], options) as learnt:
        return figures_of(learnt, data, attacks, options)


def figures_of(run: Run, data: Path, attacks: dict[str, str], options: TrainOptions) -> tuple[list[Figure], int]:
    """The same of a run that is there."""
    scorer = load_scorer(run)
    preprocessing = run.spec.preprocessing
    calibration = [example.content for example in run.heldout(CALIBRATION_NAME)]
    test = [example.content for example in run.heldout(TEST_NAME)]
    learnt = run.labelled_inputs()
    models: list[tuple[str, Scoring]] = [(options.preset, scorer.score)]
    if options.preset == "default":
        models += _baselines(preprocessing, learnt)
    contents = {name: contents_of(data / path, preprocessing.format) for name, path in attacks.items()}
    probes = np.array([bool(PROBES.search(content)) for content in test])
    figures = []
    for model, score in models:
        held_out, normal = score(calibration), score(test)
        thresholds = {budget: _threshold(held_out, budget) for budget in BUDGETS}
        for name, lines in contents.items():
            scores = score(lines)
            at = thresholds[BUDGETS[-1]]
            figures.append(
                Figure(
                    model=model,
                    attack=name,
                    seed=options.seed,
                    normal=len(normal),
                    attacks=len(scores),
                    auroc=auroc(normal, scores),
                    auroc_without_probes=auroc(normal[~probes], scores) if probes.any() else None,
                    recall_at_one_percent=tpr_at(normal, scores, 0.01),
                    budgets={
                        str(budget): (_share(normal, threshold), _share(scores, threshold))
                        for budget, threshold in thresholds.items()
                    },
                    recall_of_kinds=dict(_recall_of_kinds(lines, scores, at)) if name in CSIC else {},
                )
            )
    return figures, int(probes.sum())


def _baselines(preprocessing: Preprocessing, learnt: Sequence[TrainingInput]) -> Iterator[tuple[str, Scoring]]:
    inputs = AsRead(preprocessing)
    for kind in (TokenTrigrams, ExactMatch, UnseenPath):
        baseline = kind(inputs)
        baseline.learn(learnt)
        yield kind.name, baseline.score


def _threshold(scores: np.ndarray, budget: float) -> float:
    return choose_threshold(scores, target_fpr=budget, alerts_per_day=None, days=None).value


def _share(scores: np.ndarray, threshold: float) -> float:
    return float(np.mean(is_anomalous(scores, threshold)))


def _recall_of_kinds(
    lines: Sequence[str], scores: np.ndarray, threshold: float
) -> Iterator[tuple[str, tuple[int, float]]]:
    kinds = [next(kind for kind, pattern in KINDS.items() if re.search(pattern, line, re.I)) for line in lines]
    for kind in Counter(kinds):
        yield kind, (kinds.count(kind), _share(scores[np.array([one == kind for one in kinds])], threshold))


def render(result: Result) -> list[str]:
    """A table for each set of attacks: the first seed's figure, and in brackets the lowest and highest of all seeds."""
    lines = []
    for attack in dict.fromkeys(figure.attack for figure in result.figures):
        of_attack = [figure for figure in result.figures if figure.attack == attack]
        one = of_attack[0]
        rows = []
        for model in dict.fromkeys(figure.model for figure in of_attack):
            seeds = [figure for figure in of_attack if figure.model == model]
            cells = [spread([figure.auroc for figure in seeds])]
            without = [figure.auroc_without_probes for figure in seeds]
            cells.append(spread([share for share in without if share is not None]))
            cells.append(spread([figure.recall_at_one_percent for figure in seeds]))
            for budget in map(str, BUDGETS):
                cells.append(" at ".join(spread([figure.budgets[budget][i] for figure in seeds]) for i in (1, 0)))
            rows.append([model, *cells])
        heads = ["", "AUROC", "without probes", "recall at 1 % of test"]
        heads += [f"budget {budget:.1%}: recall at false positives" for budget in BUDGETS]
        lines += [f"{attack}: {one.attacks:,} requests against {one.normal:,} normal ones", *table(heads, rows), ""]
        if one.recall_of_kinds:
            kinds = [[kind, f"{count:,}", f"{recall:.3f}"] for kind, (count, recall) in one.recall_of_kinds.items()]
            lines += [f"{attack}, {one.model}, recall at the budget {BUDGETS[-1]:.0%}"]
            lines += [*table(["kind", "requests", "recall"], kinds), ""]
    return [*lines, f"{result.probes_in_normal} of the normal test lines of {NORMAL_LOG} are probes"]


if __name__ == "__main__":
    sys.exit(main())
